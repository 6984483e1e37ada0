// run: one command as a job, followed to its end, with its exit code as ours.
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/logs.h"
#include "cli/snapshot.h"
#include "cli/submission.h"
#include "cli/verbs.h"
#include "sweeps/sweep_spec.h"

#include <fmt/format.h>

#include <ostream>

namespace sweepd::cli {

namespace {

// Every `$` doubled: the command of `run` has been through the user's shell and is meant literally.
std::string literal(const std::string& word) {
  std::string text;
  for (const char byte : word) {
    text += byte == '$' ? "$$" : std::string(1, byte);
  }
  return text;
}

// "train.py" of {"python", "train.py", "--lr", "0.1"}: the first word that looks like a file, else
// the first.
std::string name_of(const std::vector<std::string>& command) {
  const auto base = [](const std::string& word) {
    return word.substr(word.rfind('/') + 1);
  };
  for (const std::string& word : command) {
    const bool option = word.starts_with('-');
    if (!option && word.find('.') != std::string::npos && !base(word).empty() &&
        word.find_first_of(" =\n") == std::string::npos) {
      return base(word);
    }
  }
  const std::string first = base(command.front());
  return first.empty() ? "job" : first;
}

sweeps::SweepSpec job_of(const RunArgs& args) {
  sweeps::SweepSpec spec;
  spec.job = true;
  spec.name = args.name.empty() ? printable(name_of(args.command)) : args.name;
  spec.objective.metric = args.metric;
  spec.objective.goal = args.maximize ? sweeps::Goal::kMaximize : sweeps::Goal::kMinimize;
  for (const std::string& word : args.command) {
    spec.run.command.push_back(literal(word));
  }
  spec.run.args = sweeps::ArgsStyle::kNone;
  spec.env = args.env;
  spec.search.sampler = sweeps::SamplerKind::kRandom;
  spec.search.trials = 1;
  spec.resources.gpus = args.gpus;
  spec.resources.cpus = args.cpus;
  spec.limits.trial_time = args.time;
  return spec;
}

class JobFollower {
 public:
  JobFollower(Session& session, std::uint64_t sweep)
      : session_(session),
        sweep_(sweep),
        logs_(session, trial_name(sweep, 1), {pb::STDOUT, pb::STDERR}),
        out_(session.console().out, session.console().out_terminal.tty),
        err_(session.console().err, session.console().err_terminal.tty) {}

  Result<int> follow() {
    Interrupts interrupts;
    Reconnecting reconnecting(session_);
    for (;;) {
      const Result<bool> done = step();
      if (done.ok()) {
        reconnecting.answered();
        tell_place();
        if (*done) {
          return finish();
        }
      } else if (!waits_for_first_trial(done.error()) && !reconnecting.tolerates(done.error())) {
        return done.error();
      }
      if (interrupts.wait(kFollowPeriod)) {
        session_.say(
            fmt::format("\ndetached; job {} goes on. `sweepctl logs {}/1 -f` follows it, "
                        "`sweepctl kill {}` ends it",
                        sweep_,
                        sweep_,
                        sweep_));
        return kExitInterrupted;
      }
    }
  }

 private:
  Result<bool> step() {
    return logs_.step(
        [this](const LogPiece& piece) { (piece.stream == pb::STDERR ? err_ : out_).write(piece); });
  }

  // The trial of a job is proposed a moment after the job is accepted, or never, when the job was
  // killed.
  bool waits_for_first_trial(const Error& error) {
    if (error.code != Errc::kNotFound || placed_) {
      return false;
    }
    const Result<pb::SweepDetail> job = show_sweep(session_, std::to_string(sweep_));
    return job.ok() && !is_terminal(job->summary().state());
  }

  void tell_place() {
    const pb::TrialRow& row = logs_.detail().row();
    if (row.attempt() > attempt_ && !row.agent().empty()) {
      attempt_ = row.attempt();
      placed_ = true;
      session_.say(fmt::format("{} → {}{}. Ctrl-C detaches; `sweepctl kill {}` ends it.",
                               trial_name(sweep_, 1),
                               printable(place_text(row)),
                               attempt_ > 1 ? fmt::format(" (attempt {})", attempt_) : "",
                               sweep_));
    } else if (!placed_ && !told_wait_ && row.state() == "queued" && ++queued_looks_ > 8) {
      told_wait_ = true;
      session_.say(fmt::format("job {} is queued: {}", sweep_, why_queued()));
    }
  }

  std::string why_queued() {
    const pb::TrialDetail& detail = logs_.detail();
    std::string text = detail.explanation();
    while (text.ends_with('\n')) {
      text.pop_back();
    }
    return printable_log(text.empty() ? detail.row().reason().sentence() : text);
  }

  Result<int> finish() {
    out_.finish();
    err_.finish();
    const pb::TrialDetail& detail = logs_.detail();
    const pb::TrialRow& row = detail.row();
    const std::string took = time_text(row.started_wall_us(), row.ended_wall_us(), wall_now_us());
    const std::string value = value_text(row);
    const std::string& sentence = row.reason().sentence();
    const bool good = row.state() == "completed";
    session_.say(fmt::format("job {} {}{}{}{}",
                             sweep_,
                             row.state(),
                             took.empty() ? "" : " in " + took,
                             value.empty() ? "" : fmt::format(", {} {}", detail.metric(), value),
                             good || sentence.empty() ? "" : ": " + printable(sentence)));
    return code_of(detail);
  }

  static int code_of(const pb::TrialDetail& detail) {
    if (detail.attempts().empty()) {
      return kExitRunFailed;
    }
    const pb::AttemptRow& last = detail.attempts(detail.attempts_size() - 1);
    if (last.signal() != 0) {
      return exit_code_of_signal(last.signal());
    }
    const bool good = detail.row().state() == "completed";
    // A job that failed although its command said 0, or never ran, failed because of us.
    return last.exit_code() != 0 || good ? last.exit_code() : kExitRunFailed;
  }

  Session& session_;
  std::uint64_t sweep_;
  TrialLogs logs_;
  LogPrinter out_;
  LogPrinter err_;
  std::uint32_t attempt_ = 0;
  int queued_looks_ = 0;
  bool placed_ = false;
  bool told_wait_ = false;
};

}  // namespace

Result<int> run(const RunArgs& args, Session& session) {
  Submission submission;
  submission.spec = job_of(args);
  if (const Result<void> valid = sweeps::validate(submission.spec); !valid.ok()) {
    return valid.error();
  }
  if (const std::optional<Error> never = never_fits(session, submission.spec.resources)) {
    return *never;  // or it would be followed for ever
  }
  if (!args.code.empty()) {
    submission.spec.run.code = args.code;
    SWEEPD_TRY(submission.snapshot_digest, ship_code(session, args.code));
  }
  SWEEPD_TRY(const pb::Submitted submitted, submit(session, submission));
  if (args.detach) {
    session.say(
        fmt::format("Job {} \"{}\" submitted.\n  follow  sweepctl logs {}/1 -f\n"
                    "  wait    sweepctl wait {}",
                    submitted.sweep(),
                    printable(submitted.name()),
                    submitted.sweep(),
                    submitted.sweep()));
    session.console().out << submitted.sweep() << '\n';
    return kExitOk;
  }
  return JobFollower(session, submitted.sweep()).follow();
}

}  // namespace sweepd::cli
