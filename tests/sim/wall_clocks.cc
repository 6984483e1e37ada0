// The wall clocks jump.
#include "tests/sim/wall_clocks.h"

namespace sweepd::sim {

Place WallClocks::jump(Random& luck) {
  const auto place =
      static_cast<Place>(luck.between(0, static_cast<std::int64_t>(offsets_.size()) - 1));
  const std::int64_t hours = luck.chance(0.1) ? 10 * 365 * 24 : 72;
  const Duration most = seconds(hours * 3600);
  offsets_[place] = {luck.between(-most.us, most.us)};
  return place;
}

}  // namespace sweepd::sim
