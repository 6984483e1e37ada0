// rm and gc: what goes, and what that frees.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/gc_run.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <vector>

namespace sweepd::cli {

namespace {

std::string files_text(std::uint64_t files, std::uint64_t bytes) {
  return fmt::format("{} ({})", counted(files, "file"), bytes_text(bytes));
}

std::uint64_t trials_of(const pb::SweepSummary& sweep) {
  std::uint64_t trials = 0;
  for (const pb::StateCount& count : sweep.counts()) {
    trials += count.count();
  }
  return trials;
}

Json record_of(const pb::SweepSummary& sweep, const pb::GcSweep& files) {
  return {{"sweep", sweep.sweep()},
          {"name", sweep.name()},
          {"state", sweep.state()},
          {"trials", trials_of(sweep)},
          {"reports", sweep.reports()},
          {"log_bytes", files.log_bytes()},
          {"files", files.files()},
          {"bytes", files.bytes()}};
}

// What would go, a line a sweep.
Table table_of(const std::vector<pb::SweepSummary>& sweeps, const pb::GcDetail& gc) {
  Table table{{{"SWEEP"},
               {"NAME", Align::kLeft, Cells::kText},
               {"STATE", Align::kLeft, Cells::kState},
               {"TRIALS", Align::kRight},
               {"REPORTS", Align::kRight},
               {"LOGS", Align::kRight},
               {"FILES", Align::kRight},
               {"SIZE", Align::kRight}},
              {}};
  for (int i = 0; i < gc.sweeps_size(); ++i) {
    const pb::SweepSummary& sweep = sweeps[static_cast<std::size_t>(i)];
    const pb::GcSweep& files = gc.sweeps(i);
    table.rows.push_back({fmt::format("{}", sweep.sweep()),
                          sweep.name(),
                          sweep.state(),
                          fmt::format("{}", trials_of(sweep)),
                          fmt::format("{}", sweep.reports()),
                          bytes_text(files.log_bytes()),
                          fmt::format("{}", files.files()),
                          bytes_text(files.bytes())});
  }
  return table;
}

// The sweep that is to go. What cannot be taken back is not guessed from the beginning of a name.
Result<pb::SweepSummary> meant(Session& session, const std::string& selector) {
  if (names_trials(selector)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' names trials: a sweep is removed whole", selector)};
  }
  SWEEPD_TRY(pb::SweepDetail detail, show_sweep(session, selector));
  pb::SweepSummary& sweep = *detail.mutable_summary();
  const bool number = selector.find_first_not_of("0123456789") == std::string::npos;
  if (!number && selector != "last" && selector != sweep.name()) {
    return Error{Errc::kNotFound,
                 fmt::format("no sweep is named '{}'; {} is named '{}': rm takes a whole name, or "
                             "the number",
                             selector,
                             sweep.sweep(),
                             sweep.name())};
  }
  return std::move(sweep);
}

Result<std::vector<pb::SweepSummary>> all_meant(Session& session,
                                                const std::vector<std::string>& selectors) {
  std::vector<pb::SweepSummary> sweeps;
  for (const std::string& selector : selectors) {
    SWEEPD_TRY(pb::SweepSummary sweep, meant(session, selector));
    sweeps.push_back(std::move(sweep));
  }
  return sweeps;
}

Result<int> show_removal(const RemoveArgs& args, Session& session) {
  SWEEPD_TRY(std::vector<pb::SweepSummary> sweeps, all_meant(session, args.selectors));
  pb::StartGc start;
  start.set_dry_run(true);
  for (const pb::SweepSummary& sweep : sweeps) {
    start.add_without(fmt::format("{}", sweep.sweep()));
  }
  SWEEPD_TRY(const pb::GcDetail gc, run_gc(session, start, args.quiet || args.json));
  // The answer is in the order of their numbers, each once.
  std::sort(sweeps.begin(), sweeps.end(), [](const auto& a, const auto& b) {
    return a.sweep() < b.sweep();
  });
  sweeps.erase(std::unique(sweeps.begin(),
                           sweeps.end(),
                           [](const auto& a, const auto& b) { return a.sweep() == b.sweep(); }),
               sweeps.end());
  if (static_cast<std::size_t>(gc.sweeps_size()) != sweeps.size()) {
    return Error{Errc::kUnexpected, "the daemon weighed other sweeps than were asked for"};
  }
  if (args.json) {
    Json record = {{"dry_run", true}, {"sweeps", Json::array()}};
    for (int i = 0; i < gc.sweeps_size(); ++i) {
      record["sweeps"].push_back(record_of(sweeps[static_cast<std::size_t>(i)], gc.sweeps(i)));
    }
    record["free_files"] = gc.files();
    record["free_bytes"] = gc.bytes();
    session.console().out << dump(record) << '\n';
    return kExitOk;
  }
  session.console().out << render_table(table_of(sweeps, gc), true, session.console().out_terminal);
  if (!args.quiet) {
    session.say(fmt::format("{} would become free, needed by nothing else; nothing was removed",
                            files_text(gc.files(), gc.bytes())));
    std::vector<std::uint64_t> numbers;
    for (const pb::SweepSummary& sweep : sweeps) {
      numbers.push_back(sweep.sweep());
    }
    session.say(fmt::format("  do it   sweepctl rm {}", fmt::join(numbers, " ")));
  }
  return kExitOk;
}

}  // namespace

Result<int> run(const RemoveArgs& args, Session& session) {
  if (args.dry_run) {
    return show_removal(args, session);
  }
  SWEEPD_TRY(const std::vector<pb::SweepSummary> sweeps, all_meant(session, args.selectors));
  for (const pb::SweepSummary& sweep : sweeps) {
    pb::ClientRequest request;
    pb::RemoveSweep& remove = *request.mutable_remove_sweep();
    remove.set_selector(fmt::format("{}", sweep.sweep()));
    remove.set_user(user_name());
    SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
    const pb::Removed& removed = reply.removed();
    if (args.json) {
      session.console().out << dump(
                                   Json({{"sweep", removed.sweep()}, {"trials", removed.trials()}}))
                            << '\n';
    } else if (!args.quiet) {
      session.say(fmt::format("{} \"{}\" removed with {}",
                              removed.sweep(),
                              printable(sweep.name()),
                              counted(removed.trials(), "trial")));
    }
  }
  if (!args.json && !args.quiet) {
    session.say("  what only it needed is deleted in the background; at once: sweepctl gc");
  }
  return kExitOk;
}

Result<int> run(const GcArgs& args, Session& session) {
  pb::StartGc start;
  start.set_dry_run(args.dry_run);
  SWEEPD_TRY(const pb::GcDetail gc, run_gc(session, start, args.quiet || args.json));
  Console& console = session.console();
  if (args.json) {
    console.out << dump(to_json(gc)) << '\n';
    return kExitOk;
  }
  console.out << fmt::format(
      "{} {}\n", files_text(gc.files(), gc.bytes()), args.dry_run ? "would be deleted" : "deleted");
  if (!args.quiet && gc.kept_files() > 0) {
    session.say(
        fmt::format("{} kept that nothing needs yet: younger than a day, or an attempt under way "
                    "may count on them",
                    files_text(gc.kept_files(), gc.kept_bytes())));
  }
  return kExitOk;
}

}  // namespace sweepd::cli
