// The last term of a state folder, beside its store: a store that went back must not begin a term
// that agents have obeyed already.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>

namespace sweepd::daemon {

// 0: none was written yet, or what is there is no number.
std::uint64_t read_term(const std::string& path);

// Survives a power cut when it returns. Until then the file says what it said before.
Result<void> write_term(const std::string& path, std::uint64_t term);

}  // namespace sweepd::daemon
