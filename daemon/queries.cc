// Answers to the questions of clients.
#include "daemon/queries.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "daemon/agent_messages.h"
#include "daemon/core/view.h"
#include "daemon/query_rows.h"
#include "daemon/recovery.h"
#include "sweeps/command.h"
#include "wire/protocol.h"
#include "wire/spec/spec_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace sweepd::daemon {

namespace {

constexpr std::uint32_t kRowsMax = 1000;
constexpr std::uint32_t kRowsUsual = 100;
constexpr std::size_t kEndedShown = 10;
// Leaves room for the envelope and one more row.
constexpr std::size_t kPageBytes = limits::kClientMessageBytesMax / 2;
constexpr std::size_t kLogPageBytesMax = 1024 * 1024;

// The number of rows to send when a client asks for `asked` (0: it did not say).
std::uint32_t rows(std::uint32_t asked, std::uint32_t usual = kRowsUsual) {
  return std::min(asked == 0 ? usual : asked, kRowsMax);
}

// Counts the bytes of a page row by row.
class PageSize {
 public:
  bool full(const google::protobuf::MessageLite& row) {
    bytes_ += row.ByteSizeLong();
    return bytes_ > kPageBytes;
  }

 private:
  std::size_t bytes_ = 0;
};

AttemptKey key_of(const core::Sweep& sweep,
                  const core::Trial& trial,
                  const core::Attempt& attempt) {
  return {sweep.id, trial.number, attempt.number};
}

Error no_attempt(const core::Sweep& sweep, const core::Trial& trial) {
  return {Errc::kNotFound,
          fmt::format("trial {} has not been started yet",
                      to_string(TrialKey{sweep.id, trial.number}))};
}

bool nobody_connected(const core::State& state) {
  return std::none_of(state.agents.begin(), state.agents.end(), [](const auto& entry) {
    return entry.second.state == core::AgentState::kConnected;
  });
}

}  // namespace

Result<void> Queries::answer(const pb::ClientRequest& request,
                             const core::Stamp& at,
                             pb::ClientReply& reply) {
  using Kind = pb::ClientRequest::BodyCase;
  switch (request.body_case()) {
    case Kind::kListSweeps:
      return sweeps(request.list_sweeps(), *reply.mutable_sweeps());
    case Kind::kShowSweep:
      return sweep(request.show_sweep(), at, *reply.mutable_sweep());
    case Kind::kLeaderboard:
      return leaderboard(request.leaderboard(), *reply.mutable_leaderboard());
    case Kind::kListTrials:
      return trials(request.list_trials(), *reply.mutable_trials());
    case Kind::kShowTrial:
      return trial(request.show_trial(), at, *reply.mutable_trial());
    case Kind::kReadMetrics:
      return metrics(request.read_metrics(), *reply.mutable_metrics());
    case Kind::kReadLog:
      return log(request.read_log(), *reply.mutable_log());
    case Kind::kListAgents:
      agents(at, *reply.mutable_agents());
      return {};
    case Kind::kShowAgent:
      return agent(request.show_agent(), at, *reply.mutable_agent());
    case Kind::kListModels:
      return models(request.list_models(), *reply.mutable_models());
    case Kind::kServerInfo:
      server(at, *reply.mutable_server());
      return {};
    case Kind::kStartBackup:
      return start_backup(request, *reply.mutable_backup());
    case Kind::kShowBackup:
      backup(*reply.mutable_backup());
      return {};
    case Kind::kStartGc:
      return start_gc(request, *reply.mutable_gc());
    case Kind::kShowGc:
      gc(*reply.mutable_gc());
      return {};
    case Kind::kSubmit:
    case Kind::kRemoveSweep:
    case Kind::kControl:
    case Kind::kControlAgent:
    case Kind::kRegisterModel:
    case Kind::BODY_NOT_SET:
      break;
  }
  return Error{Errc::kInvalidArgument, "a request that this daemon does not know: is it older?"};
}

Result<std::string> Queries::with_number(std::string_view selector) {
  SWEEPD_TRY(const core::Sweep* sweep, sweep_of(selector));
  const std::size_t slash = selector.find('/');
  std::string numbered = to_string(sweep->id);
  return slash == std::string_view::npos ? numbered : numbered.append(selector.substr(slash));
}

Result<const core::Sweep*> Queries::sweep_of(std::string_view selector) {
  const Result<SweepId> named = core::select_sweep(selector, sources_.shelf.names());
  if (!named.ok()) {
    return without_sweep(selector, named.error());
  }
  const SweepId id = *named;
  SWEEPD_TRY_VOID(sources_.shelf.bring(sources_.state, id));
  const auto found = sources_.state.sweeps.find(id);
  if (found == sources_.state.sweeps.end()) {
    return without_sweep(to_string(id),
                         {Errc::kNotFound, fmt::format("there is no sweep '{}'", selector)});
  }
  return &found->second;
}

Result<Queries::OneTrial> Queries::trial_of(const std::string& selector) {
  SWEEPD_TRY(const core::Sweep* sweep, sweep_of(selector));
  SWEEPD_TRY(const core::Selection selection, core::select_trials(*sweep, selector));
  if (selection.trials.size() != 1) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("'{}' does not name one trial: try {}/best", selector, sweep->id.value)};
  }
  const core::Trial& trial = sweep->trial(selection.trials.front());
  const core::Attempt* attempt = trial.attempts.empty() ? nullptr : &trial.attempts.back();
  if (selection.attempt) {
    const AttemptKey key{sweep->id, trial.number, *selection.attempt};
    attempt = core::find_attempt(sources_.state, key);
    if (attempt == nullptr) {
      return Error{Errc::kNotFound, fmt::format("there is no attempt {}", to_string(key))};
    }
  }
  return OneTrial{*sweep, trial, attempt};
}

void Queries::summarize(SweepId id, pb::SweepSummary& row) {
  const auto sweep = sources_.state.sweeps.find(id);
  if (sweep != sources_.state.sweeps.end()) {
    put(row, header_of(sweep->second));
    if (const auto& closing = sweep->second.closing; closing && !is_terminal(sweep->second.state)) {
      *row.mutable_closing() = to_proto(closing->reason);
    }
  } else if (const auto header = sources_.shelf.headers().find(id);
             header != sources_.shelf.headers().end()) {
    put(row, header->second);
  }
}

Result<void> Queries::sweeps(const pb::ListSweeps& request, pb::SweepList& list) {
  const auto& headers = sources_.shelf.headers();
  const SweepId before{request.before() == 0 ? UINT64_MAX : request.before()};
  // Without `all` the ended ones of earlier pages count.
  auto header =
      request.all() ? std::make_reverse_iterator(headers.lower_bound(before)) : headers.rbegin();
  std::size_t ended = 0;
  bool full = false;
  PageSize page;
  for (; header != headers.rend(); ++header) {
    const bool live = sources_.state.live.contains(header->first);
    const bool wanted = live || request.all() || ended < kEndedShown;
    ended += live ? 0 : 1;
    if (!wanted || header->first >= before) {
      continue;
    }
    if (full) {
      list.set_more(true);
      break;
    }
    summarize(header->first, *list.add_sweeps());
    full = page.full(list.sweeps(list.sweeps_size() - 1)) ||
           list.sweeps_size() == static_cast<int>(rows(request.limit(), kRowsMax));
  }
  std::reverse(list.mutable_sweeps()->begin(), list.mutable_sweeps()->end());
  list.set_notice(sources_.state.storage_reason.sentence);
  return {};
}

Result<void> Queries::sweep(const pb::ShowSweep& request,
                            const core::Stamp& at,
                            pb::SweepDetail& detail) {
  SWEEPD_TRY(const core::Sweep* sweep, sweep_of(request.selector()));
  summarize(sweep->id, *detail.mutable_summary());
  *detail.mutable_spec() = wire::to_proto(sweep->spec);
  detail.set_toml(sweep->toml);
  detail.set_snapshot_digest(sweep->snapshot_digest);
  std::string waiting = core::why_waiting(sources_.state, *sweep, at.now);
  if (!waiting.empty() && !sources_.facts.refuses.empty() && nobody_connected(sources_.state)) {
    waiting += "; " + sources_.facts.refuses;
  }
  detail.set_waiting(waiting);
  return {};
}

Result<void> Queries::leaderboard(const pb::Leaderboard& request, pb::LeaderboardPage& page) {
  SWEEPD_TRY(const core::Sweep* sweep, sweep_of(request.selector()));
  summarize(sweep->id, *page.mutable_summary());
  const std::uint32_t limit = rows(request.limit(), 10);
  const std::vector<TrialNumber> best = core::leaderboard(*sweep, std::size_t{limit} + 1);
  bool full = false;
  PageSize size;
  for (const TrialNumber number : best) {
    if (full) {
      page.set_more(true);
      break;
    }
    put(*page.add_rows(), sources_.state, *sweep, sweep->trial(number));
    full =
        size.full(page.rows(page.rows_size() - 1)) || page.rows_size() == static_cast<int>(limit);
  }
  return {};
}

Result<void> Queries::trials(const pb::ListTrials& request, pb::TrialList& list) {
  SWEEPD_TRY(const core::Sweep* sweep, sweep_of(request.selector()));
  SWEEPD_TRY(const core::Selection selection, core::select_trials(*sweep, request.selector()));
  const std::size_t total = selection.names_trials ? selection.trials.size() : sweep->trials.size();
  list.set_total(static_cast<std::uint32_t>(total));
  const std::size_t end =
      std::min<std::size_t>(total, std::size_t{request.offset()} + rows(request.limit()));
  PageSize size;
  for (std::size_t i = request.offset(); i < end; ++i) {
    const core::Trial& trial =
        selection.names_trials ? sweep->trial(selection.trials[i]) : sweep->trials[i];
    put(*list.add_trials(), sources_.state, *sweep, trial);
    if (size.full(list.trials(list.trials_size() - 1))) {
      break;
    }
  }
  return {};
}

Result<void> Queries::trial(const pb::ShowTrial& request,
                            const core::Stamp& at,
                            pb::TrialDetail& detail) {
  SWEEPD_TRY(const OneTrial named, trial_of(request.selector()));
  const auto& [sweep, trial, attempt] = named;
  put(*detail.mutable_row(), sources_.state, sweep, trial);
  PageSize size;
  for (const core::Attempt& one : trial.attempts) {
    put(*detail.add_attempts(), sources_.state, sweep, trial, one);
    if (size.full(detail.attempts(detail.attempts_size() - 1))) {
      break;
    }
  }
  for (const core::StoredVerdict& verdict : trial.verdicts) {
    put(*detail.add_verdicts(), sweep, verdict);
  }
  if (auto argv = sweeps::render_command(sweep.spec, trial.assignment, {sweep.id, trial.number});
      argv.ok()) {
    detail.mutable_argv()->Add(argv->begin(), argv->end());
  }
  detail.set_metric(sweep.spec.objective.metric);
  detail.set_goal(detail.metric().empty()                                ? ""
                  : sweep.spec.objective.goal == sweeps::Goal::kMaximize ? "maximize"
                                                                         : "minimize");
  detail.set_explanation(valid_utf8(core::explain(sources_.state, sweep, trial, at.now)));
  return {};
}

Result<void> Queries::metrics(const pb::ReadMetrics& request, pb::MetricPage& page) {
  SWEEPD_TRY(const OneTrial named, trial_of(request.selector()));
  if (named.attempt == nullptr) {
    return no_attempt(named.sweep, named.trial);
  }
  const AttemptKey key = key_of(named.sweep, named.trial, *named.attempt);
  *page.mutable_attempt() = wire::to_proto(key);
  SWEEPD_TRY(const std::vector<core::Report> reports,
             sources_.journal.reports(key, request.after_seq(), rows(request.limit(), kRowsMax)));
  std::uint64_t last = request.after_seq();
  PageSize size;
  for (const core::Report& report : reports) {
    put(*page.add_reports(), report);
    last = report.seq;
    if (size.full(page.reports(page.reports_size() - 1))) {
      break;
    }
  }
  page.set_complete(core::is_terminal(named.attempt->state) && last >= named.attempt->reports_last);
  return {};
}

Result<void> Queries::log(const pb::ReadLog& request, pb::LogPage& page) {
  if (request.stream() != pb::STDOUT && request.stream() != pb::STDERR) {
    return Error{Errc::kInvalidArgument, "a log is either stdout or stderr"};
  }
  SWEEPD_TRY(const OneTrial named, trial_of(request.selector()));
  if (named.attempt == nullptr) {
    return no_attempt(named.sweep, named.trial);
  }
  const LogKey key{key_of(named.sweep, named.trial, *named.attempt),
                   static_cast<LogStream>(request.stream())};
  SWEEPD_TRY(const std::uint64_t size, sources_.logs.size(key));
  const std::uint64_t begin =
      request.tail() ? size - std::min(size, request.offset()) : std::min(size, request.offset());
  const std::size_t length = request.length() == 0
                                 ? kLogPageBytesMax
                                 : std::min<std::size_t>(request.length(), kLogPageBytesMax);
  *page.mutable_attempt() = wire::to_proto(key.attempt);
  page.set_offset(begin);
  if (begin < size) {
    SWEEPD_TRY(LogPiece piece, sources_.logs.read(key, begin, length));
    page.set_offset(piece.offset);
    page.set_data(std::move(piece.bytes));
  }
  page.set_size(size);
  page.set_complete(core::is_terminal(named.attempt->state));
  return {};
}

Result<void> Queries::models(const pb::ListModels& request, pb::ModelList& list) {
  const std::string& wanted = request.model();
  const std::string& after = request.after_model();
  const std::size_t colon = wanted.find(':');
  const std::string name = wanted.substr(0, colon);
  std::uint32_t version = 0;
  if (colon != std::string::npos) {
    const std::string digits = wanted.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), version);
    if (error != std::errc{} || end != digits.data() + digits.size() || version == 0) {
      return Error{Errc::kInvalidArgument, fmt::format("'{}' has no version like mnist:4", wanted)};
    }
  }
  const auto& models = sources_.state.models;
  bool full = false;
  PageSize size;
  for (auto model = models.lower_bound(std::max(name, after));
       model != models.end() && (name.empty() || model->first == name);
       ++model) {
    // The newest first: whoever asks for a name alone means that one.
    for (auto one = model->second.rbegin(); one != model->second.rend(); ++one) {
      const bool sent = model->first == after && one->version >= request.after_version();
      if (sent || (version != 0 && one->version != version)) {
        continue;
      }
      if (full) {
        list.set_more(true);
        return {};
      }
      put(*list.add_versions(), *one);
      full = size.full(list.versions(list.versions_size() - 1)) ||
             list.versions_size() == static_cast<int>(rows(request.limit(), kRowsMax));
    }
  }
  if (!name.empty() && after.empty() && list.versions_size() == 0) {
    return Error{Errc::kNotFound, fmt::format("there is no model '{}'", wanted)};
  }
  return {};
}

}  // namespace sweepd::daemon
