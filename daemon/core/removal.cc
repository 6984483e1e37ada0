// What the core decides on the removal of sweeps: that one is gone. What it leaves on the disk is
// deleted afterwards, by whoever reads that it is.
#include "daemon/core/decider.h"
#include "daemon/core/view.h"

#include <fmt/format.h>

namespace sweepd::core {

Result<void> may_remove(const Sweep& sweep) {
  if (!is_terminal(sweep.state)) {
    return Error{Errc::kWrongState,
                 fmt::format("sweep {} is {}{}: only ended sweeps are removed; `sweepctl kill {}` "
                             "it first",
                             sweep.id.value,
                             to_text(sweep.state),
                             sweep.closing ? " and ending" : "",
                             sweep.id.value)};
  }
  return {};
}

namespace {

Result<const Sweep*> removable(const State& state, const std::string& selector) {
  SWEEPD_TRY(const Target target, find_target(state, selector));
  if (target.selection.names_trials) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' names trials: a sweep is removed whole, as {}",
                             selector,
                             target.sweep->id.value)};
  }
  SWEEPD_TRY_VOID(may_remove(*target.sweep));
  return target.sweep;
}

}  // namespace

void on(Decider& decider, const RemovalRequested& event) {
  if (answered_before(decider, event.request)) {
    return;
  }
  const auto sweep = removable(decider.state(), event.selector);
  if (!sweep.ok()) {
    decider.ask(Answer{event.request, sweep.error()});
    return;
  }
  const SweepRemoved record{event.request,
                            (*sweep)->id,
                            (*sweep)->request,
                            static_cast<std::uint32_t>((*sweep)->trials.size()),
                            event.user,
                            decider.at().wall};
  decider.decide(record);
  decider.ask(Answer{event.request, RemovalAnswer{record.sweep, record.trials}});
}

}  // namespace sweepd::core
