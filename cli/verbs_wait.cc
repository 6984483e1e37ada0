// wait: until sweeps or trials have ended, with the answer as the exit code.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/json.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <vector>

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
  std::vector<std::vector<std::string>>
      fields;  // of each selector; refused before it is waited for
  for (const std::string& selector : args.selectors) {
    SWEEPD_TRY(
        fields.emplace_back(),
        known_fields(names_trials(selector) ? trial_listing({}, {}) : sweep_listing({}, {}, 0),
                     args.fields));
  }
  Interrupts interrupts;
  WaitOptions options;
  options.quiet = args.quiet || args.json;
  if (args.timeout) {
    options.deadline =
        std::chrono::steady_clock::now() + std::chrono::microseconds(args.timeout->us);
  }
  bool success = true;
  for (std::size_t i = 0; i < args.selectors.size(); ++i) {
    SWEEPD_TRY(const Ending ending, wait_for(session, args.selectors[i], options, interrupts));
    success = success && ending.success;
    if (args.json) {
      session.console().out << dump(selected(ending.record, fields[i])) << '\n' << std::flush;
    } else if (!args.quiet) {
      session.say(printable(ending.text));
    }
  }
  return success ? kExitOk : kExitNotSuccessful;
}

}  // namespace sweepd::cli
