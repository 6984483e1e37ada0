// du: what each sweep takes on the daemon's disk.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/gc_run.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace sweepd::cli {

namespace {

std::uint64_t total_of(const pb::GcSweep& sweep) {
  return sweep.record_bytes() + sweep.metric_bytes() + sweep.log_bytes() + sweep.bytes();
}

Json record_of(const pb::GcSweep& sweep) {
  return {{"sweep", sweep.sweep()},
          {"name", sweep.name()},
          {"state", sweep.state()},
          {"record_bytes", sweep.record_bytes()},
          {"metric_bytes", sweep.metric_bytes()},
          {"log_bytes", sweep.log_bytes()},
          {"files", sweep.files()},
          {"file_bytes", sweep.bytes()},
          {"bytes", total_of(sweep)}};
}

Listing usage_listing(const std::vector<pb::GcSweep>& sweeps) {
  Listing listing{"sweep",
                  {"sweep",
                   "name",
                   "state",
                   "record_bytes",
                   "metric_bytes",
                   "log_bytes",
                   "files",
                   "file_bytes",
                   "bytes"},
                  {{"id", "sweep"}, {"size", "bytes"}},
                  {{"SWEEP", Align::kRight},
                   {"NAME", Align::kLeft, Cells::kText},
                   {"STATE", Align::kLeft, Cells::kState},
                   {"RECORDS", Align::kRight},
                   {"METRICS", Align::kRight},
                   {"LOGS", Align::kRight},
                   {"FILES", Align::kRight},
                   {"SIZE", Align::kRight}},
                  {},
                  "no sweeps yet; start one with `sweepctl submit FILE`"};
  for (const pb::GcSweep& sweep : sweeps) {
    listing.rows.push_back({record_of(sweep),
                            {fmt::format("{}", sweep.sweep()),
                             sweep.name(),
                             sweep.state(),
                             bytes_text(sweep.record_bytes()),
                             bytes_text(sweep.metric_bytes()),
                             bytes_text(sweep.log_bytes()),
                             bytes_text(sweep.bytes()),
                             bytes_text(total_of(sweep))}});
  }
  return listing;
}

}  // namespace

Result<int> run(const UsageArgs& args, Session& session) {
  pb::StartGc start;
  start.set_dry_run(true);
  start.set_weigh(true);
  start.mutable_without()->Add(args.selectors.begin(), args.selectors.end());
  const bool for_people = !args.read.json && !args.read.csv && !args.read.quiet;
  SWEEPD_TRY(const pb::GcDetail gc, run_gc(session, start, !for_people));
  std::vector<pb::GcSweep> sweeps(gc.sweeps().begin(), gc.sweeps().end());
  std::sort(sweeps.begin(), sweeps.end(), [](const auto& a, const auto& b) {
    return std::pair(total_of(b), a.sweep()) < std::pair(total_of(a), b.sweep());
  });
  SWEEPD_TRY_VOID(print(usage_listing(sweeps), args.read, session.console()));
  if (for_people && gc.total() > sweeps.size()) {
    session.say(fmt::format("the {} largest of {} sweeps", sweeps.size(), gc.total()));
  }
  if (for_people && !sweeps.empty()) {
    session.say(
        "before compression; files that several sweeps share count for each. `sweepctl rm "
        "--dry-run` says what a removal would free");
  }
  return kExitOk;
}

}  // namespace sweepd::cli
