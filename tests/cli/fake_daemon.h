// A test double of the daemon's client door: canned answers, in a thread of its own.
#pragma once

#include "cli/cli.h"
#include "cli/terminal.h"
#include "wire/endpoint.h"
#include "wire/socket.h"
#include "wire/sweepd.pb.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sweepd::cli {

// Answers each request with what `answer` fills in; identities are copied from the request.
class FakeDaemon {
 public:
  using Answer = std::function<void(const pb::ClientRequest&, pb::ClientReply&)>;

  explicit FakeDaemon(Answer answer);
  ~FakeDaemon();
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  // Leaves so many requests without an answer first, as a lost message would.
  void ignore_first(int requests) { ignore_ = requests; }

  std::string endpoint() const { return endpoint_; }

  std::vector<pb::ClientRequest> requests() const;

 private:
  void serve();

  Answer answer_;
  std::string folder_;
  std::string endpoint_;
  wire::Context context_;
  wire::Router router_;
  std::atomic<bool> ending_{false};
  std::atomic<int> ignore_{0};
  mutable std::mutex mutex_;
  std::vector<pb::ClientRequest> requests_;
  std::thread thread_;  // last: starts when all else is there
};

struct CliRun {
  int code = -1;
  std::string out;
  std::string err;
};

// Runs a command line as in a pipe. `server` empty: none is named.
CliRun run_line(std::vector<std::string> arguments,
                const std::string& server = {},
                const std::string& input = {});

}  // namespace sweepd::cli
