// The wording of states and results.
#include "cli/describe.h"

#include "cli/format.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace sweepd::cli {

namespace {

constexpr std::array<const char*, 17> kTrialFields = {"trial",
                                                      "sweep",
                                                      "number",
                                                      "attempt",
                                                      "state",
                                                      "reason",
                                                      "reason_text",
                                                      "value",
                                                      "diverged",
                                                      "reports",
                                                      "resource",
                                                      "params",
                                                      "agent",
                                                      "slots",
                                                      "started_at",
                                                      "ended_at",
                                                      "seconds"};

constexpr std::array<const char*, 18> kSweepFields = {"sweep",
                                                      "name",
                                                      "state",
                                                      "reason",
                                                      "reason_text",
                                                      "ending",
                                                      "job",
                                                      "experiment",
                                                      "user",
                                                      "metric",
                                                      "goal",
                                                      "trials_total",
                                                      "trials",
                                                      "best_trial",
                                                      "best_value",
                                                      "reports",
                                                      "submitted_at",
                                                      "ended_at"};

// A parameter in a narrow column: numbers short, text as it is.
std::string param_cell(const pb::Value& value) {
  if (value.kind_case() == pb::Value::kFloatValue) {
    return number_text(value.float_value());
  }
  const Json json = value_json(value);
  return json.is_string() ? json.get<std::string>() : dump(json);
}

std::vector<std::string> parameter_names(const std::vector<pb::TrialRow>& trials) {
  std::vector<std::string> names;
  for (const pb::TrialRow& trial : trials) {
    for (const pb::Binding& binding : trial.params().bindings()) {
      if (std::find(names.begin(), names.end(), binding.name()) == names.end()) {
        names.push_back(binding.name());
      }
    }
  }
  return names;
}

std::string param_cell(const pb::TrialRow& trial, const std::string& name) {
  for (const pb::Binding& binding : trial.params().bindings()) {
    if (binding.name() == name) {
      return param_cell(binding.value());
    }
  }
  return {};  // inactive in this trial
}

bool numeric(const std::vector<pb::TrialRow>& trials, const std::string& name) {
  return std::all_of(trials.begin(), trials.end(), [&name](const pb::TrialRow& trial) {
    return std::all_of(trial.params().bindings().begin(),
                       trial.params().bindings().end(),
                       [&name](const pb::Binding& binding) {
                         return binding.name() != name ||
                                binding.value().kind_case() == pb::Value::kFloatValue ||
                                binding.value().kind_case() == pb::Value::kIntValue;
                       });
  });
}

std::string trials_cell(const pb::SweepSummary& sweep, const Terminal& terminal) {
  const std::uint32_t ended = ended_trials(sweep);
  constexpr std::size_t kRoomForBars = 80;
  if (!terminal.tty || terminal.width < kRoomForBars) {
    return fmt::format("{}/{}", ended, sweep.trials_total());
  }
  const double share = sweep.trials_total() == 0
                           ? 0
                           : static_cast<double>(ended) / static_cast<double>(sweep.trials_total());
  return fmt::format(
      "{} {}/{}", bar_text(share, 10, terminal.unicode), ended, sweep.trials_total());
}

std::string best_cell(const pb::SweepSummary& sweep) {
  if (sweep.best_trial() == 0) {
    return "-";
  }
  return fmt::format(
      "{} ({})", number_text(sweep.best_value()), trial_name(sweep.sweep(), sweep.best_trial()));
}

std::string sentence_of(const pb::Reason& reason) {
  return reason.sentence().empty() ? reason_name(reason.code()) : reason.sentence();
}

}  // namespace

std::uint32_t count_of(const pb::SweepSummary& sweep, const std::string& state) {
  for (const pb::StateCount& count : sweep.counts()) {
    if (count.state() == state) {
      return count.count();
    }
  }
  return 0;
}

std::uint32_t ended_trials(const pb::SweepSummary& sweep) {
  std::uint32_t ended = 0;
  for (const pb::StateCount& count : sweep.counts()) {
    ended += is_terminal(count.state()) ? count.count() : 0;
  }
  return ended;
}

std::string counts_text(const pb::SweepSummary& sweep) {
  std::uint32_t all = 0;
  std::string parts;
  for (const pb::StateCount& count : sweep.counts()) {
    if (count.count() > 0) {
      all += count.count();
      parts += fmt::format("{}{} {}", parts.empty() ? ": " : ", ", count.count(), count.state());
    }
  }
  return fmt::format("{} of {}{}", all, counted(sweep.trials_total(), "trial"), parts);
}

std::string best_text(const pb::SweepSummary& sweep) {
  if (sweep.best_trial() == 0) {
    return {};
  }
  return fmt::format("{} {}", sweep.metric(), best_cell(sweep));
}

std::string place_text(const std::string& agent, const std::vector<std::uint32_t>& slots) {
  if (agent.empty()) {
    return "-";
  }
  return slots.empty() ? agent : fmt::format("{}:{}", agent, fmt::join(slots, ","));
}

std::string place_text(const pb::TrialRow& trial) {
  return place_text(trial.agent(), {trial.slots().begin(), trial.slots().end()});
}

std::string time_text(std::int64_t started_us, std::int64_t ended_us, std::int64_t now_us) {
  if (started_us == 0) {
    return {};
  }
  return span_text((ended_us != 0 ? ended_us : now_us) - started_us);
}

std::string value_text(const pb::TrialRow& trial) {
  if (!trial.has_value()) {
    return {};
  }
  // The infinity that the daemon ranks by need not be what was reported.
  return std::isfinite(trial.value()) ? number_text(trial.value()) : "diverged";
}

std::string change_text(const pb::TrialRow& trial, const std::string& metric) {
  std::string text = fmt::format("{} {}", trial_name(trial.sweep(), trial.trial()), trial.state());
  const std::string sentence = sentence_of(trial.reason());
  if (!is_terminal(trial.state())) {
    if (!trial.agent().empty() && trial.state() != "queued") {
      text += fmt::format(" on {}", place_text(trial));
    }
    return sentence.empty() ? text : fmt::format("{}: {}", text, sentence);
  }
  if (trial.reports() > 0) {
    text += fmt::format(" after {}", counted(trial.reports(), "report"));
  }
  const std::string value = value_text(trial);
  if (!value.empty()) {
    text += fmt::format(": {} {}", metric, value);
  }
  const bool tell = !sentence.empty() && trial.state() != "completed";
  return tell ? fmt::format("{}{} {}", text, value.empty() ? ":" : ";", sentence) : text;
}

std::string command_text(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : " ") + shell_quoted(word);
  }
  return text;
}

bool may_be_best(const pb::TrialRow& trial) {
  return trial.has_value() && !trial.diverged() &&
         (trial.state() == "completed" || trial.state() == "pruned");
}

std::string state_text(const pb::SweepSummary& sweep) {
  return sweep.has_closing() ? "ending" : sweep.state();
}

std::string sweep_text(const pb::SweepSummary& sweep) {
  const std::string sentence = sentence_of(sweep.has_closing() ? sweep.closing() : sweep.reason());
  const std::string best = best_text(sweep);
  return fmt::format("{} {} \"{}\" {}{}{}{}",
                     sweep.job() ? "Job" : "Sweep",
                     sweep.sweep(),
                     sweep.name(),
                     state_text(sweep),
                     sentence.empty() ? "" : ": " + sentence,
                     best.empty() ? "" : "; best ",
                     best);
}

std::string waiting_text(const pb::SweepDetail& sweep) {
  std::string text = sweep.waiting();
  const std::string said = ": " + sweep.summary().reason().sentence();
  const std::size_t again = said.size() > 2 ? text.find(said) : std::string::npos;
  return again == std::string::npos ? text : text.erase(again, said.size());
}

Listing trial_listing(const std::vector<pb::TrialRow>& trials, const TrialListingOptions& options) {
  const std::vector<std::string> names = parameter_names(trials);
  const std::string metric = options.metric.empty() ? "VALUE" : options.metric;
  Listing listing{"trial", {kTrialFields.begin(), kTrialFields.end()}, {}, {}, {}};
  if (!options.metric.empty()) {
    listing.aliases[options.metric] = "value";
  }
  listing.aliases["step"] = "resource";
  listing.aliases["time"] = "seconds";
  if (options.ranked) {
    listing.headings.push_back({"#", Align::kRight});
  }
  listing.headings.push_back({"TRIAL"});
  listing.headings.push_back({metric, Align::kRight});
  listing.headings.push_back({"STEP", Align::kRight});
  for (const std::string& name : names) {
    listing.headings.push_back(numeric(trials, name)
                                   ? Heading{name, Align::kRight, Cells::kSpare}
                                   : Heading{name, Align::kLeft, Cells::kSpareText});
  }
  listing.headings.push_back({"STATE", Align::kLeft, Cells::kState});
  listing.headings.push_back({"TIME", Align::kRight});
  if (!options.ranked) {
    listing.headings.push_back({"WHERE"});
    listing.headings.push_back({"REASON", Align::kLeft, Cells::kText});
  }
  std::size_t rank = 0;
  for (const pb::TrialRow& trial : trials) {
    Row row{to_json(trial), {}};
    if (options.ranked) {
      row.cells.push_back(fmt::format("{}", ++rank));
    }
    row.cells.push_back(trial_name(trial.sweep(), trial.trial()));
    row.cells.push_back(value_text(trial));
    row.cells.push_back(trial.reports() > 0 ? number_text(trial.resource()) : std::string());
    for (const std::string& name : names) {
      row.cells.push_back(param_cell(trial, name));
    }
    row.cells.push_back(trial.state());
    // Of a trial that is queued again the last attempt is told; the next one has no place and time.
    const bool queued = trial.state() == "queued";
    row.cells.push_back(
        queued ? std::string()
               : time_text(trial.started_wall_us(), trial.ended_wall_us(), options.now_us));
    if (!options.ranked) {
      row.cells.push_back(queued ? "-" : place_text(trial));
      row.cells.push_back(sentence_of(trial.reason()));
    }
    listing.rows.push_back(std::move(row));
  }
  return listing;
}

Listing sweep_listing(const std::vector<pb::SweepSummary>& sweeps,
                      const Terminal& terminal,
                      std::int64_t now_us) {
  Listing listing{"sweep",
                  {kSweepFields.begin(), kSweepFields.end()},
                  {{"id", "sweep"}, {"owner", "user"}, {"best", "best_value"}},
                  {},
                  {}};
  listing.headings = {{"ID", Align::kRight},
                      {"NAME", Align::kLeft, Cells::kText},
                      {"STATE", Align::kLeft, Cells::kState},
                      {"TRIALS"},
                      {"BEST"},
                      {"METRIC", Align::kLeft, Cells::kText},
                      {"AGE", Align::kRight},
                      {"OWNER", Align::kLeft, Cells::kText}};
  for (const pb::SweepSummary& sweep : sweeps) {
    listing.rows.push_back({to_json(sweep),
                            {fmt::format("{}", sweep.sweep()),
                             sweep.job() ? "job: " + sweep.name() : sweep.name(),
                             state_text(sweep),
                             sweep.job() ? "1" : trials_cell(sweep, terminal),
                             best_cell(sweep),
                             sweep.metric().empty() ? "-" : sweep.metric(),
                             age_text(now_us - sweep.submitted_wall_us()),
                             sweep.user()}});
  }
  return listing;
}

}  // namespace sweepd::cli
