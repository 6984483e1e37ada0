// Whether everything in a state folder is as it must be. Reads only.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::daemon {

// One thing that is not as it must be.
struct Finding {
  std::string code;   // for programs: "record-damaged"
  std::string where;  // "record 00…0c/17", "sweep 12", "blob 9f86…"
  std::string text;   // for people

  bool operator==(const Finding&) const = default;
};

struct FsckReport {
  std::vector<Finding> findings;  // the first ones
  std::uint64_t findings_total = 0;
  std::uint64_t term = 0;
  std::uint64_t sweeps = 0;
  std::uint64_t records = 0;
  std::uint64_t reports = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t blobs = 0;  // that are referred to
  std::uint64_t blob_bytes = 0;
  std::uint64_t orphans = 0;  // blobs that nothing refers to: no fault, only room
  std::uint64_t orphan_bytes = 0;
  std::uint64_t parts = 0;  // uploads that were begun

  bool ok() const { return findings_total == 0; }
};

struct FsckOptions {
  bool fast = false;  // sizes of blobs, not their content
  // Told how far it is, in rows or bytes; total 0: not known. False: give up, kInterrupted.
  std::function<bool(std::string_view what, std::uint64_t done, std::uint64_t total)> progress =
      [](std::string_view, std::uint64_t, std::uint64_t) {
        return true;
      };
};

// Checks a folder with `journal` and `blobs` in it: a state folder that no daemon uses, or a
// backup. An error means that it could not be checked at all: no store, a newer one, or given up.
Result<FsckReport> fsck(const std::string& folder, const FsckOptions& options);

// The report in words, or as one JSON object.
std::string to_text(const FsckReport& report, const std::string& folder);
std::string to_json(const FsckReport& report, const std::string& folder);

}  // namespace sweepd::daemon
