// The version of the protocol, and the one way of turning messages into bytes and back.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "wire/sweepd.pb.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sweepd::wire {

// Raised by one when old programs would misread new messages; fields that may be skipped do not
// count.
constexpr std::uint32_t kProtocolVersion = 1;

// Sends what libprotobuf would write to stderr (a text field that is not UTF-8, say, which any peer
// can provoke) to the log at debug level; what is about to end the process, at error level. Call
// once, from main, after the log is set up and before there are threads.
void quiet_protobuf();

// Bytes of a message (any message of the schema). Its `string` fields must be UTF-8: the reader
// refuses the whole message otherwise.
std::string encode(const google::protobuf::MessageLite& message);

// Fills `message` from bytes; refuses more than `bytes_max` before reading a byte, and what does
// not parse.
Result<void> decode(std::string_view bytes,
                    std::size_t bytes_max,
                    google::protobuf::MessageLite& message);

// Between the identities of base/ids.h and their messages.
pb::Attempt to_proto(const AttemptKey& key);
AttemptKey from_proto(const pb::Attempt& attempt);

}  // namespace sweepd::wire
