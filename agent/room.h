// Whether the disk under the state folder has room for new trials.
#pragma once

#include "base/time.h"

#include <cstdint>
#include <optional>
#include <string>

namespace sweepd::agent {

// Looks now and then. A box without room offers no slots: what runs goes on, and trials begin
// elsewhere instead of failing here.
class Room {
 public:
  //   low_bytes: the least that must be free; none: what suits the size of the file system
  Room(std::string folder, std::optional<std::uint64_t> low_bytes)
      : folder_(std::move(folder)), low_bytes_(low_bytes) {}

  // True when the answer is another one than before.
  bool look(Instant now);

  // Why nothing new is taken; empty: there is room.
  const std::string& shortage() const { return shortage_; }

 private:
  std::string folder_;
  std::optional<std::uint64_t> low_bytes_;
  std::string shortage_;
  Instant look_at_;
};

}  // namespace sweepd::agent
