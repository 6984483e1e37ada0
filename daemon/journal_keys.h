// Keys of the store: big-endian numbers, so that the order of bytes is the order in which rows are
// read.
#pragma once

#include "base/ids.h"
#include "daemon/journal.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sweepd::daemon::keys {

std::string number(std::uint64_t value);                           // 8 bytes
std::string record(SweepId sweep, std::uint64_t seq);              // 16
std::string attempt(const AttemptKey& attempt);                    // 16, the prefix of the next two
std::string metric(const AttemptKey& attempt, std::uint64_t seq);  // 24
std::string log_prefix(const LogKey& log);                         // 17
std::string log(const LogKey& log, std::uint64_t offset);          // 25

// Names of the family `meta`: a sweep that was removed, of which rows may be left; a folder of
// files to which one of its rows referred; what is known of all records that were deleted.
inline constexpr std::string_view kRemovedPrefix = "removed/";
inline constexpr std::string_view kLetGoPrefix = "let-go/";
inline constexpr const char* kDeleted = "deleted";
std::string removed(SweepId sweep);
std::string let_go(const std::string& digest);

// The number in the last 8 bytes of a key; empty when the key is shorter.
std::optional<std::uint64_t> last_number(std::string_view key);

}  // namespace sweepd::daemon::keys
