// Transfers for a program that waits for them.
#pragma once

#include "base/result.h"
#include "blobs/bulk_session.h"

#include <chrono>
#include <functional>
#include <string>

namespace sweepd::blobs {

struct Patience {
  std::chrono::milliseconds whole{0};         // for the whole transfer; 0: no limit
  std::chrono::milliseconds silence{15'000};  // without a byte of progress
  // Told at every step and at least ten times a second; false gives up with kInterrupted.
  std::function<bool(const Progress&)> going_on;
};

// The same session, pumped until one transfer is finished. kUnavailable when the daemon was silent,
// kTimeout when the time for the whole was up.
class BulkClient {
 public:
  static Result<BulkClient> connect(wire::Context& context, const std::string& address);

  Result<TreeSent> put_tree(LocalTree local, const Patience& patience);
  Result<TreeFetched> get_tree(TreeWanted wanted, const Patience& patience);
  Result<std::string> get_blob(const BlobWanted& wanted, const Patience& patience);

  // The number of bytes then stored.
  Result<std::uint64_t> append_log(LogBytes log, const Patience& patience);

 private:
  BulkClient(BulkSession session, std::string address)
      : session_(std::move(session)), address_(std::move(address)) {}

  Result<Outcome> wait(JobId job, const Patience& patience);
  Result<Outcome> wait_for(JobId job, const Patience& patience);

  BulkSession session_;
  std::string address_;
};

}  // namespace sweepd::blobs
