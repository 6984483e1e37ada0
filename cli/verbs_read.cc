// ls, show, leaderboard, trial ls, trial show, server info.
#include "base/clock_difference.h"
#include "cli/describe.h"
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/plot.h"
#include "cli/reports.h"
#include "cli/spec_text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr std::size_t kSweepsPerPage = 1000;
constexpr std::uint32_t kLeaderboardRows = 10;
constexpr std::uint32_t kLeaderboardMax = 1000;  // the daemon sends no more

// The values of ended trials in the order of their numbers, for the curve of the best so far.
std::vector<double> values_of(const std::vector<pb::TrialRow>& trials) {
  std::vector<double> values;
  for (const pb::TrialRow& trial : trials) {
    if (may_be_best(trial)) {
      values.push_back(trial.value());
    }
  }
  return values;
}

// Columns of the drawing; 0 where there is no room for one.
std::size_t curve_width(const Terminal& terminal) {
  constexpr std::size_t kUsual = 48;
  constexpr std::size_t kWidest = 100;
  constexpr std::size_t kNarrowest = 8;
  if (terminal.width == 0) {
    return kUsual;
  }
  const std::size_t room = terminal.width - std::min(terminal.width, kPlotAxisColumns + 1);
  return room < kNarrowest ? 0 : std::min(room, kWidest);
}

std::string curve_text(Session& session, const pb::SweepSummary& sweep) {
  constexpr std::uint32_t kTrialsOfCurve = 2000;
  const Result<std::vector<pb::TrialRow>> trials =
      list_trials(session, {std::to_string(sweep.sweep()), 0, kTrialsOfCurve});
  if (!trials.ok() || sweep.metric().empty()) {
    return {};  // the curve is an extra; the rest stands without it
  }
  const std::vector<double> values = best_so_far(values_of(*trials), sweep.goal() == "maximize");
  const Terminal& terminal = session.console().out_terminal;
  const std::size_t width = curve_width(terminal);
  if (values.size() < 2 || width == 0) {
    return {};
  }
  std::vector<std::string> lines = plot_curve(values, {width, 6}, terminal.unicode);
  const std::vector<std::string> axis = plot_axis(values.size(), width, terminal.unicode);
  lines.insert(lines.end(), axis.begin(), axis.end());
  std::string text = fmt::format("  best {} so far, over the {} with a value\n",
                                 printable(sweep.metric()),
                                 counted(values.size(), "trial"));
  for (const std::string& line : lines) {
    text += line + "\n";
  }
  return text;
}

std::string show_text(Session& session, const pb::SweepDetail& detail) {
  const pb::SweepSummary& sweep = detail.summary();
  const auto& command = detail.spec().run().command();
  const Terminal& terminal = session.console().out_terminal;
  const std::int64_t now = wall_now_us();
  std::string text =
      fmt::format("{} {} \"{}\"  {}\n",
                  sweep.job() ? "job" : "sweep",
                  sweep.sweep(),
                  printable(sweep.name()),
                  styled(state_text(sweep), state_style(state_text(sweep)), terminal));
  text += fact("reason", (sweep.has_closing() ? sweep.closing() : sweep.reason()).sentence());
  text += fact("waiting", waiting_text(detail));
  text += fact("trials", counts_text(sweep));
  text += fact("best", best_text(sweep));
  if (!sweep.metric().empty()) {
    text += fact("metric", fmt::format("{} ({})", sweep.metric(), sweep.goal()));
  }
  text += fact("command", command_text({command.begin(), command.end()}));
  if (detail.spec().run().has_keep()) {
    text += fact("keep", keep_text(detail.spec().run().keep()));
  }
  text += fact("submitted",
               fmt::format("{} ago{}",
                           age_text(now - sweep.submitted_wall_us()),
                           sweep.user().empty() ? "" : " by " + sweep.user()));
  if (sweep.ended_wall_us() != 0) {
    text += fact("took", span_text(sweep.ended_wall_us() - sweep.submitted_wall_us()));
  }
  text += fact("notes", detail.spec().notes());
  return text + curve_text(session, sweep);
}

std::string files_cell(const pb::AttemptRow& attempt) {
  if (attempt.outputs_dropped()) {
    return "dropped";
  }
  return attempt.tree_files() == 0
             ? std::string()
             : fmt::format("{}, {}", attempt.tree_files(), bytes_text(attempt.tree_bytes()));
}

std::string attempts_text(const pb::TrialDetail& trial, Console& console) {
  Table table{{{"ATTEMPT"},
               {"STATE", Align::kLeft, Cells::kState},
               {"WHERE"},
               {"TIME", Align::kRight},
               {"EXIT", Align::kRight},
               {"FILES", Align::kRight},
               {"REASON", Align::kLeft, Cells::kText}},
              {}};
  for (const pb::AttemptRow& attempt : trial.attempts()) {
    const std::string code = !has_exit(attempt)      ? "-"
                             : attempt.signal() != 0 ? fmt::format("signal {}", attempt.signal())
                                                     : fmt::format("{}", attempt.exit_code());
    table.rows.push_back(
        {fmt::format("#{}", attempt.attempt()),
         attempt.state(),
         place_text(attempt.agent(), {attempt.slots().begin(), attempt.slots().end()}),
         time_text(attempt.started_wall_us(), attempt.ended_wall_us(), wall_now_us()),
         code,
         files_cell(attempt),
         attempt.reason().sentence()});
  }
  return table.rows.empty() ? std::string() : render_table(table, true, console.out_terminal);
}

// Empty when all its reports were stored as they were made.
std::string thinned_text(const pb::AttemptRow& attempt) {
  return attempt.thinned() == 0
             ? std::string()
             : fmt::format("reported too fast: {} merged into later ones (sweepctl help metrics)",
                           counted(attempt.thinned(), "report"));
}

// Several lines under one name.
std::string lines_text(std::string_view name, std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    text += fact(text.empty() ? name : "", std::string(lines.substr(0, end)));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return text;
}

std::string trial_text(const pb::TrialDetail& detail, Console& console) {
  const pb::TrialRow& trial = detail.row();
  std::string text =
      fmt::format("trial {}  {}\n",
                  trial_name(trial.sweep(), trial.trial()),
                  styled(trial.state(), state_style(trial.state()), console.out_terminal));
  if (trial.state() != "completed") {
    text += lines_text("why", detail.explanation());
  }
  if (trial.has_value()) {
    text += fact("value",
                 fmt::format("{} {} after {}",
                             detail.metric(),
                             number_text(trial.value()),
                             counted(trial.reports(), "report")));
  }
  for (const pb::Binding& binding : trial.params().bindings()) {
    const Json value = value_json(binding.value());
    text += fact(
        "param",
        fmt::format(
            "{} = {}", binding.name(), value.is_string() ? value.get<std::string>() : dump(value)));
  }
  text += fact("command", command_text({detail.argv().begin(), detail.argv().end()}));
  text += attempts_text(detail, console);
  for (const pb::AttemptRow& attempt : detail.attempts()) {
    const std::string name = fmt::format("#{}", attempt.attempt());
    text += fact(name, attempt.uncollected());
    text += fact(name, thinned_text(attempt));
  }
  if (trial.state() == "failed" && detail.attempts_size() > 0) {
    const std::string& tail = detail.attempts(detail.attempts_size() - 1).stderr_tail();
    if (!tail.empty()) {
      const bool tty = console.out_terminal.tty;
      text += "last lines of stderr:\n" + (tty ? printable_log(tail) : tail);
      text += tail.ends_with('\n') ? "" : "\n";
    }
  }
  return text;
}

struct Sweeps {
  std::vector<pb::SweepSummary> rows;  // newest first, so that --limit keeps the newest
  std::string notice;
};

// All pages, or as many as have `limit` sweeps.
Result<Sweeps> list_sweeps(Session& session, bool all, std::size_t limit) {
  Sweeps sweeps;
  pb::ClientRequest request;
  request.mutable_list_sweeps()->set_all(all);
  request.mutable_list_sweeps()->set_limit(
      static_cast<std::uint32_t>(std::min(limit, kSweepsPerPage)));
  for (bool more = true; more && sweeps.rows.size() < limit;) {
    SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
    pb::SweepList& page = *reply.mutable_sweeps();
    if (request.list_sweeps().before() == 0) {
      sweeps.notice = page.notice();
    }
    more = page.more() && page.sweeps_size() > 0;
    if (more) {
      request.mutable_list_sweeps()->set_before(page.sweeps(0).sweep());
    }
    std::move(page.mutable_sweeps()->rbegin(),
              page.mutable_sweeps()->rend(),
              std::back_inserter(sweeps.rows));
  }
  return sweeps;
}

}  // namespace

Result<int> run(const ListArgs& args, Session& session) {
  const bool whole = !args.read.where.empty() || !args.read.sort.empty();
  const std::size_t limit = whole ? 0 : args.read.limit.value_or(0);
  SWEEPD_TRY(const Sweeps listed, list_sweeps(session, args.all, limit == 0 ? SIZE_MAX : limit));
  const std::vector<pb::SweepSummary>& sweeps = listed.rows;
  Console& console = session.console();
  Listing listing = sweep_listing(sweeps, console.out_terminal, wall_now_us());
  listing.nothing = "no sweeps yet; start one with `sweepctl submit FILE` or `sweepctl run -- CMD`";
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, console));
  if (!listed.notice.empty() && !args.read.quiet) {
    session.say("waiting: " + printable(listed.notice));
  }
  return kExitOk;
}

Result<int> run(const ShowArgs& args, Session& session) {
  if (names_trials(args.selector) && !args.toml) {
    return run(TrialShowArgs{args.selector, args.read}, session);
  }
  SWEEPD_TRY(const pb::SweepDetail detail, show_sweep(session, args.selector));
  if (args.toml) {
    if (detail.toml().empty()) {
      return Error{Errc::kNotFound,
                   fmt::format("{} was not submitted from a sweep file", args.selector)};
    }
    session.console().out << detail.toml();
    return kExitOk;
  }
  const bool people = !args.read.json && !args.read.csv && !args.read.quiet;
  const std::string text = people ? show_text(session, detail) : std::string();
  SWEEPD_TRY_VOID(print_one(to_json(detail), "sweep", text, args.read, session.console()));
  return kExitOk;
}

Result<int> run(const LeaderboardArgs& args, Session& session) {
  if (names_trials(args.selector)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("a leaderboard is of a sweep, and '{}' names trials; `sweepctl show "
                             "{}` shows one",
                             args.selector,
                             args.selector)};
  }
  ReadOptions read = args.read;
  read.limit = read.limit.value_or(kLeaderboardRows);
  // Conditions and orders look at more rows than they show.
  const bool all = !read.where.empty() || !read.sort.empty() || *read.limit == 0 ||
                   *read.limit > kLeaderboardMax;
  const std::uint32_t rows = all ? kLeaderboardMax : static_cast<std::uint32_t>(*read.limit);
  SWEEPD_TRY(const pb::LeaderboardPage page, leaderboard(session, args.selector, rows));
  const std::vector<pb::TrialRow> trials(page.rows().begin(), page.rows().end());
  Listing listing = trial_listing(trials, {page.summary().metric(), true, wall_now_us()});
  listing.nothing = page.summary().metric().empty()
                        ? "it has no metric, so its trials have no value"
                        : "no trial has a value yet";
  SWEEPD_TRY_VOID(print(std::move(listing), read, session.console()));
  if (page.more() && (all || trials.size() < rows)) {
    session.say(fmt::format("only the best {} {} looked at; `sweepctl trial ls {}` has all",
                            counted(trials.size(), "trial"),
                            trials.size() == 1 ? "was" : "were",
                            args.selector));
  }
  if (!read.quiet && !read.json && !read.csv) {
    session.say(counts_text(page.summary()));
  }
  return kExitOk;
}

Result<int> run(const TrialListArgs& args, Session& session) {
  const bool whole =
      !args.read.where.empty() || !args.read.sort.empty() || args.read.limit.value_or(0) == 0;
  const auto limit = whole ? UINT32_MAX : static_cast<std::uint32_t>(*args.read.limit);
  SWEEPD_TRY(const std::vector<pb::TrialRow> trials,
             list_trials(session, {args.selector, 0, limit}));
  const std::string sweep = args.selector.substr(0, args.selector.find('/'));
  SWEEPD_TRY(const pb::SweepDetail detail, show_sweep(session, sweep));
  const TrialListingOptions options{detail.summary().metric(), false, wall_now_us()};
  Listing listing = trial_listing(trials, options);
  listing.nothing =
      fmt::format("no trials yet; `sweepctl explain {}` says more", detail.summary().sweep());
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, session.console()));
  return kExitOk;
}

Result<int> run(const TrialShowArgs& args, Session& session) {
  SWEEPD_TRY(pb::TrialDetail detail, show_trial(session, args.selector));
  put_reported(session, detail);
  SWEEPD_TRY_VOID(print_one(to_json(detail),
                            "trial",
                            trial_text(detail, session.console()),
                            args.read,
                            session.console()));
  return kExitOk;
}

Result<int> run(const ServerInfoArgs& args, Session& session) {
  pb::ClientRequest request;
  request.mutable_server_info();
  const std::int64_t asked_us = wall_now_us();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  const std::int64_t here_us = asked_us + (wall_now_us() - asked_us) / 2;
  const pb::ServerDetail& server = reply.server();
  std::string text =
      fmt::format("sweepd {} at {}\n", printable(server.version()), session.endpoint().text());
  text += fact("health", server.health());
  text += fact("state", server.state_folder());
  if (server.disk_total_bytes() != 0) {
    text += fact("disk",
                 fmt::format("{} free of {}",
                             bytes_text(server.disk_free_bytes()),
                             bytes_text(server.disk_total_bytes())));
    text += fact("store",
                 fmt::format("{}, log ahead {}, memory {}",
                             bytes_text(server.table_bytes()),
                             bytes_text(server.log_ahead_bytes()),
                             bytes_text(server.memory_bytes())));
  }
  if (const std::string off = clock_difference({server.wall_us()}, {here_us}); !off.empty()) {
    text += fact("clock", off + ": times in lists are off by as much");
  }
  text += fact("up", span_text(wall_now_us() - server.started_wall_us()));
  text += fact("agents", fmt::format("{}", server.agents()));
  text += fact("slots", fmt::format("{} busy of {}", server.slots_busy(), server.slots()));
  text += fact("sweeps", fmt::format("{}", server.sweeps()));
  text += fact("protocol", fmt::format("{}, term {}", server.protocol(), server.term()));
  if (server.records_lost() != 0) {
    text += fact("lost",
                 fmt::format("at least {}, when the store went back",
                             counted(server.records_lost(), "record")));
  }
  SWEEPD_TRY_VOID(print_one(to_json(server), "version", text, args.read, session.console()));
  return kExitOk;
}

}  // namespace sweepd::cli
