// explain: why a sweep or a trial is in its state, with every decision of the policy.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/reports.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kRanksMax = 1000;  // the daemon sends no more

// "any" where there were too few peers for one, "finite" where that alone was asked for.
std::string threshold_text(const pb::VerdictRow& verdict) {
  return verdict.rule() == "nan"              ? "finite"
         : std::isfinite(verdict.threshold()) ? number_text(verdict.threshold())
                                              : "any";
}

std::string verdicts_text(const pb::TrialDetail& trial, const Terminal& terminal) {
  if (trial.verdicts().empty()) {
    return {};
  }
  Table table{{{"RULE"},
               {"AT", Align::kRight},
               {"OWN", Align::kRight},
               {"THRESHOLD", Align::kRight},
               {"PEERS", Align::kRight, Cells::kSpare},
               {"VERDICT"},
               {"DECIDED", Align::kLeft, Cells::kSpare}},
              {}};
  // Decisions on earlier attempts are not about what runs now.
  const bool several = trial.row().attempt() > 1;
  if (several) {
    table.headings.insert(table.headings.begin(), {"ATTEMPT"});
  }
  for (const pb::VerdictRow& verdict : trial.verdicts()) {
    table.rows.push_back({verdict.rule(),
                          number_text(verdict.at()),
                          number_text(verdict.own()),
                          threshold_text(verdict),
                          fmt::format("{}", verdict.peers()),
                          verdict.stop() ? "stop" : "continue",
                          clock_text(verdict.wall_us())});
    if (several) {
      std::vector<std::string>& cells = table.rows.back();
      cells.insert(cells.begin(), fmt::format("#{}", verdict.attempt()));
    }
  }
  return fmt::format("\nthe policy's decisions ({} is {}d):\n{}",
                     printable(trial.metric()),
                     printable(trial.goal()),
                     render_table(table, true, terminal));
}

// "473ms on gpu-a:0, exit code 0"
std::string ran_text(const pb::AttemptRow& attempt) {
  std::string text =
      fmt::format("{} on {}",
                  time_text(attempt.started_wall_us(), attempt.ended_wall_us(), wall_now_us()),
                  place_text(attempt.agent(), {attempt.slots().begin(), attempt.slots().end()}));
  return has_exit(attempt) ? fmt::format("{}, exit code {}", text, attempt.exit_code()) : text;
}

std::string attempts_text(const pb::TrialDetail& trial) {
  if (trial.attempts().empty()) {
    return {};
  }
  std::string text;
  for (int i = 0; i + 1 < trial.attempts_size(); ++i) {
    const pb::AttemptRow& attempt = trial.attempts(i);
    text += fact(fmt::format("#{}", attempt.attempt()),
                 fmt::format("{}: {}", attempt.state(), attempt.reason().sentence()));
  }
  const pb::AttemptRow& last = trial.attempts(trial.attempts_size() - 1);
  return text + fact(fmt::format("#{}", last.attempt()), "completed: " + ran_text(last));
}

// "2 of 6 trials with a value"; empty of a job, and when it cannot be found out.
std::string rank_text(Session& session, const pb::TrialRow& trial) {
  const Result<pb::LeaderboardPage> page =
      leaderboard(session, fmt::format("{}", trial.sweep()), kRanksMax);
  if (!page.ok() || page->rows().empty() || page->summary().job()) {
    return {};
  }
  const auto own =
      std::find_if(page->rows().begin(), page->rows().end(), [&trial](const pb::TrialRow& row) {
        return row.trial() == trial.trial();
      });
  if (own == page->rows().end()) {
    return fmt::format("none of the best {}", page->rows_size());
  }
  return fmt::format("{} of {}{} with a value",
                     own - page->rows().begin() + 1,
                     page->more() ? "more than " : "",
                     counted(static_cast<std::uint64_t>(page->rows_size()), "trial"));
}

// How the policy judged the attempt that completed.
std::string checks_text(const pb::TrialDetail& trial) {
  const auto checks = std::count_if(
      trial.verdicts().begin(), trial.verdicts().end(), [&trial](const pb::VerdictRow& verdict) {
        return verdict.attempt() == trial.row().attempt();
      });
  return checks == 0 ? "made no check of it"
                     : fmt::format("let it go on at {}",
                                   counted(static_cast<std::uint64_t>(checks), "check"));
}

// What a trial did that nothing went wrong with.
std::string success_text(Session& session, const pb::TrialDetail& trial) {
  std::string text = attempts_text(trial);
  if (trial.metric().empty() || !trial.row().has_value()) {
    return text;
  }
  text += fact("value",
               fmt::format("{} {} after {}",
                           trial.metric(),
                           number_text(trial.row().value()),
                           counted(trial.row().reports(), "report")));
  const std::string rank = rank_text(session, trial.row());
  return rank.empty() ? text : text + fact("rank", rank) + fact("policy", checks_text(trial));
}

Result<int> explain_trial(const ExplainArgs& args, Session& session) {
  SWEEPD_TRY(pb::TrialDetail trial, show_trial(session, args.selector));
  put_reported(session, trial);
  const pb::TrialRow& row = trial.row();
  const Terminal& terminal = session.console().out_terminal;
  std::string text = printable_log(trial.explanation());
  if (text.empty()) {  // a daemon older than explanations
    text = fmt::format("{} is {}: {}",
                       trial_name(row.sweep(), row.trial()),
                       row.state(),
                       printable(row.reason().sentence()));
  }
  text += text.ends_with('\n') ? "" : "\n";
  if (row.state() == "completed" && !args.read.json && !args.read.csv && !args.read.quiet) {
    text += success_text(session, trial);
  }
  text += verdicts_text(trial, terminal);
  SWEEPD_TRY_VOID(print_one(to_json(trial), "trial", text, args.read, session.console()));
  return kExitOk;
}

Result<int> explain_sweep(const ExplainArgs& args, Session& session) {
  SWEEPD_TRY(const pb::SweepDetail detail, show_sweep(session, args.selector));
  const pb::SweepSummary& sweep = detail.summary();
  std::string text = printable(sweep_text(sweep)) + "\n" + counts_text(sweep) + "\n";
  const std::string waiting = waiting_text(detail);
  if (!waiting.empty()) {
    text += printable(waiting) + "\n";
  }
  if (count_of(sweep, "failed") > 0) {
    text += fmt::format("failed trials: sweepctl trial ls {}/failed\n", sweep.sweep());
  }
  SWEEPD_TRY_VOID(print_one(to_json(detail), "sweep", text, args.read, session.console()));
  return kExitOk;
}

}  // namespace

Result<int> run(const ExplainArgs& args, Session& session) {
  return names_trials(args.selector) ? explain_trial(args, session) : explain_sweep(args, session);
}

}  // namespace sweepd::cli
