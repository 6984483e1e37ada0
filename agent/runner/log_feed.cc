// Ships a growing log to the daemon.
#include "agent/runner/log_feed.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr Duration kPieceEvery = milliseconds(200);
constexpr Duration kRetry = seconds(2);

}  // namespace

LogFeed::~LogFeed() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

LogFeed::LogFeed(LogFeed&& other) noexcept
    : source_(std::move(other.source_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      sent_(other.sent_),
      offset_(other.offset_),
      job_(other.job_),
      send_at_(other.send_at_),
      retry_at_(other.retry_at_),
      grew_(other.grew_),
      refused_(other.refused_) {}

bool LogFeed::open() {
  if (fd_ < 0) {
    fd_ = ::open(source_.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  }
  return fd_ >= 0;
}

void LogFeed::look() {
  struct stat status {};

  if (open() && ::fstat(fd_, &status) == 0) {
    // A program that truncates its own log does not take back what was shipped.
    size_ = std::max(size_, static_cast<std::uint64_t>(status.st_size));
  }
}

void LogFeed::step(Instant now, bool last, blobs::BulkSession& bulk) {
  if (refused_ || job_ || now < retry_at_ || (!grew_ && !last)) {
    return;
  }
  look();
  const bool enough = size_ - sent_ >= kPieceBytes;
  if (size_ == sent_) {
    grew_ = false;
  } else if (last || enough || now >= send_at_) {
    send(bulk);
    send_at_ = now + kPieceEvery;
  }
}

void LogFeed::send(blobs::BulkSession& bulk) {
  std::string bytes(std::min<std::uint64_t>(kPieceBytes, size_ - sent_), '\0');
  const ssize_t got = ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(sent_));
  if (got <= 0) {
    size_ = sent_;  // truncated under our hands: there is no more to be had
    return;
  }
  bytes.resize(static_cast<std::size_t>(got));
  offset_ = std::exchange(sent_, sent_ + bytes.size());
  job_ = bulk.append_log({source_.attempt, source_.stream, offset_, std::move(bytes)});
}

bool LogFeed::finished(const blobs::Finished& done, Instant now) {
  if (done.job != job_) {
    return false;
  }
  job_.reset();
  grew_ = true;
  if (!done.outcome.ok()) {
    if (done.outcome.error().code == Errc::kUnavailable) {
      sent_ = offset_;  // for example its disk is full
      retry_at_ = now + kRetry;
      return true;
    }
    log_warn("attempt={} log refused error=\"{}\"",
             to_string(source_.attempt),
             done.outcome.error().message);
    refused_ = true;
  } else if (const auto* log = std::get_if<blobs::LogAppended>(&*done.outcome)) {
    sent_ = std::min(log->stored, size_);  // less after a daemon lost what it had not synced
  }
  return true;
}

std::optional<Instant> LogFeed::next_wake() const {
  return grew_ && !job_ && !refused_ ? std::optional(std::max(send_at_, retry_at_)) : std::nullopt;
}

void LogFeed::cancel(blobs::BulkSession& bulk) {
  if (job_) {
    bulk.cancel(*job_);
    job_.reset();
  }
  refused_ = true;
}

}  // namespace sweepd::agent
