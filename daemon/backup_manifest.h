// The list of what a backup holds: one line a blob, readable by people.
#pragma once

#include "base/result.h"
#include "base/time.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace sweepd::daemon {

struct BackupManifest {
  std::string store;           // uuid
  std::uint64_t term = 0;      // of the daemon that made it
  std::uint64_t next_seq = 0;  // of the first record that is not in it
  WallTime taken;
  std::map<std::string, std::uint64_t> blobs;  // sizes by digest

  bool operator==(const BackupManifest&) const = default;
};

std::string encode_backup(const BackupManifest& manifest);

// kCorrupt names the line that is not as it must be; a cut text is always one.
Result<BackupManifest> decode_backup(std::string_view text);

}  // namespace sweepd::daemon
