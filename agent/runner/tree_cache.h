// Code snapshots on this box: fetched once, copied for each attempt.
#pragma once

#include "agent/trash.h"
#include "base/result.h"
#include "base/time.h"
#include "blobs/bulk_session.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace sweepd::agent {

class TreeCache {
 public:
  // `boot_id`: what an earlier start of the machine left is thrown away, because it was not synced.
  TreeCache(std::string folder, const std::string& boot_id, Trash& trash);

  // Whether the tree can be copied; fetches it if it is not there. Refusals of the daemon come out
  // here, once; the next call asks again.
  Result<bool> ready(const std::string& digest, Instant now, blobs::BulkSession& bulk);

  // Takes the end of a transfer of its own; false for others'.
  bool finished(const blobs::Finished& done, Instant now);

  // A fresh copy, sharing blocks where the file system can. Throws out what was not used for long.
  Result<void> copy(const std::string& digest, const std::string& destination);

  // When what is waited for can be asked for again.
  std::optional<Instant> next_wake(Instant now) const;

 private:
  struct Entry {
    std::optional<blobs::JobId> job;  // under way
    bool there = false;
    std::optional<Error> error;  // to be told
    Instant retry_at;
    std::uint64_t used = 0;  // larger: later
  };

  std::string path_of(const std::string& digest) const;
  void evict();

  std::string folder_;
  Trash& trash_;
  std::map<std::string, Entry> entries_;
  std::uint64_t uses_ = 0;
};

}  // namespace sweepd::agent
