// Appends bytes to a log of an attempt.
#pragma once

#include "base/ids.h"
#include "blobs/job.h"

#include <memory>
#include <string>

namespace sweepd::blobs {

struct LogBytes {
  AttemptKey attempt;
  pb::LogStream stream = pb::STDOUT;
  std::uint64_t offset = 0;  // of the first byte in the whole log
  std::string bytes;         // at most limits::kChunkBytes
};

class AppendLogJob final : public Job {
 public:
  static Result<std::unique_ptr<AppendLogJob>> make(LogBytes log);

  Result<bool> next(pb::BulkRequest& request) override;
  Result<void> answer(const pb::BulkReply& reply) override;
  void lost(std::uint64_t tag) override;
  std::optional<Outcome> outcome() override;
  Progress progress() const override;

 private:
  explicit AppendLogJob(LogBytes log) : log_(std::move(log)) {}

  LogBytes log_;
  std::uint64_t asked_ = 0;  // the tag; 0: not under way
  std::optional<std::uint64_t> stored_;
};

}  // namespace sweepd::blobs
