// A bounded memory of attempts.
#pragma once

#include "base/ids.h"

#include <cstddef>
#include <deque>
#include <set>

namespace sweepd::agent {

// The attempts that were put in last, each once; the oldest goes first.
class RecentAttempts {
 public:
  explicit RecentAttempts(std::size_t most) : most_(most) {}

  void insert(const AttemptKey& key) {
    if (!known_.insert(key).second) {
      return;
    }
    order_.push_back(key);
    if (order_.size() > most_) {
      known_.erase(order_.front());
      order_.pop_front();
    }
  }

  bool contains(const AttemptKey& key) const { return known_.contains(key); }

  void clear() {
    known_.clear();
    order_.clear();
  }

  // Oldest first.
  const std::deque<AttemptKey>& in_order() const { return order_; }

  bool operator==(const RecentAttempts&) const = default;

 private:
  std::size_t most_;
  std::set<AttemptKey> known_;
  std::deque<AttemptKey> order_;
};

}  // namespace sweepd::agent
