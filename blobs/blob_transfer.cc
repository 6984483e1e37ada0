// Go-back-n over a connection that may lose what is under way.
#include "blobs/blob_transfer.h"

#include "base/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sweepd::blobs {

namespace {

// Another sender of the same blob may have spoiled it; a source that changed spoils it every time.
constexpr int kSpoiledMax = 3;

Error strange_reply() {
  return {Errc::kCorrupt, "the daemon answered something that was not asked"};
}

}  // namespace

Result<void> check_reply(const pb::BulkReply& reply) {
  if (reply.code() == 0) {
    return {};
  }
  switch (const auto code = static_cast<Errc>(reply.code())) {
    case Errc::kUnexpected:
    case Errc::kInvalidArgument:
    case Errc::kUnavailable:
    case Errc::kPermissionDenied:
    case Errc::kNotFound:
    case Errc::kWrongState:
    case Errc::kTimeout:
    case Errc::kImpossible:
    case Errc::kCorrupt:
    case Errc::kInterrupted:
      return Error{code, reply.message()};
  }
  return Error{Errc::kUnexpected, reply.message()};  // of a newer daemon
}

Result<std::string> BlobSender::read(std::size_t length) {
  if (const auto* bytes = std::get_if<std::string_view>(&blob_.content)) {
    return std::string(bytes->substr(next_, length));
  }
  const std::string& path = std::get<std::string>(blob_.content);
  if (!file_) {
    SWEEPD_TRY(file_, File::open_to_read(path));
  }
  SWEEPD_TRY(std::string bytes, file_.read_at(next_, length));
  if (bytes.size() < length) {
    return Error{Errc::kWrongState, fmt::format("'{}' became shorter while it was sent", path)};
  }
  return bytes;
}

Result<bool> BlobSender::next(pb::BulkRequest& request) {
  // With everything sent and nothing under way, an empty piece at the end makes the daemon look
  // again; for an empty blob it is the only one.
  const bool waiting = next_ == blob_.size && !ends_.empty();
  if (complete_ || waiting) {
    return false;
  }
  const std::uint64_t length = std::min<std::uint64_t>(limits::kChunkBytes, blob_.size - next_);
  SWEEPD_TRY(std::string bytes, read(length));
  pb::PutChunk& put = *request.mutable_put();
  put.set_digest(blob_.digest);
  put.set_size(blob_.size);
  put.set_offset(next_);
  put.set_data(std::move(bytes));
  next_ += length;
  ends_[request.tag()] = next_;
  return true;
}

Result<void> BlobSender::answer(const pb::BulkReply& reply) {
  const auto under_way = ends_.extract(reply.tag());
  if (under_way.empty()) {
    return {};
  }
  if (reply.code() == static_cast<int>(Errc::kCorrupt)) {
    return start_again();
  }
  SWEEPD_TRY_VOID(check_reply(reply));
  if (!reply.has_progress()) {
    return strange_reply();
  }
  const std::uint64_t offset = std::min<std::uint64_t>(reply.progress().offset(), blob_.size);
  if (reply.progress().complete()) {
    complete_ = true;
    ends_.clear();
    file_ = File();
  } else if (offset < under_way.mapped()) {
    go_back(offset);
  } else {
    stored_ = std::max(stored_, offset);
    next_ = std::max(next_, offset);  // it had some of it already
  }
  return {};
}

void BlobSender::lost(std::uint64_t tag) {
  if (ends_.contains(tag)) {
    go_back(stored_);
  }
}

void BlobSender::go_back(std::uint64_t offset) {
  stored_ = offset;
  next_ = offset;
  ends_.clear();  // the pieces behind the gap are refused, too; their answers say nothing new
}

Result<void> BlobSender::start_again() {
  if (++spoiled_ > kSpoiledMax) {
    const std::string* path = std::get_if<std::string>(&blob_.content);
    return Error{
        Errc::kWrongState,
        fmt::format("'{}' changed while it was sent", path != nullptr ? *path : blob_.digest)};
  }
  go_back(0);
  return {};
}

bool BlobReceiver::next(pb::BulkRequest& request) {
  const bool all_asked = blob_.size && next_ >= *blob_.size && next_ > 0;
  const bool waits_for_first = next_ == 0 || !blob_.size;
  if (complete_ || all_asked || (waits_for_first && !offsets_.empty())) {
    return false;
  }
  pb::GetChunk& get = *request.mutable_get();
  get.set_digest(blob_.digest);
  get.set_offset(next_);
  get.set_length(limits::kChunkBytes);
  offsets_[request.tag()] = next_;
  next_ += limits::kChunkBytes;
  return true;
}

Result<void> BlobReceiver::answer(const pb::BulkReply& reply) {
  const auto under_way = offsets_.extract(reply.tag());
  if (under_way.empty()) {
    return {};
  }
  SWEEPD_TRY_VOID(check_reply(reply));
  if (!reply.has_chunk()) {
    return strange_reply();
  }
  if (under_way.mapped() != received_) {
    go_back();  // the one before it got lost
    return {};
  }
  return take(reply.chunk());
}

Result<void> BlobReceiver::take(const pb::Chunk& chunk) {
  if (blob_.size.value_or(chunk.size()) != chunk.size()) {
    return Error{
        Errc::kCorrupt,
        fmt::format("blob {} has {} bytes, not {}", blob_.digest, chunk.size(), *blob_.size)};
  }
  if (chunk.size() > blob_.bytes_max) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("blob {} has {} bytes where {} are allowed",
                             blob_.digest,
                             chunk.size(),
                             blob_.bytes_max)};
  }
  blob_.size = chunk.size();
  const std::uint64_t left = chunk.size() - received_;
  const std::uint64_t expected = std::min<std::uint64_t>(left, limits::kChunkBytes);
  if (chunk.data().size() > expected || (chunk.data().empty() && left > 0)) {
    return strange_reply();
  }
  digester_.add(chunk.data());
  SWEEPD_TRY_VOID(sink_(chunk.data()));
  received_ += chunk.data().size();
  if (received_ == chunk.size()) {
    return finish();
  }
  if (chunk.data().size() < expected) {
    go_back();
  }
  return {};
}

Result<void> BlobReceiver::finish() {
  const std::string digest = digester_.finish();
  if (digest != blob_.digest) {
    return Error{Errc::kCorrupt,
                 fmt::format("what arrived as blob {} has the digest {}", blob_.digest, digest)};
  }
  complete_ = true;
  offsets_.clear();
  return {};
}

void BlobReceiver::lost(std::uint64_t tag) {
  if (offsets_.contains(tag)) {
    go_back();
  }
}

void BlobReceiver::go_back() {
  next_ = received_;
  offsets_.clear();
}

}  // namespace sweepd::blobs
