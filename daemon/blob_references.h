// Which folders of files the journal refers to.
#pragma once

#include "base/result.h"
#include "daemon/core/record.h"
#include "daemon/store_rows.h"

#include <set>
#include <string>
#include <vector>

namespace sweepd::daemon {

struct TreeReference {
  std::string digest;  // of the manifest
  std::string who;     // "the artifact of 12/7#1"
};

// The trees that must be stored as long as the record is.
std::vector<TreeReference> references_of(const core::Record& record);

// The digests of the trees that records refer to, of those whose keys begin with `prefix`.
Result<std::set<std::string>> trees_of(StoreRows& rows, const std::string& prefix);

}  // namespace sweepd::daemon
