// Polling with a low-water mark, so that a sweep of a million trials costs a page a look.
#include "cli/follow.h"

#include "cli/describe.h"
#include "cli/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sweepd::cli {

namespace {

// Whether the wait may go on; the error that ends it otherwise.
Result<void> pause(const WaitOptions& options, Interrupts& interrupts) {
  using std::chrono::milliseconds;
  milliseconds span = kFollowPeriod;
  if (options.deadline) {
    const auto left =
        std::chrono::ceil<milliseconds>(*options.deadline - std::chrono::steady_clock::now());
    if (left <= milliseconds(0)) {
      return Error{Errc::kTimeout, "the time given with --timeout has passed; the work goes on"};
    }
    span = std::min(span, left);
  }
  if (interrupts.wait(span)) {
    return Error{Errc::kInterrupted, "interrupted; the work goes on"};
  }
  return {};
}

}  // namespace

Result<std::vector<pb::TrialRow>> SweepFollower::look() {
  SWEEPD_TRY(pb::SweepDetail detail, show_sweep(session_, selector_));
  // A retry makes ended trials live again: then all of them are looked at once more.
  if (ended_trials(detail.summary()) < settled_) {
    settled_ = 0;
  }
  // From now on by number: `last` or a name may mean another sweep tomorrow.
  selector_ = std::to_string(detail.summary().sweep());
  SWEEPD_TRY(std::vector<pb::TrialRow> rows,
             list_trials(session_, {selector_, settled_, UINT32_MAX}));
  std::vector<pb::TrialRow> changed;
  for (pb::TrialRow& row : rows) {
    pb::TrialRow& known = trials_[row.trial()];
    if (known.state() != row.state() || known.attempt() != row.attempt()) {
      changed.push_back(row);
    }
    if (is_terminal(row.state()) && row.trial() == settled_ + 1) {
      ++settled_;
    }
    known = std::move(row);
  }
  detail_ = std::move(detail);
  ended_ = is_terminal(detail_.summary().state());
  return changed;
}

bool Reconnecting::tolerates(const Error& error) {
  const bool away = error.code == Errc::kUnavailable || error.code == Errc::kTimeout;
  if (!answered_ || !away) {
    return false;
  }
  if (!away_) {
    session_.say("the daemon is away; trying again until it is back (Ctrl-C ends)");
  }
  away_ = true;
  return true;
}

void Reconnecting::answered() {
  if (away_) {
    session_.say("the daemon is back");
  }
  answered_ = true;
  away_ = false;
}

bool paused_itself(const pb::SweepSummary& sweep) {
  return sweep.state() == "paused" && sweep.reason().code() == pb::FAILED_TRIALS;
}

Result<pb::SweepSummary> wait_for_sweep(Session& session,
                                        const std::string& selector,
                                        const WaitOptions& options,
                                        Interrupts& interrupts) {
  SweepFollower follower(session, selector);
  Reconnecting reconnecting(session);
  const bool bar = session.console().err_terminal.tty && !options.quiet;
  std::optional<Progress> progress;
  for (bool first = true;; first = false) {
    const Result<std::vector<pb::TrialRow>> changed = follower.look();
    if (changed.ok()) {
      reconnecting.answered();
      for (const pb::TrialRow& trial : *changed) {
        const bool tell = bar ? trial.state() == "failed" : is_terminal(trial.state());
        if (!first && !options.quiet && tell) {
          if (progress) {
            progress->clear();
          }
          session.say(printable(change_text(trial, follower.summary().metric())));
        }
      }
      if (bar) {
        if (!progress) {
          progress.emplace(
              session.console(), fmt::format("sweep {}", follower.summary().sweep()), false);
        }
        progress->update(ended_trials(follower.summary()), follower.summary().trials_total());
      }
      if (follower.ended() || paused_itself(follower.summary())) {
        return follower.summary();
      }
    } else if (!reconnecting.tolerates(changed.error())) {
      return changed.error();
    }
    SWEEPD_TRY_VOID(pause(options, interrupts));
  }
}

Result<pb::TrialRow> wait_for_trial(Session& session,
                                    const std::string& selector,
                                    const WaitOptions& options,
                                    Interrupts& interrupts) {
  Reconnecting reconnecting(session);
  for (;;) {
    const Result<pb::TrialDetail> trial = show_trial(session, selector);
    if (trial.ok()) {
      reconnecting.answered();
      if (is_terminal(trial->row().state())) {
        return trial->row();
      }
    } else if (!reconnecting.tolerates(trial.error())) {
      return trial.error();
    }
    SWEEPD_TRY_VOID(pause(options, interrupts));
  }
}

}  // namespace sweepd::cli
