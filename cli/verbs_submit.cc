// submit and check.
#include "cli/describe.h"
#include "cli/dry_run.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
#include "cli/follow.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/snapshot.h"
#include "cli/spec_text.h"
#include "cli/submission.h"
#include "cli/sweep_input.h"
#include "cli/verbs.h"
#include "sweeps/sweep_file.h"

#include <fmt/format.h>

#include <filesystem>
#include <ostream>

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
                         const SweepText& file,
                         const sweeps::SweepSpec& spec) {
  Submission submission{spec, file.text, {}, args.paused};
  if (!spec.run.code.empty()) {
    const std::string folder = (std::filesystem::path(file.folder) / spec.run.code).string();
    SWEEPD_TRY(submission.snapshot_digest, ship_code(session, folder));
  }
  SWEEPD_TRY(const pb::Submitted submitted, submit(session, submission));
  announce(session, args, submitted, spec);
  if (const std::optional<Error> never = never_fits(session, spec.resources)) {
    session.say(fmt::format("{} sweep {} waits: {}",
                            styled("warning:", Style::kWarn, session.console().err_terminal),
                            submitted.sweep(),
                            never->message));
  }
  if (args.watch) {
    return run(WatchArgs{std::to_string(submitted.sweep()), args.json, {}, true}, session);
  }
  return args.wait ? wait_for_end(session, args, submitted.sweep()) : Result<int>(kExitOk);
}

Result<int> submit_file(const SubmitArgs& args, Session& session) {
  Console& console = session.console();
  SWEEPD_TRY(const SweepText file, read_sweep_text(args.file, console));
  auto parsed = parse(file, args.set);
  if (const auto* faults = std::get_if<std::vector<sweeps::Diagnostic>>(&parsed)) {
    if (args.json) {
      print_faults_json(console, file, *faults, {});
    } else {
      print_faults(console, file, *faults);
    }
    session.say(fmt::format("{}. Nothing was submitted.", fault_counts(*faults)));
    return kExitUsage;
  }
  auto& sweep = *std::get_if<sweeps::ParsedSweep>(&parsed);
  if (!args.quiet) {
    print_faults(console, file, sweep.warnings);
  }
  if (!args.name.empty()) {
    sweep.spec.name = args.name;
  }
  if (const Result<void> valid = sweeps::validate(sweep.spec); !valid.ok()) {
    return valid.error();
  }
  return args.dry_run ? dry_run(session, file, sweep.spec, args.json)
                      : submit_sweep(args, session, file, sweep.spec);
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
    const auto parsed = parse(*file, args.set);
    const auto* errors = std::get_if<std::vector<sweeps::Diagnostic>>(&parsed);
    const auto& faults =
        errors != nullptr ? *errors : std::get_if<sweeps::ParsedSweep>(&parsed)->warnings;
    good = good && errors == nullptr;
    if (args.json) {
      print_faults_json(console, *file, faults, args.fields);
      continue;
    }
    print_faults(console, *file, faults);
    if (!args.quiet) {
      session.say(fmt::format(
          "{}: {}", file->path, errors != nullptr ? fault_counts(*errors) : std::string("ok")));
    }
  }
  return good ? kExitOk : kExitUsage;
}

}  // namespace sweepd::cli
