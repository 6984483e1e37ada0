// What keeps the processes of an attempt together, so that all of them can be found and ended.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace sweepd::agent::shim {

// The calling process is in the cage, too, and everything that it starts: to be put there costs
// nothing at the start of a program. Stronger kinds first:
//   cgroup         a control group (v2) of the slot; `cgroup.kill` ends all at once, and the agent
//                  can end what a killed shim leaves behind
//   pid-namespace  the shim is the first process of a namespace; the kernel ends the others with it
//   subreaper      orphans fall to the shim, which stops and kills what it finds below itself
class Cage {
 public:
  enum class Kind { kCgroup, kPidNamespace, kSubreaper };

  // Puts the calling process into the group in this folder; a subreaper when that is not possible.
  static Cage cgroup(const std::string& folder);

  // For the first process of a namespace: gives it a /proc of its own, and process numbers that no
  // other slot's processes have, since programs name files by them. A subreaper when that is not
  // possible.
  //   first: the number to begin with
  static Cage pid_namespace(pid_t first);

  static Cage subreaper();

  // "cgroup", "pid-namespace", "subreaper"
  static std::string_view name_of(Kind kind);

  std::string_view name() const { return name_of(kind_); }

  // Living processes in it, without the shim.
  std::vector<pid_t> members() const;

  // Whether none is left; cheaper than listing them.
  bool empty() const { return members().empty(); }

  void signal(int number) const;

  // KILL for all. What is being forked meanwhile may survive a round of a subreaper, so whoever
  // wants them all gone calls again.
  void kill_all();

  // Before the next program: the shim is where its program has to be.
  void enter();

 private:
  explicit Cage(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::string folder_;    // of the control group
  bool outside_ = false;  // the shim has left it, in order to end it
};

}  // namespace sweepd::agent::shim
