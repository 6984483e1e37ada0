// explain: why a sweep or a trial is in its state, with every decision of the policy.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/verbs.h"

#include <fmt/format.h>

namespace sweepd::cli {

namespace {

std::string verdicts_text(const pb::TrialDetail& trial, const Terminal& terminal) {
  if (trial.verdicts().empty()) {
    return {};
  }
  Table table{{{"RULE"},
               {"AT", Align::kRight},
               {"OWN", Align::kRight},
               {"THRESHOLD", Align::kRight},
               {"PEERS", Align::kRight},
               {"VERDICT"},
               {"DECIDED"}},
              {}};
  for (const pb::VerdictRow& verdict : trial.verdicts()) {
    table.rows.push_back({verdict.rule(),
                          number_text(verdict.at()),
                          number_text(verdict.own()),
                          number_text(verdict.threshold()),
                          fmt::format("{}", verdict.peers()),
                          verdict.stop() ? "stop" : "continue",
                          clock_text(verdict.wall_us())});
  }
  return fmt::format("\nthe policy's decisions ({} is {}d):\n{}",
                     printable(trial.metric()),
                     printable(trial.goal()),
                     render_table(table, true, terminal));
}

Result<int> explain_trial(const ExplainArgs& args, Session& session) {
  SWEEPD_TRY(const pb::TrialDetail trial, show_trial(session, args.selector));
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
  text += verdicts_text(trial, terminal);
  SWEEPD_TRY_VOID(print_one(to_json(trial), "trial", text, args.read, session.console()));
  return kExitOk;
}

Result<int> explain_sweep(const ExplainArgs& args, Session& session) {
  SWEEPD_TRY(const pb::SweepDetail detail, show_sweep(session, args.selector));
  const pb::SweepSummary& sweep = detail.summary();
  std::string text = printable(sweep_text(sweep)) + "\n" + counts_text(sweep) + "\n";
  if (!detail.waiting().empty()) {
    text += printable(detail.waiting()) + "\n";
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
