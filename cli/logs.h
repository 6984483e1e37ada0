// The output of trials as it is stored: reading, following over attempts, and printing.
#pragma once

#include "base/result.h"
#include "cli/session.h"

#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::cli {

// Bytes of a log as they are stored, without regard for lines.
struct LogPiece {
  pb::Attempt attempt;
  pb::LogStream stream = pb::LOG_UNSPECIFIED;
  std::string_view bytes;
};

// Follows the streams of one trial through all its attempts from the one that is current at the
// start.
class TrialLogs {
 public:
  using Sink = std::function<void(const LogPiece&)>;

  // trial: "12/7", or "12/7#2" for that attempt only
  TrialLogs(Session& session, std::string trial, std::vector<pb::LogStream> streams);

  // Gives the sink all bytes that have come since. True when the trial has ended and everything was
  // read.
  Result<bool> step(const Sink& sink);

  // Starts with the last lines instead of the first (0: with what comes from now on); before the
  // first step. Later attempts are read whole.
  void start_with_tail(std::uint64_t lines) { tail_lines_ = lines; }

  // The one that is being read, like "12/7#2"; none before there is one.
  std::optional<std::string> attempt() const;

  // As of the last step.
  const pb::TrialDetail& detail() const { return detail_; }

 private:
  struct Stream {
    pb::LogStream stream;
    std::uint64_t offset = 0;
    bool begun = false;  // something was asked for, though there may have been nothing yet
    bool complete = false;
  };

  Result<void> drain(Stream& stream, const Sink& sink);
  Result<void> read_tail(Stream& stream, const Sink& sink);
  void begin_attempt(std::uint32_t attempt);
  bool drained() const;

  Session& session_;
  std::string trial_;
  std::uint32_t attempt_ = 0;  // being read; 0: none yet
  bool attempt_given_ = false;
  std::optional<std::uint64_t> tail_lines_;
  std::vector<Stream> streams_;
  pb::TrialDetail detail_;
};

// Writes log bytes: as they are into a pipe, without dangerous characters onto a terminal, or line
// by line. Of one stream of one trial.
class LogPrinter {
 public:
  // What is written for a line, given without its end; a longer one than 64 KiB comes in parts.
  using LineText = std::function<std::string(const LogPiece& line)>;

  LogPrinter(std::ostream& out, bool terminal) : out_(out), terminal_(terminal) {}

  LogPrinter(std::ostream& out, LineText text) : out_(out), text_(std::move(text)) {}

  void write(const LogPiece& piece);
  void finish();  // writes what was held back

 private:
  void write_text();
  void write_lines();
  void write_line(std::string_view line);

  std::ostream& out_;
  bool terminal_ = false;
  LineText text_;     // none: no lines
  LogPiece last_;     // where the held bytes come from; without bytes
  std::string held_;  // an unfinished line, or an unfinished character
};

// "12/7 | " in front of each line.
LogPrinter::LineText prefixed(std::string prefix, bool terminal);

// The last `lines` lines of the text, or all of it. An unfinished last line counts.
std::string_view last_lines(std::string_view text, std::uint64_t lines);

}  // namespace sweepd::cli
