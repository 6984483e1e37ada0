// The command line as data: one struct per verb, and the reading of argv into one of them.
#pragma once

#include "base/time.h"
#include "cli/output.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::cli {

struct SubmitArgs {
  std::string file;  // "-": stdin
  bool dry_run = false;
  bool watch = false;
  bool wait = false;
  bool paused = false;
  bool quiet = false;
  bool json = false;
  std::string name;
  std::vector<std::pair<std::string, std::string>> set;
};

struct CheckArgs {
  std::vector<std::string> files;
  std::vector<std::pair<std::string, std::string>> set;
  bool json = false;
  bool quiet = false;
  std::vector<std::string> fields;  // of --json=a,b; empty: all
};

struct RunArgs {
  std::vector<std::string> command;
  std::optional<std::uint32_t> gpus;
  std::uint32_t cpus = 1;
  std::optional<Duration> time;
  std::string name;
  std::vector<std::pair<std::string, std::string>> env;
  std::string code;  // folder; empty: nothing is shipped
  std::string metric;
  bool maximize = false;
  bool detach = false;
};

struct ListArgs {
  bool all = false;
  ReadOptions read;
};

struct ShowArgs {
  std::string selector;  // of a sweep
  bool toml = false;     // only the sweep file
  ReadOptions read;
};

struct LeaderboardArgs {
  std::string selector;
  ReadOptions read;
};

struct TrialListArgs {
  std::string selector;
  ReadOptions read;
};

struct TrialShowArgs {
  std::string selector;
  ReadOptions read;
};

struct WatchArgs {
  std::string selector = "last";
  bool json = false;
  std::vector<std::string> fields;  // of --json=a,b; empty: all
  bool judges = false;              // of `submit`: ends when and as `wait` does
};

struct WaitArgs {
  std::vector<std::string> selectors;
  std::optional<Duration> timeout;
  bool quiet = false;
  bool json = false;
  std::vector<std::string> fields;  // of --json=a,b; empty: all
};

struct LogsArgs {
  std::string selector;
  bool follow = false;
  bool errors = false;                 // stderr instead of stdout
  std::optional<std::uint64_t> lines;  // only the last so many
  bool json = false;
  std::vector<std::string> fields;  // of --json=a,b; empty: all
};

struct MetricsArgs {
  std::string selector;
  bool follow = false;
  ReadOptions read;
};

struct ControlArgs {
  pb::Verb verb = pb::VERB_UNSPECIFIED;
  std::vector<std::string> selectors;
  std::string reason;
  bool quiet = false;
  bool json = false;
};

struct RemoveArgs {
  std::vector<std::string> selectors;  // of sweeps
  bool dry_run = false;
  bool quiet = false;
  bool json = false;
};

struct GcArgs {
  bool dry_run = false;
  bool quiet = false;
  bool json = false;
};

struct UsageArgs {
  std::vector<std::string> selectors;  // of sweeps; empty: all
  ReadOptions read;
};

struct ExplainArgs {
  std::string selector;
  ReadOptions read;
};

struct AgentListArgs {
  ReadOptions read;
};

struct AgentShowArgs {
  std::string selector;  // a number, or a unique name
  ReadOptions read;
};

struct AgentControlArgs {
  pb::AgentVerb verb = pb::AGENT_VERB_UNSPECIFIED;
  std::vector<std::string> selectors;
  std::string reason;
  bool quiet = false;
  bool json = false;
};

struct ModelListArgs {
  std::string model;  // empty: all
  ReadOptions read;
};

struct ModelShowArgs {
  std::string model;
  ReadOptions read;
};

struct ModelRegisterArgs {
  std::string selector;
  std::string name;
  std::string path = "outputs";
  bool quiet = false;
  bool json = false;
};

struct ModelDownloadArgs {
  std::string model;   // "mnist", "mnist:4"
  std::string folder;  // empty: named like the model
};

struct ArtifactListArgs {
  std::string selector;
  ReadOptions read;
};

struct ArtifactGetArgs {
  std::string selector;
  std::string glob = "**";
  std::string folder = ".";
};

struct ServerInfoArgs {
  ReadOptions read;
};

struct ServerBackupArgs {
  std::string folder;  // on the daemon's machine
  bool quiet = false;
  bool json = false;
};

struct VersionArgs {
  bool json = false;
};

enum class Shell { kBash, kZsh, kFish };

struct CompletionArgs {
  Shell shell = Shell::kBash;
};

struct HelpArgs {
  std::vector<std::string> words;  // a topic; empty: the list of topics
};

using Command = std::variant<SubmitArgs,
                             CheckArgs,
                             RunArgs,
                             ListArgs,
                             ShowArgs,
                             LeaderboardArgs,
                             TrialListArgs,
                             TrialShowArgs,
                             WatchArgs,
                             WaitArgs,
                             LogsArgs,
                             MetricsArgs,
                             ControlArgs,
                             RemoveArgs,
                             GcArgs,
                             UsageArgs,
                             ExplainArgs,
                             AgentListArgs,
                             AgentShowArgs,
                             AgentControlArgs,
                             ModelListArgs,
                             ModelShowArgs,
                             ModelRegisterArgs,
                             ModelDownloadArgs,
                             ArtifactListArgs,
                             ArtifactGetArgs,
                             ServerInfoArgs,
                             ServerBackupArgs,
                             VersionArgs,
                             CompletionArgs,
                             HelpArgs>;

struct Invocation {
  std::string server;  // empty: $SWEEPD_SERVER or the default
  Command command;
};

// Nothing to run: text for stdout (help was asked for), or a fault for stderr.
struct HelpText {
  std::string text;
};

struct UsageFault {
  std::string text;
};

// `arguments` without the program's name.
std::variant<Invocation, HelpText, UsageFault> parse_arguments(std::vector<std::string> arguments);

// What may be typed after a verb, a noun or a noun and its verb: for completion in shells.
struct NextWords {
  std::string path;                // "", "trial", "trial ls"; aliases have entries of their own
  std::vector<std::string> words;  // verbs, long options, and what else is known beforehand
};

// The program itself first, nouns before their verbs.
std::vector<NextWords> next_words();

}  // namespace sweepd::cli
