// Which trees records need, one after the other: what was let go later is needed no more.
#include "daemon/blob_references.h"

#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

using namespace sweepd;
using daemon::NeededTrees;

namespace {

core::AttemptClosed closed(std::uint32_t trial, const std::string& tree) {
  core::AttemptClosed record;
  record.attempt = {{12}, {trial}, {1}};
  record.outcome.tree_digest = tree;
  return record;
}

std::vector<std::string> digests(std::vector<daemon::TreeReference> references) {
  std::vector<std::string> all;
  for (daemon::TreeReference& each : references) {
    all.push_back(std::move(each.digest));
  }
  return all;
}

using Digests = std::vector<std::string>;

}  // namespace

TEST_CASE("needed trees: the code, artifacts and models, each with who needs it") {
  NeededTrees needed;
  for (const core::Record& record : daemon::test::sample_records()) {
    if (!std::holds_alternative<core::OutputsDropped>(record)) {
      needed.read(record);
    }
  }
  std::vector<std::string> who;
  for (const daemon::TreeReference& each : needed.take()) {
    who.push_back(each.who);
  }
  CHECK(who == Digests{"the code of sweep 12",
                       "the artifact of 12/7#2",
                       "model mnist:2",
                       "the code of model mnist:2"});
  CHECK(needed.take().empty());
}

TEST_CASE("needed trees: a later record takes back an earlier one, and only that one") {
  NeededTrees needed;
  needed.read(closed(1, "a"));
  needed.read(closed(2, "b"));
  needed.read(closed(3, "a"));  // the same files as trial 1
  needed.read(core::OutputsDropped{{{12}, {1}, {1}}});
  needed.read(core::OutputsDropped{{{12}, {2}, {1}}});
  CHECK(needed.dropped() == std::set<std::string>{"a", "b"});
  CHECK(digests(needed.take()) == Digests{"a"});
}

TEST_CASE("needed trees: what lets go of a row that is deleted already is no harm") {
  NeededTrees needed;
  needed.read(core::OutputsDropped{{{12}, {1}, {1}}});
  CHECK(needed.dropped().empty());
  CHECK(needed.take().empty());
}

TEST_CASE("needed trees: of a sweep without run.keep nothing is held back") {
  NeededTrees needed;
  core::SweepAccepted accepted{{12}, {}, {}, daemon::test::sample_spec(), "", "", "", false};
  needed.read(accepted);
  needed.read(closed(1, "a"));
  CHECK(digests(needed.take_lasting()) == Digests{"a"});
  CHECK(needed.take().empty());
  accepted.spec.run.keep = 1;
  needed.read(accepted);
  needed.read(closed(2, "b"));
  CHECK(needed.take_lasting().empty());
  CHECK(digests(needed.take()) == Digests{"b"});
}
