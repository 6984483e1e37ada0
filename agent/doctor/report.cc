// Findings for people and for programs.
#include "agent/doctor/report.h"

#include <fmt/format.h>

#include <string_view>

#include <nlohmann/json.hpp>

namespace sweepd::agent {

namespace {

using Json = nlohmann::ordered_json;

struct Words {
  std::string_view text;
  std::string_view json;
};

Words words_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOk:
      return {"ok", "ok"};
    case Outcome::kWarning:
      return {"warning", "warning"};
    case Outcome::kFailed:
      return {"FAILED", "failed"};
    case Outcome::kNotTried:
      return {"not tried", "not_tried"};
  }
  return {};
}

}  // namespace

std::string line_of(const Finding& finding) {
  std::string text = fmt::format(
      "{:<11}{:<14}{}\n", words_of(finding.outcome).text, name_of(finding.check), finding.text);
  if (!finding.advice.empty()) {
    text += fmt::format("{:<25}-> {}\n", "", finding.advice);
  }
  return text;
}

std::string json_of(const std::vector<Finding>& findings, int exit_code) {
  Json out = {{"exit_code", exit_code}, {"checks", Json::array()}};
  for (const Finding& finding : findings) {
    out["checks"].push_back({{"check", name_of(finding.check)},
                             {"code", static_cast<int>(finding.check)},
                             {"outcome", words_of(finding.outcome).json},
                             {"text", finding.text},
                             {"advice", finding.advice}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sweepd::agent
