// The parts that rows on disk have in common, and the checks of their reading.
#include "daemon/store_parts.h"

#include <fmt/format.h>

namespace sweepd::daemon {

TrialKey Checked::trial(std::uint64_t sweep_value, std::uint32_t trial_value) {
  require(sweep_value != 0 && trial_value != 0);
  return {{sweep_value}, {trial_value}};
}

AttemptKey Checked::attempt(const store::Attempt& stored) {
  require(stored.sweep() != 0 && stored.trial() != 0 && stored.attempt() != 0);
  return {{stored.sweep()}, {stored.trial()}, {stored.attempt()}};
}

core::Reason Checked::reason(const store::Reason& stored) {
  return {enumerator(stored.code(), core::kReasonCodeLast, 0), stored.sentence()};
}

core::AttemptOutcome Checked::outcome(const store::Outcome& stored) {
  core::AttemptOutcome outcome;
  outcome.started = stored.started();
  outcome.exit_code = stored.exit_code();
  outcome.signal = stored.signal();
  outcome.stopped = stored.stopped();
  outcome.failure = reason(stored.failure());
  outcome.stderr_tail = stored.stderr_tail();
  outcome.tree_digest = stored.tree_digest();
  outcome.tree_files = stored.tree_files();
  outcome.tree_bytes = stored.tree_bytes();
  outcome.uncollected = stored.uncollected();
  outcome.model_missing = stored.model_missing();
  outcome.started_wall = {stored.started_wall_us()};
  outcome.ended_wall = {stored.ended_wall_us()};
  outcome.metric_names.assign(stored.metric_names().begin(), stored.metric_names().end());
  outcome.thinned = stored.thinned();
  return outcome;
}

void put(store::Attempt& stored, const AttemptKey& key) {
  stored.set_sweep(key.sweep.value);
  stored.set_trial(key.trial.value);
  stored.set_attempt(key.attempt.value);
}

void put(store::Reason& stored, const core::Reason& reason) {
  stored.set_code(static_cast<std::int32_t>(reason.code));
  stored.set_sentence(reason.sentence);
}

void put(store::Request& stored, const RequestId& request) {
  stored.set_high(request.high);
  stored.set_low(request.low);
  stored.set_body(request.body);
}

void put(store::Outcome& stored, const core::AttemptOutcome& outcome) {
  stored.set_started(outcome.started);
  stored.set_exit_code(outcome.exit_code);
  stored.set_signal(outcome.signal);
  stored.set_stopped(outcome.stopped);
  put(*stored.mutable_failure(), outcome.failure);
  stored.set_stderr_tail(outcome.stderr_tail);
  stored.set_tree_digest(outcome.tree_digest);
  stored.set_tree_files(outcome.tree_files);
  stored.set_tree_bytes(outcome.tree_bytes);
  stored.set_uncollected(outcome.uncollected);
  stored.set_model_missing(outcome.model_missing);
  stored.set_started_wall_us(outcome.started_wall.us);
  stored.set_ended_wall_us(outcome.ended_wall.us);
  for (const std::string& name : outcome.metric_names) {
    stored.add_metric_names(name);
  }
  stored.set_thinned(outcome.thinned);
}

RequestId request_of(const store::Request& stored) {
  return {stored.high(), stored.low(), stored.body()};
}

Result<void> check_row(bool parsed,
                       std::uint32_t version,
                       std::size_t bytes,
                       std::string_view what) {
  if (!parsed || version == 0) {
    return Error{Errc::kCorrupt, fmt::format("{} bytes on disk that are no {}", bytes, what)};
  }
  if (version > kRowVersion) {
    return Error{Errc::kWrongState,
                 fmt::format("a {} of version {}, written by a newer sweepd; this one reads "
                             "versions up to {}",
                             what,
                             version,
                             kRowVersion)};
  }
  return {};
}

Error impossible_row(std::string_view what) {
  return {Errc::kCorrupt, fmt::format("a {} on disk that says what none can say", what)};
}

}  // namespace sweepd::daemon
