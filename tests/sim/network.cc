// The network: delays, loses, repeats and reorders messages, and can be cut.
#include "tests/sim/network.h"

#include <utility>

namespace sweepd::sim {

void Network::send(ToDaemon message) {
  const std::size_t link = 2 * message.box;
  transmit(link, [this, message = std::move(message), life = daemon_life_] {
    if (life == daemon_life_) {
      ends_.daemon(message);
    }
  });
}

void Network::send(BoxIndex box, ToAgent message) {
  transmit(2 * box + 1, [this, box, message = std::move(message)] { ends_.agent(box, message); });
}

void Network::send(FromClient message) {
  transmit([this, message = std::move(message), life = daemon_life_] {
    if (life == daemon_life_) {
      ends_.daemon_from_client(message);
    }
  });
}

void Network::send(ClientIndex client, core::Answer answer) {
  transmit([this, client, answer = std::move(answer)] { ends_.client(client, answer); });
}

void Network::set_way(std::size_t link, Way way) {
  links_[link].way = way;
  if (way == Way::kOpen) {
    for (const Delivery& deliver : std::exchange(links_[link].held, {})) {
      world_.heap.after(delay(), deliver);
    }
  }
}

void Network::heal() {
  for (std::size_t link = 0; link < links_.size(); ++link) {
    set_way(link, Way::kOpen);
  }
}

void Network::transmit(std::size_t link, const Delivery& deliver) {
  // The way is looked at on arrival: what is under way when it closes does not come through.
  transmit([this, link, deliver] {
    switch (links_[link].way) {
      case Way::kOpen:
        deliver();
        break;
      case Way::kHeld:
        links_[link].held.push_back(deliver);
        break;
      case Way::kLost:
        break;
    }
  });
}

void Network::transmit(const Delivery& deliver) {
  const Faults& faults = world_.scenario.faults;
  Random& random = world_.random;
  if (!world_.faulty) {
    world_.heap.after(world_.between(milliseconds(1), milliseconds(10)), deliver);
    return;
  }
  if (!random.chance(faults.loss)) {
    world_.heap.after(delay(), deliver);
  }
  if (random.chance(faults.duplication)) {
    world_.heap.after(delay(), deliver);
  }
  if (random.chance(faults.late)) {
    world_.heap.after(world_.between(seconds(1), seconds(30)), deliver);
  }
}

Duration Network::delay() {
  const Duration usual = world_.between(milliseconds(1), world_.scenario.faults.latency);
  return world_.random.chance(0.05) ? scaled(usual, 10) : usual;
}

}  // namespace sweepd::sim
