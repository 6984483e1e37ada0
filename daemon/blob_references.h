// Which folders of files the journal refers to.
#pragma once

#include "daemon/core/record.h"

#include <string>
#include <vector>

namespace sweepd::daemon {

struct TreeReference {
  std::string digest;  // of the manifest
  std::string who;     // "the artifact of 12/7#1"
};

// The trees that must be stored as long as the record is.
std::vector<TreeReference> references_of(const core::Record& record);

}  // namespace sweepd::daemon
