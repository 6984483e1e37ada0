// The order of an upload: questions, files, manifest.
#include "blobs/put_tree_job.h"

#include "blobs/digest.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sweepd::blobs {

namespace {

constexpr std::size_t kDigestsPerQuestion = 1000;  // 66 kB
constexpr std::size_t kSendersMax = 32;            // each may hold a file open

}  // namespace

Result<std::unique_ptr<PutTreeJob>> PutTreeJob::make(LocalTree local, NoRoom no_room) {
  SWEEPD_CHECK(local.sources.size() == local.tree.files.size());
  SWEEPD_TRY(std::string manifest, encode_tree(local.tree));
  return std::unique_ptr<PutTreeJob>(
      new PutTreeJob(std::move(local), std::move(manifest), no_room));
}

PutTreeJob::PutTreeJob(LocalTree local, std::string manifest, NoRoom no_room)
    : local_(std::move(local)),
      no_room_(no_room),
      manifest_(std::move(manifest)),
      digest_(digest_of(manifest_)) {
  for (std::size_t i = 0; i < local_.tree.files.size(); ++i) {
    file_of_.emplace(local_.tree.files[i].digest, i);
  }
  wanted_.reserve(file_of_.size() + 1);
  for (const auto& [digest, file] : file_of_) {
    wanted_.push_back(digest);
  }
  wanted_.push_back(digest_);
  for (std::size_t first = 0; first < wanted_.size(); first += kDigestsPerQuestion) {
    questions_.push_back({first, std::min(kDigestsPerQuestion, wanted_.size() - first)});
  }
}

Result<bool> PutTreeJob::next(pb::BulkRequest& request) {
  if (next_question(request)) {
    return true;
  }
  return next_piece(request);
}

bool PutTreeJob::next_question(pb::BulkRequest& request) {
  if (questions_.empty()) {
    return false;
  }
  const Question question = questions_.back();
  questions_.pop_back();
  pb::HasBlobs& has = *request.mutable_has();
  for (std::size_t i = 0; i < question.count; ++i) {
    has.add_digests(wanted_[question.first + i]);
  }
  asking_[request.tag()] = question;
  return true;
}

Result<bool> PutTreeJob::next_piece(pb::BulkRequest& request) {
  for (BlobSender& sender : senders_) {
    SWEEPD_TRY(const bool sent, sender.next(request));
    if (sent) {
      return true;
    }
  }
  if (senders_.size() >= kSendersMax) {
    return false;
  }
  const std::size_t before = senders_.size();
  open_sender();
  return senders_.size() > before ? senders_.back().next(request) : Result<bool>(false);
}

void PutTreeJob::open_sender() {
  if (!missing_.empty()) {
    const auto taken = missing_.extract(missing_.begin());
    const std::size_t file = file_of_.at(taken.value());
    senders_.emplace_back(
        BlobSender::Blob{taken.value(), local_.tree.files[file].size, local_.sources[file]});
  } else if (manifest_missing_ && senders_.empty() && all_asked()) {
    // Last, so that whoever finds it finds the files.
    manifest_missing_ = false;
    senders_.emplace_back(BlobSender::Blob{digest_, manifest_.size(), std::string_view(manifest_)});
  }
}

Result<void> PutTreeJob::answer(const pb::BulkReply& reply) {
  if (const auto asked = asking_.extract(reply.tag()); !asked.empty()) {
    return take_missing(asked.mapped(), reply);
  }
  for (BlobSender& sender : senders_) {
    SWEEPD_TRY_VOID(sender.answer(reply));
  }
  close_complete_senders();
  return {};
}

Result<void> PutTreeJob::take_missing(const Question& question, const pb::BulkReply& reply) {
  SWEEPD_TRY_VOID(check_reply(reply));
  if (!reply.has_missing()) {
    return Error{Errc::kCorrupt, "the daemon did not answer which blobs are missing"};
  }
  const auto begin = wanted_.begin() + static_cast<std::ptrdiff_t>(question.first);
  const std::set<std::string_view> asked(begin,
                                         begin + static_cast<std::ptrdiff_t>(question.count));
  for (const std::string& digest : reply.missing().digests()) {
    if (!asked.contains(digest)) {
      return Error{Errc::kCorrupt, "the daemon misses a blob that it was not asked about"};
    }
    const bool is_manifest = digest == digest_;
    manifest_missing_ = manifest_missing_ || is_manifest;
    const auto file = file_of_.find(digest);
    const bool is_new = file != file_of_.end() && missing_.insert(digest).second;
    if (is_manifest || is_new) {
      progress_.bytes_total +=
          is_manifest ? manifest_.size() : local_.tree.files[file->second].size;
      ++progress_.files_total;
    }
  }
  return {};
}

void PutTreeJob::close_complete_senders() {
  for (auto at = senders_.begin(); at != senders_.end();) {
    const auto next = std::next(at);
    if (at->complete()) {
      progress_.bytes += at->stored();
      ++progress_.files;
      senders_.erase(at);
    }
    at = next;
  }
}

void PutTreeJob::lost(std::uint64_t tag) {
  if (const auto asked = asking_.extract(tag); !asked.empty()) {
    questions_.push_back(asked.mapped());
    return;
  }
  for (BlobSender& sender : senders_) {
    sender.lost(tag);
  }
}

std::optional<Outcome> PutTreeJob::outcome() {
  if (!all_asked() || !missing_.empty() || manifest_missing_ || !senders_.empty()) {
    return std::nullopt;
  }
  return TreeSent{digest_, progress_.files, progress_.bytes};
}

Progress PutTreeJob::progress() const {
  Progress now = progress_;
  for (const BlobSender& sender : senders_) {
    now.bytes += sender.stored();
  }
  return now;
}

}  // namespace sweepd::blobs
