// The doors over ZeroMQ, and the signals that ask the daemon to stop.
#pragma once

#include "base/result.h"
#include "blobs/file.h"
#include "daemon/ports.h"

namespace sweepd::daemon {

// SIGTERM and SIGINT as something to wait for. Make it before any thread: the others inherit the
// blocking.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  int descriptor() const { return descriptor_; }

  bool arrived();  // stays true from the first signal on

 private:
  int descriptor_ = -1;
  bool arrived_ = false;
};

// Makes the folder of an ipc endpoint (for its owner only) where there is none, and locks it: a
// second daemon would take the sockets away from the first without a word. Nothing to do, and an
// empty file, for other endpoints: the system refuses a port in use. Hold the file while listening.
Result<blobs::File> claim_endpoint(const wire::Endpoint& endpoint);

class SocketDoors final : public Doors {
 public:
  // Binds the control and the client door; kUnavailable when somebody else listens there. Both
  // references must outlive the doors.
  static Result<SocketDoors> open(wire::Context& context,
                                  const wire::Endpoint& endpoint,
                                  StopSignals& signals);

  std::optional<wire::Incoming> receive(wire::Door door) override;
  wire::Sent send(wire::Door door, const std::string& peer, std::string_view bytes) override;
  void wait(Duration timeout) override;

  bool stopping() override { return signals_->arrived(); }

 private:
  SocketDoors(blobs::File lock, wire::Router control, wire::Router client, StopSignals& signals);

  wire::Router& router(wire::Door door);

  blobs::File lock_;  // of the folder of an ipc endpoint; outlives the sockets
  wire::Router control_;
  wire::Router client_;
  StopSignals* signals_;
};

}  // namespace sweepd::daemon
