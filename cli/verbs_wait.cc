// wait: until sweeps or trials have ended, with the answer as the exit code.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/json.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <ostream>

namespace sweepd::cli {

namespace {

struct Ending {
  bool success = false;
  Json record;
  std::string text;
};

Result<Ending> wait_for(Session& session,
                        const std::string& selector,
                        const WaitOptions& options,
                        Interrupts& interrupts) {
  if (names_trials(selector)) {
    SWEEPD_TRY(const pb::TrialRow trial, wait_for_trial(session, selector, options, interrupts));
    SWEEPD_TRY(const pb::TrialDetail detail, show_trial(session, selector));
    return Ending{
        trial.state() == "completed", to_json(trial), change_text(trial, detail.metric())};
  }
  SWEEPD_TRY(const pb::SweepSummary sweep, wait_for_sweep(session, selector, options, interrupts));
  return Ending{sweep.state() == "completed", to_json(sweep), sweep_text(sweep)};
}

}  // namespace

Result<int> run(const WaitArgs& args, Session& session) {
  Interrupts interrupts;
  WaitOptions options;
  options.quiet = args.quiet || args.json;
  if (args.timeout) {
    options.deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(args.timeout->us);
  }
  bool success = true;
  for (const std::string& selector : args.selectors) {
    SWEEPD_TRY(const Ending ending, wait_for(session, selector, options, interrupts));
    success = success && ending.success;
    if (args.json) {
      session.console().out << dump(ending.record) << '\n' << std::flush;
    } else if (!args.quiet) {
      session.say(printable(ending.text));
    }
  }
  return success ? kExitOk : kExitNotSuccessful;
}

}  // namespace sweepd::cli
