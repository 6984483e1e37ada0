// What is taken out of a drawn scenario: reading, applying and proposing cuts.
#include "tests/sim/cuts.h"

#include "tests/sim/cut_kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sweepd::sim {

namespace {

template <typename Int>
bool read_number(std::string_view text, Int& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

// The part behind the first `mark`, which is cut off from `text`; empty when there is none.
std::string_view split_off(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

Error not_a_cut(std::string_view text) {
  return Error{Errc::kInvalidArgument, fmt::format("'{}' is not a cut", text)};
}

Result<Cut> parse_cut(std::string_view text) {
  std::string_view what = text;
  const std::string_view to = split_off(what, '=');
  const std::string_view number = split_off(what, ':');
  Cut cut{std::string(what), 0, 0};
  const bool read = (to.empty() || read_number(to, cut.to)) &&
                    (number.empty() || read_number(number, cut.number));
  return read && !what.empty() ? Result<Cut>(std::move(cut)) : Result<Cut>(not_a_cut(text));
}

std::string to_text(const Cut& cut) {
  return cut.what + (cut.number == 0 ? "" : fmt::format(":{}", cut.number)) +
         (cut.to == 0 ? "" : fmt::format("={}", cut.to));
}

// What is dropped from lists, by number less one.
struct Dropped {
  std::vector<bool> boxes;
  std::vector<bool> submissions;
  std::vector<bool> controls;
  std::vector<bool> agent_controls;
};

template <typename Item>
std::vector<Item> kept(const std::vector<Item>& items, const std::vector<bool>& dropped) {
  std::vector<Item> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!dropped[i]) {
      out.push_back(items[i]);
    }
  }
  return out;
}

// Where what was at `index` is, once those before it that are dropped have gone.
std::size_t moved(std::size_t index, const std::vector<bool>& dropped) {
  return static_cast<std::size_t>(
      std::count(dropped.begin(), dropped.begin() + static_cast<std::ptrdiff_t>(index), false));
}

void drop(Scenario& scenario, Dropped dropped) {
  for (std::size_t i = 0; i < scenario.controls.size(); ++i) {
    ControlPlan& control = scenario.controls[i];
    dropped.controls[i] = dropped.controls[i] || dropped.submissions[control.submission];
    control.submission = moved(control.submission, dropped.submissions);
  }
  for (std::size_t i = 0; i < scenario.agent_controls.size(); ++i) {
    AgentControlPlan& control = scenario.agent_controls[i];
    dropped.agent_controls[i] = dropped.agent_controls[i] || dropped.boxes[control.box];
    control.box = moved(control.box, dropped.boxes);
  }
  scenario.boxes = kept(scenario.boxes, dropped.boxes);
  scenario.submissions = kept(scenario.submissions, dropped.submissions);
  scenario.controls = kept(scenario.controls, dropped.controls);
  scenario.agent_controls = kept(scenario.agent_controls, dropped.agent_controls);
}

// The list from which the cut drops something; none for another kind of cut.
std::vector<bool>* list_of(const Cut& cut, Dropped& dropped) {
  const std::array<std::pair<std::string_view, std::vector<bool>*>, 4> lists{
      {{"boxes", &dropped.boxes},
       {"submissions", &dropped.submissions},
       {"controls", &dropped.controls},
       {"agent-controls", &dropped.agent_controls}}};
  for (const auto& [name, list] : lists) {
    if (cut.what == name) {
      return list;
    }
  }
  return nullptr;
}

bool mark(const Cut& cut, Dropped& dropped) {
  std::vector<bool>* list = list_of(cut, dropped);
  // The first box stays: it is the one on which every sweep can end.
  const bool may =
      list != nullptr && cut.number > (cut.what == "boxes" ? 1U : 0U) && cut.number <= list->size();
  if (may) {
    (*list)[cut.number - 1] = true;
  }
  return may;
}

// Changes the scenario in place; numbers are still those of the drawn one.
bool heal(Scenario& scenario, const Cut& cut) {
  for (const FaultKind& kind : fault_kinds()) {
    if (cut.what == kind.name) {
      kind.off(scenario.faults);
      return true;
    }
  }
  const bool box = cut.number > 0 && cut.number <= scenario.boxes.size();
  for (const BoxKind& kind : box_kinds()) {
    if (box && cut.what == kind.name) {
      kind.off(scenario.boxes[cut.number - 1]);
      return true;
    }
  }
  const bool submission = cut.number > 0 && cut.number <= scenario.submissions.size();
  for (const SpecKind& kind : spec_kinds()) {
    if (submission && cut.what == kind.name) {
      kind.off(scenario.submissions[cut.number - 1].spec);
      return true;
    }
  }
  if (submission && cut.what == "trials" && cut.to > 0) {
    scenario.submissions[cut.number - 1].spec.search.trials = static_cast<std::uint32_t>(cut.to);
    return true;
  }
  if (cut.what == "faulty" && cut.to > 0) {
    scenario.faulty = seconds(cut.to);
    return true;
  }
  if (cut.what == "chance" && cut.to > 0) {
    scenario.chance = static_cast<std::uint64_t>(cut.to);
    return true;
  }
  return false;
}

// The values that a number may be lessened to: to little, by half, by one.
void lessen(std::vector<Cut>& out, const Cut& cut, std::int64_t now) {
  for (const std::int64_t to : {std::int64_t{1}, now / 2, now * 3 / 4, now - 1}) {
    if (to > 0 && to < now) {
      out.push_back({cut.what, cut.number, to});
    }
  }
}

}  // namespace

Result<std::vector<Cut>> parse_cuts(std::string_view text) {
  std::vector<Cut> cuts;
  while (!text.empty()) {
    const std::string_view rest = split_off(text, ',');
    SWEEPD_TRY(Cut cut, parse_cut(text));
    cuts.push_back(std::move(cut));
    text = rest;
  }
  return cuts;
}

std::string to_text(const std::vector<Cut>& cuts) {
  std::string text;
  for (const Cut& cut : cuts) {
    text += (text.empty() ? "" : ",") + to_text(cut);
  }
  return text;
}

Result<Scenario> cut(const Scenario& drawn, const std::vector<Cut>& cuts) {
  Scenario scenario = drawn;
  Dropped dropped{std::vector<bool>(drawn.boxes.size()),
                  std::vector<bool>(drawn.submissions.size()),
                  std::vector<bool>(drawn.controls.size()),
                  std::vector<bool>(drawn.agent_controls.size())};
  for (const Cut& each : cuts) {
    if (!mark(each, dropped) && !heal(scenario, each)) {
      return not_a_cut(to_text(each));
    }
  }
  drop(scenario, std::move(dropped));
  return scenario;
}

std::vector<Cut> with(std::vector<Cut> cuts, const Cut& another) {
  std::erase_if(cuts, [&another](const Cut& each) {
    return each.what == another.what && each.number == another.number;
  });
  cuts.push_back(another);
  return cuts;
}

std::vector<Cut> candidates(const Scenario& drawn,
                            const std::vector<Cut>& cuts,
                            std::int64_t needed_s) {
  std::vector<Cut> out;
  const auto each_of = [&out](std::string_view what, std::size_t count) {
    for (std::size_t number = 1; number <= count; ++number) {
      out.push_back({std::string(what), number, 0});
    }
  };
  out.push_back({"faulty", 0, std::max<std::int64_t>(needed_s, 1)});
  each_of("submissions", drawn.submissions.size());
  each_of("boxes", drawn.boxes.size());
  for (const FaultKind& kind : fault_kinds()) {
    out.push_back({std::string(kind.name), 0, 0});
  }
  each_of("controls", drawn.controls.size());
  each_of("agent-controls", drawn.agent_controls.size());
  for (const SpecKind& kind : spec_kinds()) {
    each_of(kind.name, drawn.submissions.size());
  }
  for (const BoxKind& kind : box_kinds()) {
    each_of(kind.name, drawn.boxes.size());
  }
  Scenario healed = drawn;
  for (const Cut& each : cuts) {
    heal(healed, each);
  }
  for (std::size_t i = 0; i < healed.submissions.size(); ++i) {
    lessen(out, {"trials", i + 1, 0}, sweeps::trials_total(healed.submissions[i].spec));
  }
  lessen(out, {"faulty", 0, 0}, healed.faulty.us / 1'000'000);
  return out;
}

}  // namespace sweepd::sim
