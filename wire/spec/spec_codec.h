// SweepSpec and parameter values <-> protobuf, for the wire and for the disk alike.
#pragma once

#include "base/result.h"
#include "sweeps/sweep_spec.h"
#include "wire/spec.pb.h"

namespace sweepd::wire {

pb::SweepSpec to_proto(const sweeps::SweepSpec& spec);

// Refuses what no SweepSpec can hold (unknown enumerators, missing domains); sweeps::validate says
// the rest.
Result<sweeps::SweepSpec> from_proto(const pb::SweepSpec& proto);

pb::Assignment to_proto(const sweeps::Assignment& assignment);
Result<sweeps::Assignment> from_proto(const pb::Assignment& proto);

}  // namespace sweepd::wire
