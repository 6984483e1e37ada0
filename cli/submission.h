// Handing a specification to the daemon.
#pragma once

#include "base/result.h"
#include "cli/session.h"
#include "sweeps/sweep_spec.h"

#include <string>

namespace sweepd::cli {

struct Submission {
  sweeps::SweepSpec spec;
  std::string toml;             // the original text; empty for a job
  std::string snapshot_digest;  // empty: no code is shipped
  bool paused = false;
};

Result<pb::Submitted> submit(Session& session, const Submission& submission);

}  // namespace sweepd::cli
