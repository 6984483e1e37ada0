// One question to the daemon at a time, repeated under the same identity until it is answered.
#pragma once

#include "base/result.h"
#include "wire/endpoint.h"
#include "wire/socket.h"
#include "wire/sweepd.pb.h"

#include <chrono>
#include <memory>
#include <string>

namespace sweepd::cli {

class Client {
 public:
  struct Patience {
    std::chrono::milliseconds to_connect{1500};  // until nobody seems to be there
    std::chrono::milliseconds to_answer{30000};  // of a daemon that took the question
    std::chrono::milliseconds between_repeats{500};
  };

  static Result<Client> connect(const wire::Endpoint& endpoint) { return connect(endpoint, {}); }

  static Result<Client> connect(const wire::Endpoint& endpoint, const Patience& patience);

  // Fills in identity and protocol, asks, and gives the answer. A refusal by the daemon comes back
  // as the Error that it sent; kUnavailable when no daemon takes the question, kTimeout when one
  // does and is silent.
  Result<pb::ClientReply> ask(pb::ClientRequest request);

 private:
  Client(wire::Endpoint endpoint,
         const Patience& patience,
         std::unique_ptr<wire::Context> context,
         wire::Dealer dealer);

  Result<pb::ClientReply> wait_for_answer(const pb::ClientRequest& request,
                                          const std::string& bytes);

  wire::Endpoint endpoint_;
  Patience patience_;
  std::unique_ptr<wire::Context> context_;  // outlives the socket
  wire::Dealer dealer_;
};

}  // namespace sweepd::cli
