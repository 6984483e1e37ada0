// Reading by offset, so that nothing is lost or doubled when the daemon restarts in between.
#include "cli/logs.h"

#include "cli/format.h"
#include "cli/json.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <utility>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kReadBytes = 256 * 1024;
constexpr std::uint64_t kTailBytesMax = 1024 * 1024;  // what one answer carries
constexpr std::size_t kHeldBytesMax = 64 * 1024;      // of a line that does not end

// How many bytes at the end are the beginning of a character.
std::size_t unfinished_bytes(std::string_view text) {
  for (std::size_t back = 1; back <= std::min<std::size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0U) == 0x80) {
      continue;
    }
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

pb::ReadLog question(const std::string& selector, pb::LogStream stream) {
  pb::ReadLog read;
  read.set_selector(selector);
  read.set_stream(stream);
  return read;
}

pb::Attempt attempt_of(const pb::TrialRow& row, std::uint32_t number) {
  pb::Attempt attempt;
  attempt.set_sweep(row.sweep());
  attempt.set_trial(row.trial());
  attempt.set_attempt(number);
  return attempt;
}

Result<pb::LogPage> ask(Session& session, const pb::ReadLog& read) {
  pb::ClientRequest request;
  *request.mutable_read_log() = read;
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_log());
}

// In the place of what the daemon keeps no longer.
std::string cut_line(std::uint64_t bytes) {
  return fmt::format("\n[sweepctl: {} are not kept: of a long log the head and the tail are]\n",
                     bytes_text(bytes));
}

}  // namespace

TrialLogs::TrialLogs(Session& session, std::string trial, std::vector<pb::LogStream> streams)
    : session_(session),
      trial_(std::move(trial)),
      attempt_given_(trial_.find('#') != std::string::npos) {
  for (const pb::LogStream stream : streams) {
    streams_.push_back({stream, 0, false, false});
  }
}

Result<bool> TrialLogs::step(const Sink& sink) {
  SWEEPD_TRY(detail_, show_trial(session_, trial_));
  const pb::TrialRow& row = detail_.row();
  if (attempt_ == 0) {
    const std::size_t hash = trial_.find('#');
    begin_attempt(attempt_given_
                      ? static_cast<std::uint32_t>(std::strtoul(&trial_[hash + 1], nullptr, 10))
                      : row.attempt());
  }
  if (attempt_ == 0) {
    return is_terminal(row.state());  // it ended without ever having been started
  }
  for (Stream& stream : streams_) {
    SWEEPD_TRY_VOID(drain(stream, sink));
  }
  if (!drained()) {
    return false;
  }
  if (!attempt_given_ && row.attempt() > attempt_) {
    begin_attempt(attempt_ + 1);
    return false;
  }
  return attempt_given_ || is_terminal(row.state());
}

std::optional<std::string> TrialLogs::attempt() const {
  return attempt_ == 0 ? std::nullopt
                       : std::optional(attempt_name(attempt_of(detail_.row(), attempt_)));
}

void TrialLogs::begin_attempt(std::uint32_t attempt) {
  if (attempt_ != 0) {
    tail_lines_.reset();
  }
  attempt_ = attempt;
  for (Stream& stream : streams_) {
    stream.offset = 0;
    stream.begun = false;
    stream.complete = false;
  }
}

bool TrialLogs::drained() const {
  return std::all_of(
      streams_.begin(), streams_.end(), [](const Stream& stream) { return stream.complete; });
}

Result<void> TrialLogs::drain(Stream& stream, const Sink& sink) {
  if (tail_lines_ && !stream.begun) {
    SWEEPD_TRY_VOID(read_tail(stream, sink));
  }
  stream.begun = true;
  const pb::TrialRow& row = detail_.row();
  pb::ReadLog read = question(*attempt(), stream.stream);
  read.set_length(kReadBytes);
  while (!stream.complete) {
    read.set_offset(stream.offset);
    SWEEPD_TRY(const pb::LogPage page, ask(session_, read));
    if (page.offset() > stream.offset) {
      sink({attempt_of(row, attempt_), stream.stream, cut_line(page.offset() - stream.offset)});
    }
    if (!page.data().empty()) {
      sink({attempt_of(row, attempt_), stream.stream, page.data()});
      stream.offset = page.offset() + page.data().size();
    }
    const bool all = stream.offset >= page.size();
    stream.complete = all && page.complete();
    if (all || page.data().empty()) {
      break;
    }
  }
  return {};
}

Result<void> TrialLogs::read_tail(Stream& stream, const Sink& sink) {
  const pb::TrialRow& row = detail_.row();
  pb::ReadLog read = question(*attempt(), stream.stream);
  read.set_tail(true);
  for (std::uint64_t bytes = kReadBytes / 4;; bytes *= 2) {
    read.set_offset(bytes);
    read.set_length(static_cast<std::uint32_t>(bytes));
    SWEEPD_TRY(const pb::LogPage page, ask(session_, read));
    const std::string_view tail = last_lines(page.data(), *tail_lines_);
    const bool enough = tail.size() < page.data().size() || page.offset() == 0;
    if (enough || bytes >= kTailBytesMax) {
      if (!tail.empty()) {
        sink({attempt_of(row, attempt_), stream.stream, tail});
      }
      stream.offset = page.offset() + page.data().size();
      return {};
    }
  }
}

std::string_view last_lines(std::string_view text, std::uint64_t lines) {
  std::size_t begin = text.size();
  while (begin > 0 && lines > 0) {
    const std::size_t newline = begin >= 2 ? text.rfind('\n', begin - 2) : std::string_view::npos;
    begin = newline == std::string_view::npos ? 0 : newline + 1;
    --lines;
  }
  return text.substr(begin);
}

void LogPrinter::write(const LogPiece& piece) {
  if (piece.attempt.attempt() != last_.attempt.attempt()) {
    finish();  // the last line of an attempt that was cut off is no part of the next one's first
  }
  last_ = {piece.attempt, piece.stream, {}};
  if (!terminal_ && !text_) {
    out_ << piece.bytes << std::flush;
    return;
  }
  held_ += piece.bytes;
  if (text_) {
    write_lines();
  } else {
    write_text();
  }
  out_ << std::flush;
}

void LogPrinter::write_text() {
  const std::size_t whole = held_.size() - unfinished_bytes(held_);
  out_ << printable_log(std::string_view(held_).substr(0, whole));
  held_.erase(0, whole);
}

void LogPrinter::write_lines() {
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const bool whole = newline != std::string_view::npos;
    if (!whole && rest.size() < kHeldBytesMax) {
      break;
    }
    const std::size_t length = whole ? newline : rest.size() - unfinished_bytes(rest);
    write_line(rest.substr(0, length));
    rest.remove_prefix(length + (whole ? 1 : 0));
  }
  held_ = std::string(rest);
}

void LogPrinter::write_line(std::string_view line) {
  out_ << text_({last_.attempt, last_.stream, line}) << '\n';
}

void LogPrinter::finish() {
  if (!held_.empty()) {
    if (text_) {
      write_line(held_);
    } else {
      out_ << printable_log(held_);
    }
    held_.clear();
  }
  out_ << std::flush;
}

LogPrinter::LineText prefixed(std::string prefix, bool terminal) {
  return [prefix = std::move(prefix), terminal](const LogPiece& line) {
    return prefix + (terminal ? printable(line.bytes) : std::string(line.bytes));
  };
}

}  // namespace sweepd::cli
