// The bulk door: a thread of its own that takes blobs and logs, so that they never delay control.
#pragma once

#include "base/result.h"
#include "daemon/blob_offers.h"
#include "daemon/blob_store.h"
#include "daemon/disk.h"
#include "daemon/fail_stop.h"
#include "daemon/journal.h"
#include "wire/socket.h"

#include <memory>
#include <string>

namespace sweepd::daemon {

// Serves from start to destruction. Context, store and logs outlive it. Each turn takes what is
// waiting, syncs once for all its appends and once for all its complete blobs, then answers.
// Answers that a peer does not take are dropped: it asks again.
class BulkDoor {
 public:
  struct Ports {
    wire::Context& context;
    const BlobStore& store;
    BlobOffers& offers;
    LogStore& logs;
    const FileGate& gate;  // closed: logs and artifacts are refused until there is room
    OnFatal fatal = fail_stop;
  };

  // kUnavailable: the address cannot be bound.
  static Result<std::unique_ptr<BulkDoor>> start(const Ports& ports, const std::string& address);
  ~BulkDoor();  // ends the thread, after the turn that it is in
  BulkDoor(const BulkDoor&) = delete;
  BulkDoor& operator=(const BulkDoor&) = delete;

 private:
  struct Impl;
  explicit BulkDoor(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweepd::daemon
