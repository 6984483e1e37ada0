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
      read_(other.read_),
      redraws_(std::move(other.redraws_)),
      piece_(std::move(other.piece_)),
      piece_at_(other.piece_at_),
      job_(other.job_),
      found_(other.found_),
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
  const std::optional<Instant> due = redraws_.next_wake();
  const bool held = due && *due <= now;
  if (refused_ || job_ || now < retry_at_ || (piece_.empty() && !grew_ && !held && !last)) {
    return;
  }
  look();
  if (found_) {
    send(bulk);  // nothing: the answer says how much is stored
    return;
  }
  const bool enough = size_ - read_ >= kPieceBytes;
  if (piece_.empty() && (last || enough || held || now >= send_at_)) {
    read(now, last);
  }
  if (!piece_.empty()) {
    send(bulk);
    send_at_ = now + kPieceEvery;
  } else if (read_ == size_) {
    grew_ = false;
  }
}

void LogFeed::read(Instant now, bool last) {
  std::string bytes(std::min<std::uint64_t>(kPieceBytes, size_ - read_), '\0');
  const ssize_t got =
      bytes.empty() ? 0 : ::pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(read_));
  if (got <= 0) {
    size_ = read_;  // truncated under our hands: there is no more to be had
  } else {
    bytes.resize(static_cast<std::size_t>(got));
    read_ += bytes.size();
    redraws_.take(bytes, now);
  }
  piece_ = redraws_.give(now, last && read_ == size_);
}

void LogFeed::send(blobs::BulkSession& bulk) {
  const Mark after{read_ - redraws_.held_bytes(), piece_at_.stored + piece_.size()};
  // As long as the store holds what the file does, one number says where both are.
  if (!found_ && after.file != after.stored) {
    write_place({piece_at_, after});
  }
  job_ = bulk.append_log({source_.attempt, source_.stream, piece_at_.stored, piece_});
}

bool LogFeed::finished(const blobs::Finished& done, Instant now) {
  if (done.job != job_) {
    return false;
  }
  job_.reset();
  grew_ = true;
  if (!done.outcome.ok()) {
    if (done.outcome.error().code == Errc::kUnavailable) {
      retry_at_ = now + kRetry;  // for example its disk is full
      return true;
    }
    log_warn("attempt={} log refused error=\"{}\"",
             to_string(source_.attempt),
             done.outcome.error().message);
    refused_ = true;
  } else if (const auto* log = std::get_if<blobs::LogAppended>(&*done.outcome)) {
    stored(log->stored);
  }
  return true;
}

// Of what an earlier run of the program sent the store may hold the last piece or not.
void LogFeed::stored(std::uint64_t size) {
  const std::uint64_t sent = piece_at_.stored + piece_.size();
  if (found_) {
    const Mark& at = size == found_->before.stored ? found_->before : found_->after;
    read_ = at.file;
    found_.reset();
  } else if (size != sent && read_ - redraws_.held_bytes() - piece_.size() == piece_at_.stored) {
    // More than was sent, by an earlier run; or less, after a daemon has lost what it had.
    redraws_ = {};
    read_ = std::min(size, size_);
  }
  piece_.clear();
  piece_at_ = {read_ - redraws_.held_bytes(), size};
}

void LogFeed::resume() {
  const int fd = ::open(source_.place.c_str(), O_RDONLY | O_CLOEXEC);
  Marks marks;
  if (fd >= 0 && ::read(fd, &marks, sizeof marks) == static_cast<ssize_t>(sizeof marks)) {
    found_ = marks;
  }
  if (fd >= 0) {
    ::close(fd);
  }
}

// Not synced: a restart of the machine ends the attempt.
void LogFeed::write_place(const Marks& marks) const {
  const int fd = ::open(source_.place.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, &marks, sizeof marks) != static_cast<ssize_t>(sizeof marks)) {
    log_debug("attempt={} cannot write {}", to_string(source_.attempt), source_.place);
  }
  if (fd >= 0) {
    ::close(fd);
  }
}

std::optional<Instant> LogFeed::next_wake() const {
  if (job_ || refused_) {
    return std::nullopt;
  }
  const std::optional<Instant> held = redraws_.next_wake();
  if (!grew_ && piece_.empty()) {
    return held ? std::optional(std::max(*held, retry_at_)) : std::nullopt;
  }
  const Instant due = std::max(send_at_, retry_at_);
  return held ? std::min(due, std::max(*held, retry_at_)) : due;
}

void LogFeed::cancel(blobs::BulkSession& bulk) {
  if (job_) {
    bulk.cancel(*job_);
    job_.reset();
  }
  refused_ = true;
}

}  // namespace sweepd::agent
