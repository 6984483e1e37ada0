// The rules of the house that a compiler does not know: who includes whom, what the pure folders
// may not touch.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = SWEEPD_SOURCE_DIR;

// Longer folders first: a file belongs to the first that holds it.
const std::vector<std::string> kRooms = {"daemon/core",
                                         "wire/spec",
                                         "agent/shim",
                                         "agent/doors",
                                         "base",
                                         "sweeps",
                                         "wire",
                                         "blobs",
                                         "daemon",
                                         "agent",
                                         "cli",
                                         "estimators",
                                         "tests",
                                         "bench"};

// Which rooms each room may include; itself is understood. docs/decisions.md says where this
// departs from the design.
const std::map<std::string, std::set<std::string>> kMayInclude = {
    {"base", {}},
    {"sweeps", {"base"}},
    {"daemon/core", {"base", "sweeps"}},
    {"wire", {"base"}},
    {"wire/spec", {"base", "sweeps", "wire"}},
    {"blobs", {"base", "wire"}},
    {"daemon", {"base", "sweeps", "daemon/core", "wire", "wire/spec", "blobs"}},
    {"agent", {"base", "wire", "blobs", "agent/shim", "agent/doors"}},
    {"agent/shim", {"base", "wire", "agent/doors"}},
    {"agent/doors", {"base", "wire"}},
    {"cli", {"base", "sweeps", "wire", "wire/spec", "blobs"}},
    {"estimators", {}},
};

// Third-party headers and the only places that may include them ("" ends a folder match).
const std::map<std::string, std::vector<std::string>> kThirdParty = {
    {"<zmq", {"wire/socket"}},
    {"<rocksdb/", {"daemon/journal_rocksdb"}},
    {"<toml++/", {"sweeps/toml_", "daemon/config", "agent/config"}},
    {"<torch/", {"estimators/"}},
    {"<ATen/", {"estimators/"}},
    {"<CLI/", {"base/usage", "daemon/main", "agent/main", "cli/", "estimators/options"}},
    {"<nlohmann/", {"cli/", "agent/", "estimators/"}},
    {"<re2/", {"agent/doors/", "cli/pattern_look"}},
    {"<sodium", {"blobs/digest", "cli/client"}},
    {"<spdlog/", {"base/log.cc"}},
    {"<google/protobuf/", {"wire/", "daemon/", "agent/", "cli/", "blobs/"}},
};

// What a pure file may not even mention.
const std::vector<std::string> kImpure = {"system_clock", "steady_clock",  "high_resolution_clock",
                                          "<random>",     "random_device", "<thread>",
                                          "<mutex>",      "<atomic>",      "<future>",
                                          "<fstream>",    "<filesystem>",  "<iostream>",
                                          "getenv",       "unordered_map", "unordered_set",
                                          "std::hash<",   "<ctime>",       "<chrono>",
                                          "gettimeofday", "clock_gettime", "<unistd.h>",
                                          "thread_local", "base/clocks.h"};

const std::vector<std::string> kPureFolders = {"sweeps/", "daemon/core/"};
const std::vector<std::string> kPureFiles = {"agent/session.h",
                                             "agent/session.cc",
                                             "agent/session_speech.cc",
                                             "agent/session_loss.cc",
                                             "agent/outbox.h",
                                             "agent/outbox.cc",
                                             "agent/doors/report_budget.h",
                                             "agent/doors/report_budget.cc",
                                             "agent/gpu_judge.h",
                                             "agent/gpu_judge.cc",
                                             "agent/gpu_mask.h",
                                             "agent/gpu_mask.cc",
                                             "daemon/liveness.h",
                                             "daemon/liveness.cc",
                                             "wire/store_place.h"};

constexpr std::size_t kFileLinesMax = 430;
// CLI11 costs five seconds a file, so all verbs stay in one.
const std::map<std::string, std::size_t> kLongFiles = {{"cli/arguments.cc", 480}};

struct Source {
  std::string path;  // from the root
  std::vector<std::string> lines;
};

std::vector<Source> read_sources() {
  std::vector<Source> sources;
  for (const auto* folder :
       {"base", "sweeps", "wire", "blobs", "daemon", "agent", "cli", "estimators"}) {
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc") {
        continue;
      }
      Source source{fs::relative(entry.path(), kRoot), {}};
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        source.lines.push_back(line);
      }
      sources.push_back(std::move(source));
    }
  }
  return sources;
}

const std::vector<Source>& sources() {
  static const std::vector<Source> all = read_sources();
  return all;
}

std::string room_of(const std::string& path) {
  const auto room = std::find_if(kRooms.begin(), kRooms.end(), [&path](const std::string& folder) {
    return path.starts_with(folder + "/");
  });
  return room == kRooms.end() ? "" : *room;
}

bool is_pure(const std::string& path) {
  const auto inside = [&path](const std::string& folder) {
    return path.starts_with(folder);
  };
  return std::any_of(kPureFolders.begin(), kPureFolders.end(), inside) ||
         std::find(kPureFiles.begin(), kPureFiles.end(), path) != kPureFiles.end();
}

std::string without_comment(const std::string& line) {
  return line.substr(0, line.find("//"));
}

std::string quoted_include(const std::string& line) {
  constexpr std::string_view kStart = "#include \"";
  return line.starts_with(kStart)
             ? line.substr(kStart.size(), line.find('"', kStart.size()) - kStart.size())
             : "";
}

// Each broken rule as `path:line: what`.
std::vector<std::string> broken_includes(const std::vector<Source>& files) {
  std::vector<std::string> broken;
  for (const Source& source : files) {
    const std::string room = room_of(source.path);
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      const std::string target = room_of(quoted_include(source.lines[i]));
      if (!target.empty() && target != room && !kMayInclude.at(room).contains(target)) {
        broken.push_back(
            fmt::format("{}:{}: {} may not include {}", source.path, i + 1, room, target));
      }
    }
  }
  return broken;
}

std::vector<std::string> broken_third_party(const std::vector<Source>& files) {
  std::vector<std::string> broken;
  for (const Source& source : files) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const auto& [header, places] : kThirdParty) {
        const bool allowed =
            std::any_of(places.begin(), places.end(), [&](const std::string& place) {
              return source.path.starts_with(place);
            });
        if (source.lines[i].starts_with("#include " + header) && !allowed) {
          broken.push_back(
              fmt::format("{}:{}: {} is not for this file", source.path, i + 1, header));
        }
      }
    }
  }
  return broken;
}

std::vector<std::string> broken_purity(const std::vector<Source>& files) {
  std::vector<std::string> broken;
  for (const Source& source : files) {
    if (!is_pure(source.path)) {
      continue;
    }
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      for (const std::string& token : kImpure) {
        if (without_comment(source.lines[i]).find(token) != std::string::npos) {
          broken.push_back(fmt::format("{}:{}: {}", source.path, i + 1, token));
        }
      }
    }
  }
  return broken;
}

std::string listed(const std::vector<std::string>& lines) {
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace

TEST_CASE("house: every room includes only what it may") {
  CHECK_GT(sources().size(), 50);
  CHECK_EQ(listed(broken_includes(sources())), "");
}

TEST_CASE("house: third-party libraries stay in the files that wrap them") {
  CHECK_EQ(listed(broken_third_party(sources())), "");
}

TEST_CASE("house: the pure folders ask the world for nothing") {
  CHECK_EQ(listed(broken_purity(sources())), "");
}

TEST_CASE("house: the checkers see what they look for") {
  const std::vector<Source> bad = {
      {"sweeps/bad.cc",
       {"#include \"daemon/core/state.h\"", "#include <random>", "#include <zmq.hpp>"}}};
  CHECK_EQ(broken_includes(bad).size(), 1);
  CHECK_EQ(broken_third_party(bad).size(), 1);
  CHECK_EQ(broken_purity(bad).size(), 1);
}

TEST_CASE("house: line 1 of every file is a sentence of purpose, and no file is long") {
  for (const Source& source : sources()) {
    CAPTURE(source.path);
    REQUIRE_FALSE(source.lines.empty());
    CHECK(source.lines.front().starts_with("// "));
    const auto exception = kLongFiles.find(source.path);
    CHECK_LE(source.lines.size(),
             exception == kLongFiles.end() ? kFileLinesMax : exception->second);
  }
}

TEST_CASE("house: no line is a tab, a trailing blank or longer than it may be") {
  for (const Source& source : sources()) {
    for (std::size_t i = 0; i < source.lines.size(); ++i) {
      CAPTURE(source.path);
      CAPTURE(i + 1);
      CHECK(source.lines[i].find('\t') == std::string::npos);
      CHECK_FALSE(source.lines[i].ends_with(' '));
    }
  }
}
