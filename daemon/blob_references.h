// Which folders of files the journal refers to.
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "daemon/core/record.h"
#include "daemon/store_rows.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::daemon {

struct TreeReference {
  std::string digest;  // of the manifest
  std::string who;     // "the artifact of 12/7#1"
};

// The trees that the record names. Whether they must be stored is told by those after it, too.
std::vector<TreeReference> references_of(const core::Record& record);

// The trees that journals need, read record by record in the order of each: a later record may take
// back what an earlier one of the same journal refers to.
class NeededTrees {
 public:
  void read(const core::Record& record);

  // Of what was read since the last call, what no later record can take back. Of a sweep without
  // run.keep that is everything, so that nothing has to be held in memory.
  std::vector<TreeReference> take_lasting() { return std::exchange(lasting_, {}); }

  // What is needed by all that was read and not yet taken. Begins anew.
  std::vector<TreeReference> take();

  // The digests of what was needed once, also by what was taken. Somebody else may need them.
  const std::set<std::string>& dropped() const { return dropped_; }

 private:
  SweepId keeps_all_;  // the last sweep that was accepted, if it has no run.keep
  std::vector<TreeReference> lasting_;
  std::map<AttemptKey, std::string> artifacts_;  // digests
  std::set<std::string> dropped_;
};

// The digests of the trees that records need, of those whose keys begin with `prefix`.
Result<std::set<std::string>> trees_of(StoreRows& rows, const std::string& prefix);

}  // namespace sweepd::daemon
