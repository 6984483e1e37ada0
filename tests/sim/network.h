// The network: delays, loses, repeats and reorders messages, and can be cut.
#pragma once

#include "tests/sim/messages.h"
#include "tests/sim/world.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace sweepd::sim {

class Network {
 public:
  // Where messages arrive.
  struct Ends {
    std::function<void(const ToDaemon&)> daemon;
    std::function<void(BoxIndex, const ToAgent&)> agent;
    std::function<void(const FromClient&)> daemon_from_client;
    std::function<void(ClientIndex, const core::Answer&)> client;
  };

  explicit Network(World& world) : world_(world), links_(2 * world.scenario.boxes.size()) {}

  void connect(Ends ends) { ends_ = std::move(ends); }

  void send(ToDaemon message);
  void send(BoxIndex box, ToAgent message);
  void send(FromClient message);
  void send(ClientIndex client, core::Answer answer);

  // What a direction between a box and the daemon does with messages: a held one comes when the
  // way is open again, as with a connection that stalls and recovers.
  enum class Way { kOpen, kLost, kHeld };

  void set_way_to_daemon(BoxIndex box, Way way) { set_way(2 * box, way); }

  void set_way_to_agent(BoxIndex box, Way way) { set_way(2 * box + 1, way); }

  void heal();

  // The daemon died: what was under way to it is lost with its sockets.
  void drop_inbound() { ++daemon_life_; }

 private:
  using Delivery = std::function<void()>;

  struct Link {
    Way way = Way::kOpen;
    std::vector<Delivery> held;
  };

  void set_way(std::size_t link, Way way);
  // Of a link that may be cut, and of one that may not.
  void transmit(std::size_t link, const Delivery& deliver);
  void transmit(const Delivery& deliver);
  Duration delay();

  World& world_;
  Ends ends_;
  std::vector<Link> links_;  // to and from box 0, to and from box 1, …
  std::uint64_t daemon_life_ = 0;
};

}  // namespace sweepd::sim
