// logs: the output of one trial, or of all trials of a sweep with their names in front.
#include "cli/exit_codes.h"
#include "cli/follow.h"
#include "cli/json.h"
#include "cli/logs.h"
#include "cli/other_stream.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr const char* kInterruptedText = "interrupted; the work goes on";

pb::LogStream stream_of(const LogsArgs& args) {
  return args.errors ? pb::STDERR : pb::STDOUT;
}

// One object a line of the log.
LogPrinter::LineText as_objects(const std::vector<std::string>& fields) {
  return [fields](const LogPiece& line) {
    return dump(selected({{"trial", trial_name(line.attempt.sweep(), line.attempt.trial())},
                          {"attempt", attempt_name(line.attempt)},
                          {"stream", line.stream == pb::STDERR ? "stderr" : "stdout"},
                          {"text", std::string(line.bytes)}},
                         fields));
  };
}

Result<int> trial_logs(const LogsArgs& args, Session& session, Interrupts& interrupts) {
  Console& console = session.console();
  TrialLogs logs(session, args.selector, {stream_of(args)});
  if (args.lines) {
    logs.start_with_tail(*args.lines);
  }
  OtherStream other(session, stream_of(args), args.lines == 0U);
  LogPrinter printer = args.json ? LogPrinter(console.out, as_objects(args.fields))
                                 : LogPrinter(console.out, console.out_terminal.tty);
  Reconnecting reconnecting(session);
  for (;;) {
    const Result<bool> done = logs.step([&printer, &other](const LogPiece& piece) {
      printer.write(piece);
      other.printed();
    });
    if (!done.ok() && !(args.follow && reconnecting.tolerates(done.error()))) {
      return done.error();
    }
    if (done.ok()) {
      reconnecting.answered();
      if (*done || !args.follow) {
        printer.finish();
        if (const auto attempt = logs.attempt()) {
          other.look(*attempt);
        }
        other.tell();
        return kExitOk;
      }
      if (const auto attempt = logs.attempt()) {
        other.look_early(*attempt);
      }
    }
    if (interrupts.wait(kFollowPeriod)) {
      return Error{Errc::kInterrupted, kInterruptedText};
    }
  }
}

// All trials of a sweep, each line with its trial.
class SweepLogs {
 public:
  SweepLogs(const LogsArgs& args, Session& session)
      : args_(args),
        session_(session),
        follower_(session, args.selector),
        other_(session, stream_of(args), args.lines == 0U) {}

  // True when the sweep has ended and everything was printed.
  Result<bool> step() {
    SWEEPD_TRY(const std::vector<pb::TrialRow> changed, follower_.look());
    for (const pb::TrialRow& trial : changed) {
      // What had ended before a follower came is history, as with `tail -f`; without -f, and of a
      // sweep that has ended, everything is shown.
      const bool history =
          args_.follow && first_ && !follower_.ended() && is_terminal(trial.state());
      if (trial.attempt() > 0 && !history) {
        open(trial);
      }
    }
    first_ = false;
    SWEEPD_TRY_VOID(drain());
    return follower_.ended() && open_.empty();
  }

  // After the last step.
  void finish() {
    for (auto& [number, entry] : open_) {
      look_at_other(entry.logs);
    }
    other_.tell();
  }

 private:
  struct Open {
    TrialLogs logs;
    LogPrinter printer;
  };

  void open(const pb::TrialRow& trial) {
    if (open_.contains(trial.trial())) {
      return;
    }
    Console& console = session_.console();
    const std::string name = trial_name(trial.sweep(), trial.trial());
    // A trial that was retried after it had been read to its end goes on with the new attempt
    // alone.
    TrialLogs logs(session_, name, {stream_of(args_)});
    if (args_.lines) {
      logs.start_with_tail(*args_.lines);
    }
    auto text =
        args_.json ? as_objects(args_.fields) : prefixed(name + " | ", console.out_terminal.tty);
    open_.emplace(trial.trial(), Open{std::move(logs), LogPrinter(console.out, std::move(text))});
  }

  Result<void> drain() {
    for (auto it = open_.begin(); it != open_.end();) {
      Open& entry = it->second;
      SWEEPD_TRY(const bool done, entry.logs.step([this, &entry](const LogPiece& piece) {
        entry.printer.write(piece);
        other_.printed();
      }));
      if (done || !args_.follow) {
        entry.printer.finish();
      }
      if (done) {
        look_at_other(entry.logs);
      }
      it = done ? open_.erase(it) : std::next(it);
    }
    return {};
  }

  void look_at_other(const TrialLogs& logs) {
    if (const auto attempt = logs.attempt()) {
      other_.look(*attempt);
    }
  }

  const LogsArgs& args_;
  Session& session_;
  SweepFollower follower_;
  OtherStream other_;
  std::map<std::uint32_t, Open> open_;  // by trial number
  bool first_ = true;
};

Result<int> sweep_logs(const LogsArgs& args, Session& session, Interrupts& interrupts) {
  SweepLogs logs(args, session);
  Reconnecting reconnecting(session);
  for (;;) {
    const Result<bool> done = logs.step();
    if (!done.ok() && !(args.follow && reconnecting.tolerates(done.error()))) {
      return done.error();
    }
    if (done.ok()) {
      reconnecting.answered();
      if (*done || !args.follow) {
        logs.finish();
        return kExitOk;
      }
    }
    if (interrupts.wait(kFollowPeriod)) {
      return Error{Errc::kInterrupted, kInterruptedText};
    }
  }
}

}  // namespace

Result<int> run(const LogsArgs& args, Session& session) {
  SWEEPD_TRY_VOID(
      known_fields({"", {"trial", "attempt", "stream", "text"}, {}, {}, {}}, args.fields));
  Interrupts interrupts;
  return names_trials(args.selector) ? trial_logs(args, session, interrupts)
                                     : sweep_logs(args, session, interrupts);
}

}  // namespace sweepd::cli
