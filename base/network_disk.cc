// Whether a folder is on a disk of this machine: statfs.
#include "base/network_disk.h"

#include <fmt/format.h>

#include <sys/vfs.h>

#include <cerrno>
#include <system_error>

namespace sweepd {

std::string network_file_system(unsigned long magic) {
  switch (magic) {
    case 0x6969:
      return "NFS";
    case 0x517B:
    case 0xFF534D42:
    case 0xFE534D42:
      return "SMB/CIFS";
    case 0x65735546:
      return "FUSE (sshfs and the like)";
    case 0x00C36400:
      return "CephFS";
    case 0x0BD00BD0:
      return "Lustre";
    case 0x5346414F:
      return "AFS";
    case 0x01021997:
      return "9p";
    case 0x47504653:
      return "GPFS";
    default:
      return {};
  }
}

Result<std::string> network_disk(const std::string& path) {
  struct statfs system {};

  if (::statfs(path.c_str(), &system) != 0) {
    const int number = errno;
    return Error{
        Errc::kUnexpected,
        fmt::format("cannot look at {}: {}", path, std::generic_category().message(number))};
  }
  return network_file_system(static_cast<unsigned long>(system.f_type));
}

}  // namespace sweepd
