// Labels that agents set themselves, beside those that people give.
#pragma once

namespace sweepd {

// Why an agent offers fewer slots than its box has, in a sentence; absent while it does not.
constexpr const char* kWithheldLabel = "withheld";

// What keeps the processes of its trials together.
constexpr const char* kContainmentLabel = "containment";

}  // namespace sweepd
