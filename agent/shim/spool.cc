// The spool of an attempt.
#include "agent/shim/spool.h"

#include "base/frame.h"
#include "base/param_variable.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sweepd::agent::shim {

namespace {

constexpr Duration kSyncWithin = seconds(1);
constexpr Duration kRetry = milliseconds(500);
// Beyond, files are not read on: they are the spool as long as the disk has no room.
constexpr std::size_t kUnwrittenBytesMax = 1 << 20;

// The hyperparameters that are numbers.
Points given_in(const shimpb::Run& run) {
  Points given;
  for (const std::string& variable : run.env()) {
    const std::string_view text = variable;
    const std::size_t equals = text.find('=');
    double value = 0;
    if (text.starts_with(kParamPrefix) && equals != std::string_view::npos &&
        read_number(text.substr(equals + 1), value)) {
      set_point(given, text.substr(kParamPrefix.size(), equals - kParamPrefix.size()), value);
    }
  }
  return given;
}

}  // namespace

Spool::Spool(const shimpb::Run& run)
    : fd_(::open(
          run.spool_path().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)),
      error_(fd_ >= 0 ? 0 : errno) {
  OutputReader::Source source{
      run.metrics(), run.objective(), run.metrics_path(), run.stdout_path(), given_in(run)};
  Result<OutputReader> reader = OutputReader::make(source);
  if (!reader.ok()) {
    source.doors.clear_stdout_patterns();
    reader = OutputReader::make(source);
  }
  if (reader.ok()) {
    reader_ = *std::move(reader);
  }
}

Spool::~Spool() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void Spool::take(const std::vector<pb::Report>& reports) {
  shimpb::SpoolEntry entry;
  for (const pb::Report& report : reports) {
    *entry.mutable_report() = report;
    put_frame(unwritten_, entry.SerializeAsString());
  }
}

void Spool::write(Instant now) {
  if (unwritten_.empty() || now < retry_at_) {
    return;
  }
  const ssize_t written = ::write(fd_, unwritten_.data(), unwritten_.size());
  if (written == static_cast<ssize_t>(unwritten_.size())) {
    size_ += unwritten_.size();
    unwritten_.clear();
    sync_at_ = sync_at_.value_or(now + kSyncWithin);
    return;
  }
  // A frame that is only partly there would hide all that come after it.
  static_cast<void>(::ftruncate(fd_, static_cast<off_t>(size_)));
  retry_at_ = now + kRetry;
}

void Spool::read(const Clocks& clocks) {
  if (reader_ && unwritten_.size() < kUnwrittenBytesMax) {
    take(reader_->read(clocks.now, clocks.wall, false));
  }
  write(clocks.now);
}

void Spool::on_time(const Clocks& clocks) {
  if (reader_) {
    take(reader_->take_due(clocks.now));
  }
  write(clocks.now);
  if (sync_at_ && *sync_at_ <= clocks.now) {
    sync_at_.reset();
    // A failure changes nothing: after the loss of the machine the attempt is lost, and the spool
    // only makes its last reports likelier to be seen.
    static_cast<void>(::fdatasync(fd_));
  }
}

bool Spool::drain(const Clocks& clocks) {
  if (error_ != 0) {
    return true;  // nothing was run, and nothing can be written
  }
  // Closed only behind a last read: what was held back until now comes with it.
  if (!closed_ && unwritten_.size() < kUnwrittenBytesMax) {
    if (reader_) {
      take(reader_->read(clocks.now, clocks.wall, true));
    }
    if (!more()) {
      close();
    }
  }
  write(clocks.now);
  return closed_ && unwritten_.empty();
}

void Spool::close() {
  shimpb::SpoolEntry entry;
  shimpb::Closing& closing = *entry.mutable_closing();
  if (reader_) {
    const std::vector<std::string> names = reader_->metric_names();
    closing.mutable_metric_names()->Assign(names.begin(), names.end());
    closing.set_thinned(reader_->thinned());
  }
  put_frame(unwritten_, entry.SerializeAsString());
  closed_ = true;
}

bool Spool::more() const {
  return reader_ && reader_->more();
}

std::optional<Instant> Spool::next_wake() const {
  std::optional<Instant> wake = reader_ ? reader_->next_wake() : std::nullopt;
  const auto at = [&wake](Instant time) {
    wake = std::min(wake.value_or(time), time);
  };
  if (!unwritten_.empty()) {
    at(retry_at_);
  }
  if (sync_at_) {
    at(*sync_at_);
  }
  return wake;
}

}  // namespace sweepd::agent::shim
