// Why an attempt ended, as it is told to the daemon.
#pragma once

#include "wire/sweepd.pb.h"

#include <string>
#include <utility>

namespace sweepd::agent {

inline pb::Reason reason_of(pb::ReasonCode code, std::string sentence) {
  pb::Reason reason;
  reason.set_code(code);
  reason.set_sentence(std::move(sentence));
  return reason;
}

}  // namespace sweepd::agent
