// Pages are asked for until one is empty.
#include "cli/reports.h"

#include "cli/json.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kReportsPerPage = 1000;

// The first value of the metric that is no number or infinite. Nothing when there is none, or when
// it cannot be found out.
std::optional<double> first_nonfinite(Session& session,
                                      const std::string& attempt,
                                      const std::string& metric) {
  std::uint64_t after = 0;
  for (;;) {
    const Result<pb::MetricPage> page = read_reports(session, attempt, after);
    if (!page.ok() || page->reports().empty()) {
      return std::nullopt;
    }
    for (const pb::Report& report : page->reports()) {
      for (const pb::Metric& value : report.metrics()) {
        if (value.name() == metric && !std::isfinite(value.value())) {
          return value.value();
        }
      }
      after = report.seq();
    }
  }
}

}  // namespace

Result<pb::MetricPage> read_reports(Session& session,
                                    const std::string& selector,
                                    std::uint64_t after) {
  pb::ClientRequest request;
  pb::ReadMetrics& question = *request.mutable_read_metrics();
  question.set_selector(selector);
  question.set_after_seq(after);
  question.set_limit(kReportsPerPage);
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_metrics());
}

Result<Reports> all_reports(Session& session, const std::string& selector) {
  Reports all;
  std::uint64_t after = 0;
  for (;;) {
    SWEEPD_TRY(pb::MetricPage page, read_reports(session, selector, after));
    all.attempt = page.attempt();
    if (page.reports().empty()) {
      return all;
    }
    after = page.reports(page.reports_size() - 1).seq();
    std::move(page.mutable_reports()->begin(),
              page.mutable_reports()->end(),
              std::back_inserter(all.reports));
  }
}

void put_reported(Session& session, pb::TrialDetail& trial) {
  std::map<std::uint32_t, std::optional<double>> known;  // by attempt
  const auto reported = [&](std::uint32_t attempt, double shown) {
    if (std::isfinite(shown)) {
      return shown;
    }
    if (!known.contains(attempt)) {
      const std::string name =
          fmt::format("{}#{}", trial_name(trial.row().sweep(), trial.row().trial()), attempt);
      known[attempt] = first_nonfinite(session, name, trial.metric());
    }
    return known[attempt].value_or(shown);
  };
  if (trial.row().has_value()) {
    trial.mutable_row()->set_value(reported(trial.row().attempt(), trial.row().value()));
  }
  for (pb::VerdictRow& verdict : *trial.mutable_verdicts()) {
    verdict.set_own(reported(verdict.attempt(), verdict.own()));
  }
}

}  // namespace sweepd::cli
