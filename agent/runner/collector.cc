// Ships what an attempt leaves behind.
#include "agent/runner/collector.h"

#include "base/log.h"

#include <filesystem>
#include <limits>
#include <utility>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBytesPerStep = 4 * 1024 * 1024;
constexpr Duration kRetry = seconds(2);

// Whether there is anything: a file, or a folder with something in it.
bool has_content(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    return fs::directory_iterator(path, error) != fs::directory_iterator() || error;
  }
  return fs::exists(status);
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
    result_ = scanned.error();
  } else if (*scanned) {
    ship(bulk);
  }
  return result_.has_value();
}

void Collector::ship(blobs::BulkSession& bulk) {
  blobs::LocalTree local = scanner_->take();
  scanner_.reset();
  for (const blobs::Skipped& skipped : local.skipped) {
    log_warn("not collected path={} why=\"{}\"", skipped.path, skipped.why);
  }
  if (local.tree.files.empty()) {
    result_ = Collected{};
    return;
  }
  collected_.files = static_cast<std::uint32_t>(local.tree.files.size());
  collected_.bytes = local.tree.bytes();
  job_ = bulk.put_tree(std::move(local));
}

bool Collector::finished(const blobs::Finished& done, Instant now) {
  if (done.job != job_) {
    return false;
  }
  job_.reset();
  if (!done.outcome.ok()) {
    const Error& error = done.outcome.error();
    if (error.code == Errc::kUnavailable) {
      // The daemon cannot take it now, which says nothing about the trial: from the start again.
      retry_at_ = now + kRetry;
    } else {
      result_ = error;
    }
  } else if (const auto* sent = std::get_if<blobs::TreeSent>(&*done.outcome)) {
    collected_.digest = sent->digest;
    result_ = collected_;
  }
  return true;
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
