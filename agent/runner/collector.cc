// Ships what an attempt leaves behind.
#include "agent/runner/collector.h"

#include "agent/utf8.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesPerStep = 4 * 1024 * 1024;
constexpr Duration kRetry = seconds(2);
constexpr int kFailuresMax = 5;
constexpr std::size_t kSkippedNamed = 5;

// Whether there is anything: a file, or a folder with something in it.
bool has_content(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    return fs::directory_iterator(path, error) != fs::directory_iterator() || error;
  }
  return fs::exists(status);
}

std::string skipped_text(std::vector<blobs::Skipped> skipped) {
  std::sort(
      skipped.begin(), skipped.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  std::vector<std::string> named;
  for (const blobs::Skipped& path : skipped) {
    if (named.size() == kSkippedNamed) {
      named.emplace_back("…");
      break;
    }
    named.push_back(as_utf8(fmt::format("{} ({})", path.path, path.why)));
  }
  return named.empty() ? std::string()
                       : fmt::format("not collected: {} of the folders' entries: {}",
                                     skipped.size(),
                                     fmt::join(named, ", "));
}

}  // namespace

Collector::Collector(std::string folder, std::vector<std::string> only)
    : folder_(std::move(folder)), only_(std::move(only)) {}

bool Collector::nothing_there() const {
  for (const std::string& name : only_) {
    if (has_content(fs::path(folder_) / name)) {
      return false;
    }
  }
  return true;
}

bool Collector::step(Instant now, blobs::BulkSession& bulk) {
  if (result_) {
    return true;
  }
  if (job_ || now < retry_at_) {
    return false;
  }
  if (!scanner_) {
    if (nothing_there()) {
      result_ = Collected{};
      return true;
    }
    blobs::ScanOptions options;
    options.folder = folder_;
    options.only = only_;
    options.rules = false;
    options.skip_unreadable = true;
    options.bytes_max = std::numeric_limits<std::uint64_t>::max();
    scanner_.emplace(std::move(options));
  }
  const Result<bool> scanned = scanner_->step(kBytesPerStep);
  if (!scanned.ok()) {
    fail(now, scanned.error());
  } else if (*scanned) {
    ship(bulk);
  }
  return result_.has_value();
}

void Collector::ship(blobs::BulkSession& bulk) {
  blobs::LocalTree local = scanner_->take();
  scanner_.reset();
  collected_.skipped = skipped_text(std::move(local.skipped));
  if (local.tree.files.empty()) {
    result_ = collected_;
    return;
  }
  collected_.files = static_cast<std::uint32_t>(local.tree.files.size());
  collected_.bytes = local.tree.bytes();
  job_ = bulk.put_tree(std::move(local), blobs::NoRoom::kWaits);
}

bool Collector::finished(const blobs::Finished& done, Instant now) {
  if (done.job != job_) {
    return false;
  }
  job_.reset();
  if (!done.outcome.ok()) {
    fail(now, done.outcome.error());
  } else if (const auto* sent = std::get_if<blobs::TreeSent>(&*done.outcome)) {
    collected_.digest = sent->digest;
    result_ = collected_;
  }
  return true;
}

void Collector::fail(Instant now, const Error& error) {
  scanner_.reset();
  // What this box lacks passes; a file that changes while it is read may stand still the next time;
  // too many files stay too many.
  const bool passes = error.code == Errc::kUnavailable;
  const bool stays = error.code == Errc::kInvalidArgument;
  if (!passes && (stays || ++failures_ == kFailuresMax)) {
    result_ = error;
  }
  retry_at_ = now + kRetry;
}

std::optional<Instant> Collector::next_wake() const {
  return busy() ? std::optional(retry_at_) : std::nullopt;
}

void Collector::cancel(blobs::BulkSession& bulk) {
  if (job_) {
    bulk.cancel(*job_);
    job_.reset();
  }
  scanner_.reset();
  result_ = Collected{};
}

}  // namespace sweepd::agent
