// How this box can keep the processes of an attempt together.
#pragma once

#include "agent/runner/shim_socket.h"
#include "agent/shim/cage.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent {

// Found out once, at the start, by trying; each shim then says what it really got. Stronger kinds
// first; agent/shim/cage.h says what each does.
class Containment {
 public:
  using Kind = shim::Cage::Kind;

  Containment() = default;  // subreaper

  // The strongest kind that works here.
  //   wanted: "auto", or one kind by name: then no stronger one is tried
  //   uuid:   of the agent, so that two on one box have groups of their own
  static Containment find(std::string_view wanted, const std::string& uuid);

  Kind kind() const { return kind_; }

  std::string_view name() const { return shim::Cage::name_of(kind_); }

  // What the shim of the slot is told about it; makes the slot's group.
  std::vector<std::string> shim_words(std::uint32_t slot) const;

  // Ends whatever is in the group of the slot: for when its shim is gone. Nothing where there are
  // no groups.
  void kill_slot(std::uint32_t slot) const;

  // Removes the groups that are empty.
  void clear_away() const;

 private:
  std::string folder_of(std::uint32_t slot) const;

  Kind kind_ = Kind::kSubreaper;
  std::string folder_;  // of the groups of all slots
};

// While it lives, a process that is started is the first one of a namespace, if that is how
// processes are kept together. No thread may be made meanwhile.
class ForNewChildren {
 public:
  explicit ForNewChildren(const Containment& containment);
  ~ForNewChildren();
  ForNewChildren(const ForNewChildren&) = delete;
  ForNewChildren& operator=(const ForNewChildren&) = delete;

 private:
  Fd own_;  // the namespace to come back to
};

}  // namespace sweepd::agent
