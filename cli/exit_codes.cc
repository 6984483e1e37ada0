// The one mapping from classes of errors to exit codes.
#include "cli/exit_codes.h"

namespace sweepd::cli {

int exit_code(Errc code) {
  switch (code) {
    case Errc::kInvalidArgument:
      return kExitUsage;
    case Errc::kUnavailable:
      return kExitUnavailable;
    case Errc::kPermissionDenied:
      return kExitNotAllowed;
    case Errc::kNotFound:
      return kExitNotFound;
    case Errc::kWrongState:
      return kExitWrongState;
    case Errc::kTimeout:
      return kExitTimeout;
    case Errc::kImpossible:
      return kExitImpossible;
    case Errc::kInterrupted:
      return kExitInterrupted;
    case Errc::kUnexpected:
    case Errc::kCorrupt:
      return kExitUnexpected;
  }
  return kExitUnexpected;  // a code that a newer daemon sent
}

}  // namespace sweepd::cli
