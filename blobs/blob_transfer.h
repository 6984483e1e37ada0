// One blob on its way in either direction: which piece to ask for next, and what an answer means.
#pragma once

#include "base/result.h"
#include "blobs/digest.h"
#include "blobs/file.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace sweepd::blobs {

// Sends pieces in order, many at a time, and goes back to what the daemon has when one got lost
// (go-back-n). Requests are known by their tags; answers to forgotten ones change nothing.
class BlobSender {
 public:
  struct Blob {
    std::string digest;
    std::uint64_t size = 0;
    // The content, or the path of the file that has it.
    std::variant<std::string_view, std::string> content;
  };

  // The content, where given as bytes, must outlive the sender.
  explicit BlobSender(Blob blob) : blob_(std::move(blob)) {}

  // Fills in the body; false: nothing to send before an answer comes.
  Result<bool> next(pb::BulkRequest& request);

  // `reply` is the answer to the request with the tag.
  Result<void> answer(const pb::BulkReply& reply);
  void lost(std::uint64_t tag);

  bool complete() const { return complete_; }

  // What the daemon is known to have.
  std::uint64_t stored() const { return complete_ ? blob_.size : stored_; }

 private:
  Result<std::string> read(std::size_t length);
  void go_back(std::uint64_t offset);
  Result<void> start_again();

  Blob blob_;
  File file_;
  std::uint64_t next_ = 0;
  std::uint64_t stored_ = 0;
  int spoiled_ = 0;                              // times that the content did not match its name
  std::map<std::uint64_t, std::uint64_t> ends_;  // of the pieces under way, by tag
  bool complete_ = false;
};

// Asks for pieces in order, many at a time, checks the whole against its name.
class BlobReceiver {
 public:
  using Sink = std::function<Result<void>(std::string_view)>;

  struct Blob {
    std::string digest;
    std::optional<std::uint64_t> size;  // when it is known
    std::uint64_t bytes_max = UINT64_MAX;
  };

  BlobReceiver(Blob blob, Sink sink) : blob_(std::move(blob)), sink_(std::move(sink)) {}

  bool next(pb::BulkRequest& request);
  Result<void> answer(const pb::BulkReply& reply);
  void lost(std::uint64_t tag);

  bool complete() const { return complete_; }

  std::uint64_t received() const { return received_; }

 private:
  Result<void> take(const pb::Chunk& chunk);
  Result<void> finish();
  void go_back();

  Blob blob_;
  Sink sink_;
  Digester digester_;
  std::uint64_t next_ = 0;
  std::uint64_t received_ = 0;
  std::map<std::uint64_t, std::uint64_t> offsets_;  // of the pieces under way, by tag
  bool complete_ = false;
};

// The refusal in an answer; nothing when it is none.
Result<void> check_reply(const pb::BulkReply& reply);

}  // namespace sweepd::blobs
