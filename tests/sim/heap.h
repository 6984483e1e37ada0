// Virtual time: what will happen, in order of time and then of being planned.
#pragma once

#include "base/time.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace sweepd::sim {

class Heap {
 public:
  using Action = std::function<void()>;

  Instant now() const { return now_; }

  void at(Instant when, Action action) {
    items_.push_back({std::max(when, now_), planned_++, std::move(action)});
    std::push_heap(items_.begin(), items_.end(), Later{});
  }

  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  bool empty() const { return items_.empty(); }

  Instant next() const { return items_.front().when; }

  // Performs the earliest action; its time is now.
  void advance() {
    std::pop_heap(items_.begin(), items_.end(), Later{});
    Item item = std::move(items_.back());
    items_.pop_back();
    now_ = item.when;
    item.action();
  }

 private:
  struct Item {
    Instant when;
    std::uint64_t number = 0;  // two actions of one time happen in the order of being planned
    Action action;
  };

  struct Later {
    bool operator()(const Item& a, const Item& b) const {
      return a.when != b.when ? a.when > b.when : a.number > b.number;
    }
  };

  Instant now_;
  std::uint64_t planned_ = 0;
  std::vector<Item> items_;
};

}  // namespace sweepd::sim
