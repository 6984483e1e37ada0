// sweepd: reads its set-up, opens its folder and its doors, and turns the loop until it is asked to
// stop.
#include "base/log.h"
#include "base/result.h"
#include "daemon/blob_store.h"
#include "daemon/bulk.h"
#include "daemon/config.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/loop.h"
#include "daemon/socket_doors.h"
#include "daemon/state_folder.h"
#include "sweeps/units.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/resource.h>

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace {

using namespace sweepd;          // NOLINT(google-build-using-namespace): a program, not a header
using namespace sweepd::daemon;  // NOLINT(google-build-using-namespace)

// The store cannot be trusted any more: a supervisor starts the daemon again, which then recovers
// (EX_TEMPFAIL).
constexpr int kExitStore = 75;

constexpr const char* kAbout =
    "Schedules hyperparameter sweeps: takes them from sweepctl and hands their trials to "
    "sweep-agents.";

constexpr const char* kExamples =
    "Examples:\n"
    "  sweepd                                     everything on this machine, nothing to set up\n"
    "  sweepd --state /srv/sweepd --lease 1h      another folder, and agents that may be away "
    "longer\n"
    "  sweepd --listen ipc:///run/sweepd          sockets in a folder instead of ports\n"
    "  sweepd --config /etc/sweepd/daemon.toml    options from a file; those given here win\n"
    "\n"
    "Connections are not encrypted yet, so only addresses of this machine are listened on. From "
    "elsewhere:\n"
    "  ssh -L 7700:127.0.0.1:7700 -L 7701:127.0.0.1:7701 -L 7702:127.0.0.1:7702 HOST\n"
    "\n"
    "SIGTERM ends the daemon; agents and their trials go on, and find it again when it is back.\n"
    "Exit codes: 0 asked to stop, 2 wrong options or file, 3 folder or port in use, 75 the disk "
    "failed.";

// What the command line says; empty where it says nothing.
struct Given {
  std::string config;
  std::string listen;
  std::string state;
  std::string lease;
  std::string heartbeat;
  std::string log_level;
  bool commit_each = false;
};

void add_options(CLI::App& app, Given& given) {
  app.footer(kExamples);
  app.set_version_flag("--version", "sweepd " SWEEPD_VERSION);
  app.add_option("--config", given.config, "read options from this file")->type_name("FILE");
  app.add_option(
         "--listen", given.listen, "tcp://HOST:PORT or ipc:///FOLDER [tcp://127.0.0.1:7700]")
      ->type_name("ENDPOINT");
  app.add_option(
         "--state",
         given.state,
         fmt::format("the folder of everything that must survive [{}]", default_state_folder()))
      ->type_name("FOLDER");
  app.add_option("--lease", given.lease, "how long an agent goes on without an answer [15m]")
      ->type_name("TIME");
  app.add_option("--heartbeat", given.heartbeat, "how often agents speak up [2s]")
      ->type_name("TIME");
  app.add_option("--log-level", given.log_level, "debug, info, warn or error [info]")
      ->type_name("LEVEL");
  app.add_flag("--commit-each",
               given.commit_each,
               "one sync for each message instead of each batch; for benchmarks")
      ->group("");
}

Result<Config> configure(const Given& given) {
  Config config;
  if (!given.config.empty()) {
    SWEEPD_TRY(config, read_config(given.config));
  }
  if (!given.listen.empty()) {
    config.listen = given.listen;
  }
  if (!given.state.empty()) {
    config.state = given.state;
  }
  if (!given.lease.empty()) {
    SWEEPD_TRY(config.lease, sweeps::parse_duration(given.lease));
  }
  if (!given.heartbeat.empty()) {
    SWEEPD_TRY(config.heartbeat, sweeps::parse_duration(given.heartbeat));
  }
  if (!given.log_level.empty()) {
    SWEEPD_TRY(config.log_level, parse_log_level(given.log_level));
  }
  if (config.state.empty()) {
    config.state = default_state_folder();
  }
  SWEEPD_TRY_VOID(validate(config));
  return config;
}

void set_limits() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;  // every agent and client is a descriptor
    setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit no_core{0, 0};  // the memory holds what users sent us
  setrlimit(RLIMIT_CORE, &no_core);
  signal(SIGPIPE, SIG_IGN);
}

// The trees of the blob store, as the gateway asks for them.
class StoredTrees final : public TreeIndex {
 public:
  explicit StoredTrees(const BlobStore& store) : store_(store) {}

  bool has_tree(const std::string& digest) override { return store_.complete_tree(digest).ok(); }

 private:
  const BlobStore& store_;
};

ServerFacts facts_of(const Config& config, const RocksJournal& journal, Clock& clock) {
  ServerFacts facts;
  facts.version = SWEEPD_VERSION;
  facts.state_folder = config.state;
  facts.term = journal.term();
  facts.started = clock.mark().wall;
  return facts;
}

int fail(const Error& error) {
  fmt::print(stderr, "sweepd: {}\n", error.message);
  return static_cast<int>(error.code);
}

// Errors before the loop turns are returned; the exit code says how the loop ended.
Result<int> serve(const Config& config, bool commit_each) {
  // Before anything makes a thread: signals are waited for, not delivered.
  StopSignals signals;
  SWEEPD_TRY(const wire::Endpoint endpoint, wire::Endpoint::parse(config.listen));
  SWEEPD_TRY_VOID(endpoint.check_local());
  SWEEPD_TRY(const StateFolder folder, StateFolder::claim(config.state));
  SWEEPD_TRY(const BlobStore blobs, BlobStore::open(folder.blobs()));
  wire::Context context;
  SWEEPD_TRY(SocketDoors doors, SocketDoors::open(context, endpoint, signals));
  SWEEPD_TRY(const std::unique_ptr<RocksJournal> journal, RocksJournal::open(folder.journal()));
  SWEEPD_TRY(const std::unique_ptr<BulkDoor> bulk,
             BulkDoor::start({context, blobs, *journal}, endpoint.address(wire::Door::kBulk)));
  SystemClock clock(journal->clock());
  StoredTrees trees(blobs);
  Loop::Options options{{config.heartbeat, config.lease}, facts_of(config, *journal, clock)};
  if (commit_each) {
    options.batch_messages_max = 1;
  }
  Loop loop({*journal, *journal, clock, doors, trees}, options);
  SWEEPD_TRY_VOID(loop.start());
  fmt::print(stderr,
             "sweepd: listening on {}, state in {}, term {}\n",
             endpoint.text(),
             folder.path(),
             journal->term());
  if (const auto ended = loop.run(); !ended.ok()) {
    log_error("stopping, because the store cannot be trusted any more: {}", ended.error().message);
    return kExitStore;
  }
  log_info("stopped as asked");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(kAbout, "sweepd");
  Given given;
  add_options(app, given);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const Result<Config> config = configure(given);
  if (!config.ok()) {
    return fail(config.error());
  }
  log_setup("sweepd", config->log_level);
  wire::quiet_protobuf();
  set_limits();
  const Result<int> ended = serve(*config, given.commit_each);
  return ended.ok() ? *ended : fail(ended.error());
}
