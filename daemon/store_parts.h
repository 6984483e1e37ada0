// The parts that rows on disk have in common, and the checks of their reading. Internal to the
// record codec.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/core/event.h"
#include "daemon/core/reason.h"
#include "daemon/store.pb.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sweepd::daemon {

// Rows of this version and older ones can be read.
constexpr std::uint32_t kRowVersion = 1;

// Notes whether anything that was read cannot be.
class Checked {
 public:
  bool good() const { return good_; }

  void require(bool condition) { good_ = good_ && condition; }

  // An enumerator from 1 (or `first`) to `last`.
  template <typename Enum>
  Enum enumerator(std::int32_t value, Enum last, std::int32_t first = 1) {
    require(value >= first && value <= static_cast<std::int32_t>(last));
    return static_cast<Enum>(value);
  }

  SweepId sweep(std::uint64_t value) {
    require(value != 0);
    return {value};
  }

  AgentId agent(std::uint32_t value) {
    require(value != 0);
    return {value};
  }

  TrialKey trial(std::uint64_t sweep_value, std::uint32_t trial_value);
  AttemptKey attempt(const store::Attempt& stored);
  core::Reason reason(const store::Reason& stored);
  core::AttemptOutcome outcome(const store::Outcome& stored);

 private:
  bool good_ = true;
};

void put(store::Attempt& stored, const AttemptKey& key);
void put(store::Reason& stored, const core::Reason& reason);
void put(store::Request& stored, const RequestId& request);
void put(store::Outcome& stored, const core::AttemptOutcome& outcome);

RequestId request_of(const store::Request& stored);

// Whether bytes on disk are a row that this program reads. kCorrupt when they are none,
// kWrongState for one of a newer sweepd.
//   parsed: whether they are a message
Result<void> check_row(bool parsed,
                       std::uint32_t version,
                       std::size_t bytes,
                       std::string_view what);

// Parses a row and looks at its version before anything else of it.
template <typename Row>
Result<void> parse_row(std::string_view bytes, std::string_view what, Row& row) {
  const bool parsed = row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  return check_row(parsed, row.version(), bytes.size(), what);
}

// A row that can be read and says what none can say.
Error impossible_row(std::string_view what);

}  // namespace sweepd::daemon
