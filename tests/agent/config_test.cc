// The settings of an agent about its GPUs.
#include "agent/config.h"

#include "tests/blobs/folder.h"

#include <doctest/doctest.h>

#include <string>
#include <variant>

using namespace sweepd;
using namespace sweepd::agent;

TEST_CASE("agent config: what becomes of GPUs that others use") {
  const testing::Folder folder;
  Config config = default_config();
  CHECK(std::holds_alternative<OfferBusy>(config.busy_gpus));
  folder.write("agent.toml", "busy_gpus = \"withhold\"\n");
  REQUIRE(read_config(folder / "agent.toml", config).ok());
  CHECK(std::holds_alternative<WithholdBusy>(config.busy_gpus));
  folder.write("agent.toml", "busy_gpus = \"20GiB\"\n");
  REQUIRE(read_config(folder / "agent.toml", config).ok());
  REQUIRE(std::holds_alternative<OfferWhileFree>(config.busy_gpus));
  CHECK_EQ(std::get<OfferWhileFree>(config.busy_gpus).bytes, 20ULL << 30);
  folder.write("agent.toml", "busy_gpus = \"ignore\"\n");
  const Result<void> wrong = read_config(folder / "agent.toml", config);
  REQUIRE_FALSE(wrong.ok());
  CHECK_EQ(wrong.error().message,
           (folder / "agent.toml") +
               ":1: 'busy_gpus' 'ignore' is none of offer, withhold, or a size of memory that must "
               "be free, like 20GiB");
}

TEST_CASE("agent config: the file that comes with the sources can be read") {
  Config config = default_config();
  const Result<void> read = read_config(SWEEPD_AGENT_TOML, config);
  CHECK_EQ(read.ok() ? std::string() : read.error().message, "");
}

TEST_CASE("agent config: labels that the agent sets itself are refused where they stand") {
  const testing::Folder folder;
  for (const std::string label : {"withheld", "containment"}) {
    Config config = default_config();
    folder.write("agent.toml", "[labels]\nlocation = \"basement\"\n" + label + " = \"mine\"\n");
    const Result<void> read = read_config(folder / "agent.toml", config);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == Errc::kInvalidArgument);
    CHECK_EQ(read.error().message,
             (folder / "agent.toml") + ":3: '" + label +
                 "' is a label that the agent itself sets; give yours another name");
  }
}
