// submit and check.
#include "cli/code_look.h"
#include "cli/describe.h"
#include "cli/dry_run.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/pattern_look.h"
#include "cli/snapshot.h"
#include "cli/spec_text.h"
#include "cli/submission.h"
#include "cli/sweep_input.h"
#include "cli/text.h"
#include "cli/verbs.h"
#include "sweeps/sweep_file.h"

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::cli {

namespace {

void print_faults(Console& console,
                  const SweepText& file,
                  const std::vector<sweeps::Diagnostic>& faults) {
  console.err << sweeps::render(faults, file.path, file.text);
}

void print_faults_json(Console& console,
                       const SweepText& file,
                       const std::vector<sweeps::Diagnostic>& faults,
                       const std::vector<std::string>& fields) {
  for (const sweeps::Diagnostic& fault : faults) {
    console.out << dump(selected(to_json(fault, file.path), fields)) << '\n';
  }
}

Json record_of(const pb::Submitted& submitted) {
  return {{"sweep", submitted.sweep()},
          {"name", submitted.name()},
          {"trials_total", submitted.trials_total()},
          {"again", submitted.again()}};
}

void announce(Session& session,
              const SubmitArgs& args,
              const pb::Submitted& submitted,
              const sweeps::SweepSpec& spec) {
  if (args.json) {
    session.console().out << dump(record_of(submitted)) << '\n' << std::flush;
  } else {
    session.console().out << submitted.sweep() << '\n' << std::flush;
  }
  if (args.quiet || args.json) {
    return;
  }
  session.say(fmt::format("Sweep {} \"{}\" submitted{}: {}, {}, {}.",
                          submitted.sweep(),
                          printable(submitted.name()),
                          args.paused ? " and paused" : "",
                          counted(submitted.trials_total(), "trial"),
                          sampler_text(spec),
                          policy_text(spec)));
  if (args.paused) {
    session.say(fmt::format("  start   sweepctl resume {}", submitted.sweep()));
  }
  if (!args.watch && !args.wait) {
    session.say(fmt::format("  watch   sweepctl watch {}\n  best    sweepctl top {}",
                            submitted.sweep(),
                            submitted.sweep()));
  }
}

Result<int> wait_for_end(Session& session, const SubmitArgs& args, std::uint64_t sweep) {
  Interrupts interrupts;
  WaitOptions options;
  options.quiet = args.quiet || args.json;
  SWEEPD_TRY(const pb::SweepSummary summary,
             wait_for_sweep(session, std::to_string(sweep), options, interrupts));
  if (args.json) {
    session.console().out << dump(to_json(summary)) << '\n';
  } else if (!args.quiet) {
    session.say(printable(sweep_text(summary)));
  }
  return summary.state() == "completed" ? kExitOk : kExitNotSuccessful;
}

Result<int> submit_sweep(const SubmitArgs& args,
                         Session& session,
                         Submission submission,
                         CodeLook code) {
  const sweeps::SweepSpec& spec = submission.spec;
  if (code.tree) {
    SWEEPD_TRY(submission.snapshot_digest, ship_code(session, *std::move(code.tree)));
  }
  SWEEPD_TRY(const pb::Submitted submitted, submit(session, submission));
  announce(session, args, submitted, spec);
  const bool talks = !args.json && !args.quiet;
  if (const auto misfit = talks ? ask_misfit(session, spec.resources) : std::nullopt) {
    session.say(fmt::format("{} sweep {} waits: {}",
                            styled("warning:", Style::kWarn, session.console().err_terminal),
                            submitted.sweep(),
                            misfit->sentence));
  }
  if (args.watch) {
    return run(WatchArgs{std::to_string(submitted.sweep()), args.json, {}, true}, session);
  }
  return args.wait ? wait_for_end(session, args, submitted.sweep()) : Result<int>(kExitOk);
}

// A sweep file and everything that can be told of it from here.
struct Checked {
  std::variant<sweeps::ParsedSweep, std::vector<sweeps::Diagnostic>> parsed;
  CodeLook code;
  bool patterns_good = true;
  std::vector<sweeps::Diagnostic> faults;  // of the file and the code, in the order of the file

  sweeps::ParsedSweep* sweep() { return std::get_if<sweeps::ParsedSweep>(&parsed); }

  bool good() const {
    return std::holds_alternative<sweeps::ParsedSweep>(parsed) && code.good() && patterns_good;
  }
};

Checked checked(const SweepText& file, const Overrides& overrides) {
  Checked result{parse(file, overrides), {}, true, {}};
  if (const sweeps::ParsedSweep* sweep = result.sweep()) {
    result.code = look_at_code(file, *sweep);
    result.faults = sweep->warnings;
    result.faults.insert(result.faults.end(), result.code.faults.begin(), result.code.faults.end());
    const std::vector<sweeps::Diagnostic> patterns = look_at_patterns(*sweep);
    result.patterns_good = patterns.empty();
    result.faults.insert(result.faults.end(), patterns.begin(), patterns.end());
    sweeps::sort_by_place(result.faults);
  } else {
    result.faults = *std::get_if<std::vector<sweeps::Diagnostic>>(&result.parsed);
  }
  return result;
}

// "a.toml: ok", "a.toml: ok, 1 warning", "a.toml: 2 errors, 1 warning"
std::string check_text(const SweepText& file, const Checked& result) {
  const std::string counts = fault_counts(result.faults);
  const std::string_view ok = !result.good() ? "" : counts.empty() ? "ok" : "ok, ";
  return fmt::format("{}: {}{}", file.path, ok, counts);
}

// The file, with what the command line changed above it: the daemon keeps the text for people.
std::string submitted_text(const SweepText& file, const SubmitArgs& args) {
  std::string changes;
  if (!args.name.empty()) {
    changes += fmt::format(" --name {}", shell_quoted(args.name));
  }
  for (const auto& [key, value] : args.set) {
    changes += fmt::format(" --set {}", shell_quoted(fmt::format("{}={}", key, value)));
  }
  return changes.empty() ? file.text
                         : fmt::format("# submitted with{}\n{}", printable(changes), file.text);
}

Result<int> submit_file(const SubmitArgs& args, Session& session) {
  Console& console = session.console();
  SWEEPD_TRY(const SweepText file, read_sweep_text(args.file, console));
  Checked result = checked(file, args.set);
  if (!result.good()) {
    if (args.json) {
      print_faults_json(console, file, result.faults, {});
    } else {
      print_faults(console, file, result.faults);
    }
    session.say(fmt::format("{}. Nothing was submitted.", fault_counts(result.faults)));
    return kExitUsage;
  }
  if (!args.quiet) {
    print_faults(console, file, result.faults);
  }
  sweeps::SweepSpec& spec = result.sweep()->spec;
  if (!args.name.empty()) {
    spec.name = args.name;
  }
  if (const Result<void> valid = sweeps::validate(spec); !valid.ok()) {
    return valid.error();
  }
  if (args.dry_run) {
    return dry_run(session, {file, spec, result.code}, args.json);
  }
  Submission submission{std::move(spec), submitted_text(file, args), {}, args.paused};
  return submit_sweep(args, session, std::move(submission), std::move(result.code));
}

}  // namespace

Result<int> run(const SubmitArgs& args, Session& session) {
  Result<int> code = submit_file(args, session);
  if (!code.ok() && args.json) {
    session.console().out << dump(to_json(code.error(), args.file)) << '\n';
  }
  return code;
}

Result<int> run(const CheckArgs& args, Session& session) {
  Console& console = session.console();
  const Listing faults_listed{
      "", {"file", "line", "column", "length", "severity", "message", "help"}, {}, {}, {}};
  SWEEPD_TRY_VOID(known_fields(faults_listed, args.fields));
  bool good = true;
  for (const std::string& path : args.files) {
    const Result<SweepText> file = read_sweep_text(path, console);
    if (!file.ok()) {
      if (args.json) {
        console.out << dump(selected(to_json(file.error(), path), args.fields)) << '\n';
      }
      session.say(styled("error:", Style::kBad, console.err_terminal) + " " + file.error().message);
      good = false;
      continue;
    }
    const Checked result = checked(*file, args.set);
    good = good && result.good();
    if (args.json) {
      print_faults_json(console, *file, result.faults, args.fields);
      continue;
    }
    print_faults(console, *file, result.faults);
    if (!args.quiet) {
      session.say(check_text(*file, result));
    }
  }
  return good ? kExitOk : kExitUsage;
}

}  // namespace sweepd::cli
