// Says that a trial wrote to the stream that `logs` does not show, so that nobody misses an error.
#pragma once

#include "cli/session.h"

#include <cstdint>
#include <string>

namespace sweepd::cli {

// How much there is of a log.
struct LogAmount {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;  // 0: so many bytes that they were not counted
};

// attempt: "12/7#2"
Result<LogAmount> amount_of_log(Session& session, const std::string& attempt, pb::LogStream stream);

// One hint of one run of `logs`, over one trial or many.
class OtherStream {
 public:
  // shown:       the stream that is printed
  // skips_lines: what it has so far was not asked for, so that printing nothing says nothing of it
  OtherStream(Session& session, pb::LogStream shown, bool skips_lines)
      : session_(session), shown_(shown), printed_(skips_lines) {}

  // Something was printed.
  void printed() { printed_ = true; }

  // Looks at what the attempt has written so far, once it was printed to its end. Nothing is asked
  // where no hint would be given.
  void look(const std::string& attempt);

  // For a follower that still prints nothing: looks now and then, and tells at once.
  void look_early(const std::string& attempt);

  // Says once what was found; that there is nothing at all, when nothing was printed either.
  void tell();

 private:
  bool wanted() const;

  Session& session_;
  pb::LogStream shown_;
  bool printed_;
  bool told_ = false;
  std::uint32_t early_looks_ = 0;
  std::uint32_t attempts_ = 0;  // that have written to the other stream
  LogAmount amount_;            // of all of them together
};

}  // namespace sweepd::cli
