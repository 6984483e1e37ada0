// Lines are counted where the log is short; the size alone says enough of a long one.
#include "cli/other_stream.h"

#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kCountedBytes = 64 * 1024;
constexpr std::uint32_t kLooksBetween = 8;  // of a follower: two seconds

std::string_view name_of(pb::LogStream stream) {
  return stream == pb::STDERR ? "stderr" : "stdout";
}

std::string amount_text(const LogAmount& amount) {
  return amount.lines > 0 ? counted(amount.lines, "line") : bytes_text(amount.bytes);
}

}  // namespace

Result<LogAmount> amount_of_log(Session& session,
                                const std::string& attempt,
                                pb::LogStream stream) {
  pb::ClientRequest request;
  pb::ReadLog& read = *request.mutable_read_log();
  read.set_selector(attempt);
  read.set_stream(stream);
  read.set_tail(true);
  read.set_offset(kCountedBytes);
  read.set_length(kCountedBytes);
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  const std::string& data = reply.log().data();
  LogAmount amount{reply.log().size(), 0};
  if (data.size() == amount.bytes) {
    const bool unfinished = !data.empty() && !data.ends_with('\n');
    amount.lines = static_cast<std::uint64_t>(std::count(data.begin(), data.end(), '\n')) +
                   (unfinished ? 1 : 0);
  }
  return amount;
}

// Whoever asked for stderr and got some knows that there is stdout.
bool OtherStream::wanted() const {
  return !told_ && (shown_ == pb::STDOUT || !printed_);
}

void OtherStream::look(const std::string& attempt) {
  if (!wanted()) {
    return;
  }
  const Result<LogAmount> amount =
      amount_of_log(session_, attempt, shown_ == pb::STDERR ? pb::STDOUT : pb::STDERR);
  if (!amount.ok() || amount->bytes == 0) {
    return;  // the hint is an extra; the log stands without it
  }
  const bool countable = amount->lines > 0 && (attempts_ == 0 || amount_.lines > 0);
  ++attempts_;
  amount_.bytes += amount->bytes;
  amount_.lines = countable ? amount_.lines + amount->lines : 0;
}

void OtherStream::look_early(const std::string& attempt) {
  if (printed_ || told_ || early_looks_++ % kLooksBetween != 0) {
    return;
  }
  look(attempt);
  if (attempts_ > 0) {
    tell();
  }
}

void OtherStream::tell() {
  if (!wanted()) {
    return;
  }
  told_ = true;
  const bool errors = shown_ == pb::STDERR;
  if (attempts_ == 0) {
    if (!printed_) {
      session_.say("nothing was written, neither to stdout nor to stderr");
    }
    return;
  }
  session_.say(fmt::format("{}{} on {}{}: {}",
                           printed_ ? "" : fmt::format("nothing on {}, but ", name_of(shown_)),
                           amount_text(amount_),
                           name_of(errors ? pb::STDOUT : pb::STDERR),
                           attempts_ > 1 ? fmt::format(" of {} trials", attempts_) : "",
                           errors ? "leave --stderr out" : "add --stderr"));
}

}  // namespace sweepd::cli
