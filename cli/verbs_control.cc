// stop, pause, resume, kill, retry.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <ostream>

namespace sweepd::cli {

namespace {

std::string_view done_text(pb::Verb verb) {
  switch (verb) {
    case pb::PAUSE:
      return "paused: running trials finish, no new ones start";
    case pb::RESUME:
      return "resumed";
    case pb::STOP:
      return "stopping: running trials finish, then it ends";
    case pb::KILL:
      return "killed";
    case pb::RETRY:
      return "queued again";
    default:  // open: the protocol's enumerators are not ours alone
      return "done";
  }
}

// What is of use next. `now` is the sweep after the order; without it, it is taken for a sweep that
// goes on.
std::string next_text(pb::Verb verb, std::uint64_t sweep, const pb::SweepSummary& now) {
  switch (verb) {
    case pb::PAUSE:
      return fmt::format("  go on   sweepctl resume {}", sweep);
    case pb::KILL:
      return now.job() ? fmt::format("  logs    sweepctl logs {}/1", sweep)
                       : fmt::format("  best    sweepctl top {}", sweep);
    case pb::STOP:
      return fmt::format("  wait    sweepctl wait {}\n  at once sweepctl kill {}", sweep, sweep);
    default:
      break;
  }
  if (now.state() == "paused") {  // trials that were queued again wait for it
    return fmt::format("  go on   sweepctl resume {}", sweep);
  }
  return now.job() ? fmt::format("  follow  sweepctl logs {}/1 -f", sweep)
                   : fmt::format("  watch   sweepctl watch {}", sweep);
}

std::string what_text(const pb::Controlled& controlled) {
  const int count = controlled.trials_size();
  if (count == 0) {
    return fmt::format("{}", controlled.sweep());
  }
  return count == 1 ? trial_name(controlled.sweep(), controlled.trials(0))
                    : fmt::format("{} of {}",
                                  counted(static_cast<std::uint64_t>(count), "trial"),
                                  controlled.sweep());
}

std::string_view name_of(pb::Verb verb) {
  switch (verb) {
    case pb::PAUSE:
      return "pause";
    case pb::RESUME:
      return "resume";
    case pb::STOP:
      return "stop";
    case pb::KILL:
      return "kill";
    case pb::RETRY:
      return "retry";
    default:  // open: the protocol's enumerators are not ours alone
      return "unknown";
  }
}

// The sweep after an order, since the answer to one has the state that the sweep was found in.
// Without a state when that cannot be found out, though the order was taken.
pb::SweepSummary after(Session& session, const pb::Controlled& controlled) {
  const Result<pb::SweepDetail> now = show_sweep(session, fmt::format("{}", controlled.sweep()));
  return now.ok() ? now->summary() : pb::SweepSummary();
}

Json record_of(pb::Verb verb, const pb::Controlled& controlled, const pb::SweepSummary& now) {
  Json record = {{"sweep", controlled.sweep()},
                 {"state", now.state().empty() ? Json(nullptr) : Json(now.state())},
                 {"ending", now.state().empty() ? Json(nullptr) : Json(now.has_closing())},
                 {"ordered", name_of(verb)},
                 {"trials", Json::array()}};
  for (const std::uint32_t trial : controlled.trials()) {
    record["trials"].push_back(trial_name(controlled.sweep(), trial));
  }
  return record;
}

}  // namespace

Result<int> run(const ControlArgs& args, Session& session) {
  for (const std::string& selector : args.selectors) {
    pb::ClientRequest request;
    pb::Control& control = *request.mutable_control();
    SWEEPD_TRY(*control.mutable_selector(), with_number(session, selector));
    control.set_verb(args.verb);
    control.set_reason(args.reason);
    control.set_user(user_name());
    SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
    const pb::Controlled& controlled = reply.controlled();
    if (args.quiet && !args.json) {
      continue;
    }
    const pb::SweepSummary now = after(session, controlled);
    if (args.json) {
      session.console().out << dump(record_of(args.verb, controlled, now)) << '\n';
    } else {
      session.say(fmt::format("{} {}", what_text(controlled), done_text(args.verb)));
      session.say(next_text(args.verb, controlled.sweep(), now));
    }
  }
  return kExitOk;
}

}  // namespace sweepd::cli
