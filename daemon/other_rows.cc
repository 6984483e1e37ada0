// Rows that are no records: metrics, headers of sweeps and the clock <-> their bytes.
#include "base/result.h"
#include "daemon/record_codec.h"
#include "daemon/store_parts.h"

#include <string_view>
#include <unordered_map>
#include <utility>

namespace sweepd::daemon {

std::string encode_metrics(std::span<const core::Record> row) {
  store::Metrics stored;
  stored.set_version(kRowVersion);
  std::unordered_map<std::string_view, std::uint32_t> indexes;
  std::int64_t before = 0;
  for (const core::Record& record : row) {
    const auto& recorded = std::get<core::ReportRecorded>(record);
    store::Metrics::Report& report = *stored.add_reports();
    report.set_wall_us(recorded.wall.us - before);
    before = recorded.wall.us;
    for (const core::MetricValue& metric : recorded.metrics) {
      const auto next = static_cast<std::uint32_t>(indexes.size());
      const auto [place, fresh] = indexes.emplace(metric.name, next);
      if (fresh) {
        stored.add_names(metric.name);
      }
      report.add_names(place->second);
      report.add_values(metric.value);
    }
  }
  return stored.SerializeAsString();
}

Result<std::vector<core::Report>> decode_metrics(std::string_view bytes, std::uint64_t first_seq) {
  store::Metrics row;
  SWEEPD_TRY_VOID(parse_row(bytes, "row of metrics", row));
  std::vector<core::Report> reports;
  std::uint64_t seq = first_seq;
  std::int64_t wall_us = 0;
  for (const auto& stored : row.reports()) {
    wall_us += stored.wall_us();
    core::Report report{seq++, {wall_us}, {}};
    if (stored.names_size() != stored.values_size()) {
      return impossible_row("row of metrics");
    }
    for (int i = 0; i < stored.names_size(); ++i) {
      if (stored.names(i) >= static_cast<std::uint32_t>(row.names_size())) {
        return impossible_row("row of metrics");
      }
      report.metrics.push_back({row.names(static_cast<int>(stored.names(i))), stored.values(i)});
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

std::string encode_header(const SweepHeader& header) {
  store::SweepHeader stored;
  stored.set_version(kRowVersion);
  stored.set_sweep(header.id.value);
  put(*stored.mutable_request(), header.request);
  stored.set_name(header.name);
  stored.set_experiment(header.experiment);
  stored.set_user(header.user);
  stored.set_job(header.job);
  stored.set_state(static_cast<std::int32_t>(header.state));
  put(*stored.mutable_reason(), header.reason);
  stored.set_submitted_wall_us(header.submitted.us);
  stored.set_ended_wall_us(header.ended.us);
  stored.set_metric(header.metric);
  stored.set_goal(static_cast<std::int32_t>(header.goal));
  stored.set_trials_total(header.trials_total);
  for (const auto& [state, count] : header.counts) {
    store::SweepHeader::Count& row = *stored.add_counts();
    row.set_state(static_cast<std::int32_t>(state));
    row.set_count(count);
  }
  stored.set_best_trial(header.best_trial.value);
  stored.set_best_value(header.best_value);
  stored.set_reports(header.reports);
  return stored.SerializeAsString();
}

Result<SweepHeader> decode_header(std::string_view bytes) {
  store::SweepHeader row;
  SWEEPD_TRY_VOID(parse_row(bytes, "sweep header", row));
  Checked check;
  SweepHeader header;
  header.id = check.sweep(row.sweep());
  header.request = request_of(row.request());
  header.name = row.name();
  header.experiment = row.experiment();
  header.user = row.user();
  header.job = row.job();
  header.state = check.enumerator(row.state(), core::SweepState::kCancelled);
  header.reason = check.reason(row.reason());
  header.submitted = {row.submitted_wall_us()};
  header.ended = {row.ended_wall_us()};
  header.metric = row.metric();
  header.goal = check.enumerator(row.goal(), sweeps::Goal::kMaximize);
  header.trials_total = row.trials_total();
  for (const auto& count : row.counts()) {
    header.counts[check.enumerator(count.state(), core::TrialState::kCancelled)] = count.count();
  }
  header.best_trial = {row.best_trial()};
  header.best_value = row.best_value();
  header.reports = row.reports();
  if (!check.good()) {
    return impossible_row("sweep header");
  }
  return header;
}

std::string encode_clock(const ClockMark& mark) {
  store::Clock stored;
  stored.set_boot_id(mark.boot_id);
  stored.set_boottime_us(mark.boottime_us);
  stored.set_wall_us(mark.wall.us);
  stored.set_now_us(mark.now.us);
  return stored.SerializeAsString();
}

Result<ClockMark> decode_clock(std::string_view bytes) {
  store::Clock row;
  if (!row.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return impossible_row("clock");
  }
  return ClockMark{row.boot_id(), row.boottime_us(), {row.wall_us()}, {row.now_us()}};
}

}  // namespace sweepd::daemon
