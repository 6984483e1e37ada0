// A copy of the store as an older program left it, made before a newer one opens it.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace sweepd::daemon {

// "before-0.1.0": the folder beside the store that holds what that program left; "before-unknown"
// for a program that did not say its version.
std::string upgrade_copy_name(std::string_view program);

// Makes the copy of the store in `<state>/journal`, which nobody has open, as
// `<state>/before-<program>`, and removes older ones. Tables are linked, so it takes no room at
// first; what a store appends to is copied. A copy of the store's last term stays as it is: a start
// that was cut off made it, and the store may be changed since. After an error the older one of
// that name, if there was one, is there still.
Result<void> copy_before_upgrade(const std::string& state, std::string_view program);

}  // namespace sweepd::daemon
