// metrics: the reports of a trial as a table, CSV, JSON or a stream.
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/reports.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ostream>

namespace sweepd::cli {

namespace {

std::vector<std::string> metric_names(const std::vector<pb::Report>& reports) {
  std::vector<std::string> names;
  for (const pb::Report& report : reports) {
    for (const pb::Metric& metric : report.metrics()) {
      if (std::find(names.begin(), names.end(), metric.name()) == names.end()) {
        names.push_back(metric.name());
      }
    }
  }
  return names;
}

std::string metric_cell(const pb::Report& report, const std::string& name) {
  for (const pb::Metric& metric : report.metrics()) {
    if (metric.name() == name) {
      return number_text(metric.value());
    }
  }
  return {};
}

Listing listing_of(const Reports& all) {
  Listing listing{"report",
                  {"attempt", "report", "at", "metrics"},
                  {},
                  {{"REPORT", Align::kRight}, {"AT"}},
                  {}};
  const std::vector<std::string> names = metric_names(all.reports);
  for (const std::string& name : names) {
    listing.headings.push_back({name, Align::kRight, Cells::kSpare});
  }
  for (const pb::Report& report : all.reports) {
    Row row{to_json(all.attempt, report),
            {fmt::format("{}", report.seq()), clock_text(report.wall_us())}};
    for (const std::string& name : names) {
      row.cells.push_back(metric_cell(report, name));
    }
    listing.rows.push_back(std::move(row));
  }
  return listing;
}

std::string stream_line(const pb::Attempt& attempt,
                        const pb::Report& report,
                        const ReadOptions& read) {
  if (read.json) {
    return dump(selected(to_json(attempt, report), read.fields));
  }
  std::string line = fmt::format("{}  {}", clock_text(report.wall_us()), report.seq());
  for (const pb::Metric& metric : report.metrics()) {
    line += fmt::format("  {} {}", printable(metric.name()), number_text(metric.value()));
  }
  return line;
}

// The reports of a trial as they come, through all its attempts from the one that is current at the
// start.
class MetricsFollower {
 public:
  MetricsFollower(const MetricsArgs& args, std::vector<Condition> conditions, Session& session)
      : args_(args),
        conditions_(std::move(conditions)),
        session_(session),
        trial_(args.selector),
        hash_(args.selector.find('#')) {}

  // True when the trial has ended and all its reports were printed.
  Result<bool> step() {
    SWEEPD_TRY(const pb::TrialDetail trial, show_trial(session_, trial_));
    const pb::TrialRow& row = trial.row();
    const bool one_attempt = hash_ != std::string::npos;
    if (attempt_ == 0) {
      // From now on by number: `best` may mean another trial tomorrow.
      trial_ = trial_name(row.sweep(), row.trial());
      attempt_ =
          one_attempt
              ? static_cast<std::uint32_t>(std::strtoul(&args_.selector[hash_ + 1], nullptr, 10))
              : row.attempt();
    }
    if (attempt_ == 0) {
      return is_terminal(row.state());  // it ended without ever having been started
    }
    SWEEPD_TRY(const bool complete, drain());
    if (complete && !one_attempt && row.attempt() > attempt_) {
      ++attempt_;
      after_ = 0;
      session_.say(fmt::format("{}#{} began", trial_, attempt_));
      return false;
    }
    return complete && (one_attempt || is_terminal(row.state()));
  }

 private:
  // Prints what came; true when the attempt has ended and these were its last reports. It is named,
  // since without its number the daemon answers for the newest.
  Result<bool> drain() {
    for (;;) {
      SWEEPD_TRY(const pb::MetricPage page,
                 read_reports(session_, fmt::format("{}#{}", trial_, attempt_), after_));
      for (const pb::Report& report : page.reports()) {
        if (meets_all(to_json(page.attempt(), report), conditions_)) {
          session_.console().out << stream_line(page.attempt(), report, args_.read) << '\n';
        }
        after_ = report.seq();
      }
      session_.console().out << std::flush;
      if (page.complete() || page.reports().empty()) {
        return page.complete();
      }
    }
  }

  const MetricsArgs& args_;
  std::vector<Condition> conditions_;
  Session& session_;
  std::string trial_;
  std::size_t hash_;           // where the selector names an attempt, if it does
  std::uint64_t after_ = 0;    // the last report that was printed
  std::uint32_t attempt_ = 0;  // being read; 0: none yet
};

Result<int> follow(const MetricsArgs& args, Session& session) {
  SWEEPD_TRY(std::vector<Condition> conditions, parse_conditions(args.read));
  Interrupts interrupts;
  Reconnecting reconnecting(session);
  MetricsFollower follower(args, std::move(conditions), session);
  for (;;) {
    const Result<bool> done = follower.step();
    if (!done.ok() && !reconnecting.tolerates(done.error())) {
      return done.error();
    }
    if (done.ok()) {
      reconnecting.answered();
      if (*done) {
        return kExitOk;
      }
    }
    if (interrupts.wait(kFollowPeriod)) {
      return Error{Errc::kInterrupted, "interrupted; the work goes on"};
    }
  }
}

}  // namespace

Result<int> run(const MetricsArgs& args, Session& session) {
  if (args.follow) {
    return follow(args, session);
  }
  SWEEPD_TRY(const Reports all, all_reports(session, args.selector));
  Listing listing = listing_of(all);
  listing.nothing = "no reports; `sweepctl help metrics` says how a script reports";
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, session.console()));
  return kExitOk;
}

}  // namespace sweepd::cli
