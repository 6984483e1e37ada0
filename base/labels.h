// Labels of agents that mean something to the daemon and to people, beside those that people give.
#pragma once

namespace sweepd {

// Why an agent offers fewer slots than its box has, in a sentence; absent while it does not.
constexpr const char* kWithheldLabel = "withheld";

}  // namespace sweepd
