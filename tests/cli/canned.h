// Rows that a daemon could have answered with.
#pragma once

#include "wire/sweepd.pb.h"

#include <cstdint>
#include <string>

namespace sweepd::cli {

constexpr std::int64_t kStart = 1'700'000'000'000'000;

inline pb::TrialRow trial(std::uint32_t number, const std::string& state, double value) {
  pb::TrialRow row;
  row.set_sweep(12);
  row.set_trial(number);
  row.set_attempt(1);
  row.set_state(state);
  row.set_has_value(true);
  row.set_value(value);
  row.set_reports(3);
  row.set_resource(3);
  row.set_agent("gpu-a");
  row.set_started_wall_us(kStart);
  row.set_ended_wall_us(kStart + 372'000'000);
  pb::Binding& lr = *row.mutable_params()->add_bindings();
  lr.set_name("lr");
  lr.mutable_value()->set_float_value(0.1 * number);
  return row;
}

inline pb::SweepSummary sweep(const std::string& state) {
  pb::SweepSummary summary;
  summary.set_sweep(12);
  summary.set_name("digits");
  summary.set_state(state);
  summary.set_metric("accuracy");
  summary.set_goal("maximize");
  summary.set_trials_total(2);
  return summary;
}

inline void add_count(pb::SweepSummary& summary, const std::string& state, std::uint32_t count) {
  pb::StateCount& entry = *summary.add_counts();
  entry.set_state(state);
  entry.set_count(count);
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A daemon with one sweep whose two trials have ended.
inline void answer_ended(const std::string& state,
                         const pb::ClientRequest& request,
                         pb::ClientReply& reply) {
  if (request.has_show_sweep()) {
    pb::SweepSummary& summary = *reply.mutable_sweep()->mutable_summary();
    summary = sweep(state);
    add_count(summary, "completed", 1);
    add_count(summary, "pruned", 1);
  } else if (request.has_list_trials()) {
    reply.mutable_trials()->set_total(2);
    if (request.list_trials().offset() == 0) {
      *reply.mutable_trials()->add_trials() = trial(1, "completed", 0.98);
      *reply.mutable_trials()->add_trials() = trial(2, "pruned", 0.41);
    }
  }
}

}  // namespace sweepd::cli
