// The daemon's side of its conversations with clients: requests in, answers out, each to who asked.
#pragma once

#include "daemon/core/effect.h"
#include "daemon/core/event.h"
#include "daemon/ports.h"
#include "daemon/queries.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon {

// What came of one message.
struct ClientHeard {
  std::optional<core::EventBody> event;  // a change to decide on; its answer comes as an effect
  std::optional<Outgoing> reply;         // to a question, or a refusal
};

class ClientGateway {
 public:
  ClientGateway(Queries& queries, TreeIndex& trees) : queries_(queries), trees_(trees) {}

  // Total: garbage is dropped with a line in the log.
  //   refusal: why changes cannot be accepted now, if they cannot
  ClientHeard read(const wire::Incoming& message,
                   const core::Stamp& at,
                   const std::optional<Error>& refusal);

  std::optional<Outgoing> perform(const core::State& state,
                                  const core::Stamp& at,
                                  const core::Answer& effect);

  // Refuses every change that has not been answered.
  std::vector<Outgoing> refuse_pending(const Error& error);

 private:
  Result<core::EventBody> change_from(const RequestId& id, const pb::ClientRequest& request);
  Result<core::EventBody> submit_from(const RequestId& id, const pb::Submit& submit);
  Result<core::EventBody> control_from(const RequestId& id, const pb::Control& control);
  Result<core::EventBody> agent_control_from(const RequestId& id, const pb::ControlAgent& control);
  Result<core::EventBody> removal_from(const RequestId& id, const pb::RemoveSweep& request);
  Result<core::EventBody> registration_from(const RequestId& id, const pb::RegisterModel& request);

  Queries& queries_;
  TreeIndex& trees_;
  std::map<RequestId, std::deque<std::string>>
      pending_;  // who waits for the answer, first come first
};

}  // namespace sweepd::daemon
