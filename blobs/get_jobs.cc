// The order of a download: manifest, files.
#include "blobs/get_jobs.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace sweepd::blobs {

namespace {

constexpr std::size_t kFetchesMax = 32;  // each holds a file and a folder open

Result<void> check_digest(const std::string& digest) {
  if (!is_digest(digest)) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' is not a digest", digest)};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<GetBlobJob>> GetBlobJob::make(const BlobWanted& wanted) {
  SWEEPD_TRY_VOID(check_digest(wanted.digest));
  return std::unique_ptr<GetBlobJob>(new GetBlobJob(wanted));
}

GetBlobJob::GetBlobJob(const BlobWanted& wanted)
    : receiver_({wanted.digest, std::nullopt, wanted.bytes_max},
                [this](std::string_view bytes) -> Result<void> {
                  content_ += bytes;
                  return {};
                }) {}

Result<bool> GetBlobJob::next(pb::BulkRequest& request) {
  return receiver_.next(request);
}

Result<void> GetBlobJob::answer(const pb::BulkReply& reply) {
  return receiver_.answer(reply);
}

void GetBlobJob::lost(std::uint64_t tag) {
  receiver_.lost(tag);
}

std::optional<Outcome> GetBlobJob::outcome() {
  if (!receiver_.complete()) {
    return std::nullopt;
  }
  return BlobFetched{std::move(content_)};
}

Progress GetBlobJob::progress() const {
  return {receiver_.received(), receiver_.received(), 0, 1};
}

Result<std::unique_ptr<GetTreeJob>> GetTreeJob::make(TreeWanted wanted) {
  SWEEPD_TRY_VOID(check_digest(wanted.digest));
  SWEEPD_TRY(Destination destination, Destination::open(wanted.destination));
  auto job = std::unique_ptr<GetTreeJob>(new GetTreeJob(std::move(wanted), std::move(destination)));
  SWEEPD_TRY(job->manifest_, GetBlobJob::make({job->wanted_.digest, kManifestBytesMax}));
  return job;
}

GetTreeJob::GetTreeJob(TreeWanted wanted, Destination destination)
    : wanted_(std::move(wanted)), destination_(std::move(destination)) {}

Result<bool> GetTreeJob::next(pb::BulkRequest& request) {
  if (manifest_) {
    return manifest_->next(request);
  }
  for (Fetch& fetch : fetches_) {
    if (fetch.receiver.next(request)) {
      return true;
    }
  }
  if (fetches_.size() >= kFetchesMax || opened_ == tree_.files.size()) {
    return false;
  }
  SWEEPD_TRY_VOID(open_fetch());
  return fetches_.back().receiver.next(request);
}

Result<void> GetTreeJob::open_fetch() {
  const TreeFile& file = tree_.files[opened_++];
  SWEEPD_TRY(Draft draft, destination_.draft({file.path, file.executable}));
  fetches_.emplace_back(std::move(draft), BlobReceiver::Blob{file.digest, file.size});
  return {};
}

GetTreeJob::Fetch::Fetch(Draft target, BlobReceiver::Blob blob)
    : draft(std::move(target)),
      receiver(std::move(blob), [this](std::string_view bytes) -> Result<void> {
        SWEEPD_TRY_VOID(draft.file().write_at(written, bytes));
        written += bytes.size();
        return {};
      }) {}

Result<void> GetTreeJob::answer(const pb::BulkReply& reply) {
  if (manifest_) {
    SWEEPD_TRY_VOID(manifest_->answer(reply));
    return take_manifest();
  }
  for (Fetch& fetch : fetches_) {
    SWEEPD_TRY_VOID(fetch.receiver.answer(reply));
  }
  return close_complete_fetches();
}

Result<void> GetTreeJob::take_manifest() {
  std::optional<Outcome> outcome = manifest_->outcome();
  if (!outcome) {
    return {};
  }
  SWEEPD_TRY(Tree tree, decode_tree(std::get<BlobFetched>(*outcome).content));
  SWEEPD_TRY(tree_, subtree(std::move(tree), wanted_.prefix));
  manifest_.reset();
  progress_.bytes_total = tree_.bytes();
  progress_.files_total = static_cast<std::uint32_t>(tree_.files.size());
  return {};
}

Result<void> GetTreeJob::close_complete_fetches() {
  for (auto at = fetches_.begin(); at != fetches_.end();) {
    const auto next = std::next(at);
    if (at->receiver.complete()) {
      SWEEPD_TRY_VOID(at->draft.commit());
      progress_.bytes += at->written;
      ++progress_.files;
      fetches_.erase(at);
    }
    at = next;
  }
  return {};
}

void GetTreeJob::lost(std::uint64_t tag) {
  if (manifest_) {
    manifest_->lost(tag);
  }
  for (Fetch& fetch : fetches_) {
    fetch.receiver.lost(tag);
  }
}

std::optional<Outcome> GetTreeJob::outcome() {
  if (manifest_ || opened_ < tree_.files.size() || !fetches_.empty()) {
    return std::nullopt;
  }
  return TreeFetched{progress_.files, progress_.bytes};
}

Progress GetTreeJob::progress() const {
  if (manifest_) {
    return {};
  }
  Progress now = progress_;
  for (const Fetch& fetch : fetches_) {
    now.bytes += fetch.written;
  }
  return now;
}

Result<Tree> subtree(Tree tree, std::string prefix) {
  while (prefix.ends_with('/')) {
    prefix.pop_back();
  }
  if (prefix.empty()) {
    return tree;
  }
  Tree part;
  for (TreeFile& file : tree.files) {
    if (lies_at(file.path, prefix)) {
      const bool itself = file.path == prefix;
      file.path.erase(0, itself ? file.path.rfind('/') + 1 : prefix.size() + 1);  // npos + 1 is 0
      part.files.push_back(std::move(file));
    }
  }
  if (part.files.empty()) {
    return Error{Errc::kNotFound, fmt::format("there is no '{}' in the tree", prefix)};
  }
  return part;
}

}  // namespace sweepd::blobs
