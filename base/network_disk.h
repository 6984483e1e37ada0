// Whether a folder is on a disk of this machine.
#pragma once

#include "base/result.h"

#include <string>

namespace sweepd {

// The name of a network file system by the magic number that statfs gives; empty for others.
std::string network_file_system(unsigned long magic);

// The name of the network file system that holds `path`; empty: it is a local one. Locks and syncs
// cannot be trusted over a network.
Result<std::string> network_disk(const std::string& path);

}  // namespace sweepd
