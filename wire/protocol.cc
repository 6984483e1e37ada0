// The one way of turning messages into bytes and back.
#include "wire/protocol.h"

#include "base/check.h"
#include "base/log.h"

#include <fmt/format.h>

#include <google/protobuf/stubs/logging.h>

#include <limits>

namespace sweepd::wire {

namespace {

void log_protobuf(google::protobuf::LogLevel level,
                  const char* file,
                  int line,
                  const std::string& message) {
  const bool fatal = level == google::protobuf::LOGLEVEL_FATAL;
  log_line(fatal ? LogLevel::kError : LogLevel::kDebug,
           fmt::format("protobuf: {} ({}:{})", message, file, line));
}

}  // namespace

void quiet_protobuf() {
  google::protobuf::SetLogHandler(log_protobuf);
}

std::string encode(const google::protobuf::MessageLite& message) {
  std::string bytes;
  // Fails only above 2 GB, which is ours to prevent. Text that is not UTF-8 in a `string` field
  // does not fail here, but whoever reads the bytes refuses them.
  SWEEPD_CHECK(message.SerializeToString(&bytes));
  return bytes;
}

Result<void> decode(std::string_view bytes,
                    std::size_t bytes_max,
                    google::protobuf::MessageLite& message) {
  if (bytes.size() > bytes_max || bytes.size() > std::numeric_limits<int>::max()) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("a message of {} bytes where {} are allowed", bytes.size(), bytes_max)};
  }
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error{Errc::kCorrupt,
                 fmt::format("{} bytes that are no {}", bytes.size(), message.GetTypeName())};
  }
  return {};
}

pb::Attempt to_proto(const AttemptKey& key) {
  pb::Attempt attempt;
  attempt.set_sweep(key.sweep.value);
  attempt.set_trial(key.trial.value);
  attempt.set_attempt(key.attempt.value);
  return attempt;
}

AttemptKey from_proto(const pb::Attempt& attempt) {
  return {{attempt.sweep()}, {attempt.trial()}, {attempt.attempt()}};
}

}  // namespace sweepd::wire
