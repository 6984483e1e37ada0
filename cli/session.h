// What a verb works with: the console, the way to the daemon, and the questions that many verbs
// ask.
#pragma once

#include "base/result.h"
#include "cli/client.h"
#include "cli/terminal.h"
#include "wire/endpoint.h"
#include "wire/sweepd.pb.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

class Session {
 public:
  Session(Console& console, wire::Endpoint endpoint)
      : console_(console), endpoint_(std::move(endpoint)) {}

  Console& console() { return console_; }

  const wire::Endpoint& endpoint() const { return endpoint_; }

  // Connects on the first question, so that verbs that ask nothing need no daemon.
  Result<pb::ClientReply> ask(const pb::ClientRequest& request);

  // A line of talk on stderr.
  void say(const std::string& text);

 private:
  Console& console_;
  wire::Endpoint endpoint_;
  std::optional<Client> client_;
};

Result<pb::SweepDetail> show_sweep(Session& session, const std::string& selector);
Result<pb::TrialDetail> show_trial(Session& session, const std::string& selector);
Result<pb::LeaderboardPage> leaderboard(Session& session,
                                        const std::string& selector,
                                        std::uint32_t limit);

// Trials from `offset` on, in pages until `limit` or the end.
struct TrialRange {
  std::string selector;
  std::uint32_t offset = 0;
  std::uint32_t limit = UINT32_MAX;
};

Result<std::vector<pb::TrialRow>> list_trials(Session& session, const TrialRange& range);

// The selector with the number of its sweep, for requests that change something: repeated after the
// daemon was away, "last" or a name may mean another sweep than it did at first.
Result<std::string> with_number(Session& session, const std::string& selector);

// Of whoever runs this, to sign changes with; empty when the system does not say.
std::string user_name();

// Whether a sweep or a trial in this state will not change any more.
bool is_terminal(const std::string& state);

// Whether the selector has a trial part, like "12/7" and "last/best".
bool names_trials(const std::string& selector);

}  // namespace sweepd::cli
