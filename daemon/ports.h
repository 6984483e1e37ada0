// The world as the loop sees it, small enough for a test or a simulator to stand in.
#pragma once

#include "base/time.h"
#include "wire/endpoint.h"
#include "wire/socket.h"

#include <optional>
#include <string>
#include <string_view>

namespace sweepd::daemon {

// The control and client doors.
class Doors {
 public:
  virtual ~Doors() = default;
  virtual std::optional<wire::Incoming> receive(wire::Door door) = 0;  // never blocks
  virtual wire::Sent send(wire::Door door, const std::string& peer, std::string_view bytes) = 0;
  // Returns when there is something to receive, when somebody wants the daemon to stop, or when
  // time is up.
  virtual void wait(Duration timeout) = 0;
  virtual bool stopping() = 0;  // somebody wants the daemon to stop
};

// What is stored of folders of files.
class TreeIndex {
 public:
  virtual ~TreeIndex() = default;
  // Whether the manifest of this digest is stored, with every file it names.
  virtual bool has_tree(const std::string& digest) = 0;
};

// A message that waits for its commit.
struct Outgoing {
  wire::Door door = wire::Door::kControl;
  std::string peer;
  std::string bytes;
};

}  // namespace sweepd::daemon
