// watch: a full screen on a terminal, a line a change in a pipe, an object a change with --json.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/screen.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <termios.h>
#include <unistd.h>

#include <deque>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr std::size_t kEventsKept = 100;
constexpr std::chrono::milliseconds kRedrawPeriod{500};

// The alternate screen and single key presses, for as long as it lives.
class FullScreen {
 public:
  explicit FullScreen(std::ostream& out) : out_(out) {
    keys_ = ::tcgetattr(STDIN_FILENO, &old_) == 0;
    if (keys_) {
      termios raw = old_;
      raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
      ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    out_ << "\x1b[?1049h\x1b[?25l" << std::flush;
  }

  ~FullScreen() {
    out_ << "\x1b[?25h\x1b[?1049l" << std::flush;
    if (keys_) {
      ::tcsetattr(STDIN_FILENO, TCSANOW, &old_);
    }
  }

  FullScreen(const FullScreen&) = delete;
  FullScreen& operator=(const FullScreen&) = delete;

  // Writes over the last picture instead of clearing it, so that nothing flickers.
  void show(const std::vector<std::string>& lines) {
    std::string text = "\x1b[H";
    for (const std::string& line : lines) {
      text += (&line == &lines.front() ? "" : "\r\n") + line + "\x1b[K";
    }
    out_ << text << "\x1b[J" << std::flush;
  }

  int key_fd() const { return keys_ ? STDIN_FILENO : -1; }

 private:
  std::ostream& out_;
  termios old_{};
  bool keys_ = false;
};

bool holds_slot(const pb::TrialRow& trial) {
  return trial.state() == "preparing" || trial.state() == "running" ||
         trial.state() == "stopping" || trial.state() == "finishing";
}

void fill(WatchView& view, const SweepFollower& follower) {
  view.sweep = follower.summary();
  view.waiting = follower.detail().waiting();
  const pb::StopSpec& stop = follower.detail().spec().stop();
  view.resource_max = stop.policy() == pb::POLICY_KIND_ASHA ? stop.resource_max() : 0;
  view.values.clear();
  view.running.clear();
  for (const auto& [number, trial] : follower.trials()) {
    if (may_be_best(trial)) {
      view.values.push_back(trial.value());
    }
    if (holds_slot(trial)) {
      view.running.push_back(trial);
    }
  }
}

void note(WatchView& view, const std::string& event) {
  view.events.push_front(fmt::format("{}  {}", clock_text(wall_now_us()), printable(event)));
  if (view.events.size() > kEventsKept) {
    view.events.pop_back();
  }
}

// How `wait` would end.
int verdict_on(const pb::SweepSummary& sweep) {
  return sweep.state() == "completed" ? kExitOk : kExitNotSuccessful;
}

Result<int> watch_on_screen(const WatchArgs& args, Session& session) {
  Interrupts interrupts;
  SweepFollower follower(session, args.selector);
  // A wrong id is told on the ordinary screen.
  SWEEPD_TRY(const std::vector<pb::TrialRow> known, follower.look());
  WatchView view;
  FullScreen screen(session.console().out);
  for (bool first = true;; first = false) {
    if (!follower.ended() && !first) {
      const Result<std::vector<pb::TrialRow>> changed = follower.look();
      const bool away = !changed.ok() && (changed.error().code == Errc::kUnavailable ||
                                          changed.error().code == Errc::kTimeout);
      if (!changed.ok() && !away) {
        return changed.error();
      }
      view.away = away;
      if (changed.ok()) {
        for (const pb::TrialRow& trial : *changed) {
          note(view, change_text(trial, follower.summary().metric()));
        }
        if (follower.ended()) {
          note(view, sweep_text(follower.summary()));
        }
      }
    }
    fill(view, follower);
    view.now_us = wall_now_us();
    screen.show(draw(view, terminal_of(STDOUT_FILENO)));  // it may have been resized
    const Interrupts::Woken woken = interrupts.wait_for_key(screen.key_fd(), kRedrawPeriod);
    if (woken.interrupted || woken.key == 'q') {
      // What has not ended is left to itself, and says nothing about the sweep.
      const bool settled = follower.ended() || paused_itself(follower.summary());
      return args.judges && settled ? verdict_on(follower.summary()) : kExitOk;
    }
  }
}

class ChangeWriter {
 public:
  ChangeWriter(Console& console, bool json, std::vector<std::string> fields)
      : console_(console), json_(json), fields_(std::move(fields)) {}

  void trial(const pb::TrialRow& row, const std::string& metric) {
    if (json_) {
      write_json("trial", to_json(row));
    } else {
      write(change_text(row, metric));
    }
  }

  // Writes only when the state is another than last time.
  void sweep(const pb::SweepSummary& summary) {
    if (state_text(summary) == sweep_state_) {
      return;
    }
    sweep_state_ = state_text(summary);
    if (json_) {
      write_json("sweep", to_json(summary));
    } else {
      write(sweep_text(summary));
    }
  }

 private:
  void write_json(const char* event, const Json& record) {
    Json line = {{"event", event}, {"seen_at", iso_text(wall_now_us())}};
    line.update(record);
    console_.out << dump(selected(line, fields_)) << '\n' << std::flush;
  }

  void write(const std::string& text) {
    console_.out << clock_text(wall_now_us()) << "  " << printable(text) << '\n' << std::flush;
  }

  Console& console_;
  bool json_;
  std::vector<std::string> fields_;
  std::string sweep_state_;
};

// Of the objects of sweeps and of trials alike.
Result<std::vector<std::string>> fields_of(const WatchArgs& args) {
  Listing listing = trial_listing({}, {});
  const Listing sweeps = sweep_listing({}, {}, 0);
  listing.fields.insert(listing.fields.begin(), {"event", "seen_at"});
  listing.fields.insert(listing.fields.end(), sweeps.fields.begin(), sweeps.fields.end());
  return known_fields(listing, args.fields);
}

Result<int> watch_as_lines(const WatchArgs& args, Session& session) {
  SWEEPD_TRY(std::vector<std::string> fields, fields_of(args));
  Interrupts interrupts;
  SweepFollower follower(session, args.selector);
  Reconnecting reconnecting(session);
  ChangeWriter writer(session.console(), args.json, std::move(fields));
  for (;;) {
    const Result<std::vector<pb::TrialRow>> changed = follower.look();
    if (!changed.ok() && !reconnecting.tolerates(changed.error())) {
      return changed.error();
    }
    if (changed.ok()) {
      reconnecting.answered();
      const bool end = follower.ended();
      if (!end) {
        writer.sweep(follower.summary());  // its start comes before its trials, its end after them
      }
      for (const pb::TrialRow& trial : *changed) {
        writer.trial(trial, follower.summary().metric());
      }
      writer.sweep(follower.summary());
      if (end || (args.judges && paused_itself(follower.summary()))) {
        return args.judges ? verdict_on(follower.summary()) : kExitOk;
      }
    }
    if (interrupts.wait(kFollowPeriod)) {
      return Error{Errc::kInterrupted, "interrupted; the work goes on"};
    }
  }
}

}  // namespace

Result<int> run(const WatchArgs& args, Session& session) {
  const Console& console = session.console();
  return console.out_terminal.tty && !args.json ? watch_on_screen(args, session)
                                                : watch_as_lines(args, session);
}

}  // namespace sweepd::cli
