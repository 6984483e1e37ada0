// The reports of an attempt, page by page.
#pragma once

#include "base/result.h"
#include "cli/session.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::cli {

// The next reports after number `after`; none when there are no more for now. A selector without an
// attempt means the newest.
Result<pb::MetricPage> read_reports(Session& session,
                                    const std::string& selector,
                                    std::uint64_t after);

struct Reports {
  pb::Attempt attempt;
  std::vector<pb::Report> reports;
};

Result<Reports> all_reports(Session& session, const std::string& selector);

// Where the daemon decides and ranks it takes the worst value, an infinity, for every value that is
// no number or infinite. Puts the first of these, as it was reported, in its place: of the value of
// the trial and of those that the policy looked at. What cannot be found out stays.
void put_reported(Session& session, pb::TrialDetail& trial);

}  // namespace sweepd::cli
