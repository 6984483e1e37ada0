// One append, asked until it is answered.
#include "blobs/log_job.h"

#include "base/limits.h"
#include "blobs/blob_transfer.h"
#include "wire/protocol.h"

#include <fmt/format.h>

namespace sweepd::blobs {

Result<std::unique_ptr<AppendLogJob>> AppendLogJob::make(LogBytes log) {
  if (log.bytes.size() > limits::kChunkBytes) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} bytes of a log at once where {} are allowed",
                             log.bytes.size(),
                             limits::kChunkBytes)};
  }
  return std::unique_ptr<AppendLogJob>(new AppendLogJob(std::move(log)));
}

Result<bool> AppendLogJob::next(pb::BulkRequest& request) {
  if (asked_ != 0 || stored_) {
    return false;
  }
  pb::AppendLog& append = *request.mutable_append_log();
  *append.mutable_attempt() = wire::to_proto(log_.attempt);
  append.set_stream(log_.stream);
  append.set_offset(log_.offset);
  append.set_data(log_.bytes);
  asked_ = request.tag();
  return true;
}

Result<void> AppendLogJob::answer(const pb::BulkReply& reply) {
  SWEEPD_TRY_VOID(check_reply(reply));
  if (!reply.has_log()) {
    return Error{Errc::kCorrupt, "the daemon did not answer how much of the log is stored"};
  }
  stored_ = reply.log().offset();
  return {};
}

void AppendLogJob::lost(std::uint64_t tag) {
  if (asked_ == tag) {
    asked_ = 0;
  }
}

std::optional<Outcome> AppendLogJob::outcome() {
  if (!stored_) {
    return std::nullopt;
  }
  return LogAppended{*stored_};
}

Progress AppendLogJob::progress() const {
  return {stored_ ? log_.bytes.size() : 0, log_.bytes.size(), 0, 0};
}

}  // namespace sweepd::blobs
