// The process sets of a box under their shims.
#include "tests/sim/system/real_box.h"

#include <algorithm>

namespace sweepd::sim {

void RealBox::emit(const AttemptKey& key, std::size_t index) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end) {
    return;
  }
  Process& process = found->second;
  if (index == process.program.reports.size()) {
    if (process.program.end == ProgramEnd::kHang || process.terminating) {
      return;
    }
    ProcessEnd end{true, 0, 0};
    (process.program.end == ProgramEnd::kSignal ? end.signal : end.exit_code) =
        process.program.code;
    process_over(key, end);
    return;
  }
  const core::Report emitted{
      ++process.emitted, world_.wall(at_box(index_)), process.program.reports[index]};
  world_.auditor.report_emitted(key, emitted);
  pb::Report report;
  report.set_wall_us(emitted.wall.us);
  for (const core::MetricValue& metric : emitted.metrics) {
    pb::Metric& told = *report.add_metrics();
    told.set_name(metric.name);
    told.set_value(metric.value);
  }
  (disk_full_ ? process.waiting : process.file).push_back(report);
  later_in_program(world_.between({}, milliseconds(400)), [this] { pump(); });
  later_on_box(process.program.between_reports, [this, key, index] { emit(key, index + 1); });
}

void RealBox::terminate(const AttemptKey& key, Duration grace) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end) {
    return;
  }
  found->second.terminating = true;
  later_on_box(world_.between(milliseconds(2), {grace.us + milliseconds(20).us}), [this, key] {
    if (const auto process = processes_.find(key);
        process != processes_.end() && !process->second.end) {
      process_over(key, {false, 0, 15});
    }
  });
}

void RealBox::process_over(const AttemptKey& key, const ProcessEnd& end) {
  processes_.at(key).end = end;
  world_.trace("{} process of {} is over", plan_.uuid, to_string(key));
  world_.auditor.process_ended(key, end);
  later_in_program(milliseconds(5), [this] { pump(); });
}

void RealBox::watch_lease(const AttemptKey& key) {
  const auto found = processes_.find(key);
  if (found == processes_.end() || found->second.end || found->second.watched ||
      world_.mutant == Mutant::kLeaseInProgramOnly) {
    return;
  }
  found->second.watched = true;
  later_on_box(std::max(Duration{}, found->second.lease - world_.now()), [this, key] {
    const auto process = processes_.find(key);
    if (process == processes_.end() || process->second.end) {
      return;
    }
    process->second.watched = false;
    if (world_.now() < process->second.lease) {
      watch_lease(key);  // it was renewed
    } else {
      process->second.lapsed = true;
      terminate(key, {});
    }
  });
}

}  // namespace sweepd::sim
