// A transfer as a state machine without a socket; the session gives it turns and answers.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace sweepd::blobs {

// How far a transfer is. Totals grow until it is known what there is to do.
struct Progress {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_total = 0;
  std::uint32_t files = 0;
  std::uint32_t files_total = 0;

  bool operator==(const Progress&) const = default;
};

struct TreeSent {
  std::string digest;            // of the manifest, which names the tree
  std::uint32_t files_sent = 0;  // the others were there already
  std::uint64_t bytes_sent = 0;
};

struct TreeFetched {
  std::uint32_t files = 0;
  std::uint64_t bytes = 0;
};

struct BlobFetched {
  std::string content;
};

struct LogAppended {
  std::uint64_t stored = 0;  // bytes of the log; less than the offset asked for: there is a gap
};

using Outcome = std::variant<TreeSent, TreeFetched, BlobFetched, LogAppended>;

// Requests carry tags that no other request of the session has; what was lost is asked again under
// a new one, and answers to tags given up are ignored.
class Job {
 public:
  virtual ~Job() = default;

  // Fills in the body of the next request; false: an answer is needed first, or all is done.
  virtual Result<bool> next(pb::BulkRequest& request) = 0;

  virtual Result<void> answer(const pb::BulkReply& reply) = 0;
  virtual void lost(std::uint64_t tag) = 0;
  virtual std::optional<Outcome> outcome() = 0;  // once it is complete; asked for once
  virtual Progress progress() const = 0;

  // Whether transfers of its kind are done one after the other: the first that was begun asks
  // before the others.
  virtual bool in_line() const { return false; }

  // Whether a daemon that has no room is asked again, instead of being the end of it.
  virtual bool waits_for_room() const { return false; }
};

}  // namespace sweepd::blobs
