// A state folder with a real history in it: an ended sweep with files and a model, and a live one.
#pragma once

#include "blobs/digest.h"
#include "blobs/manifest.h"
#include "daemon/core/step.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/sweep_shelf.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::daemon::test {

class History {
 public:
  Folder folder;
  std::string code;      // digest of the manifest of the ended sweep's code
  std::string artifact;  // of its trial's artifact
  std::string weights;   // digest of a file of it

  History() {
    weights = put("some weights");
    artifact = put_tree({{"outputs/weights", 12, weights, false}});
    code = put_tree({{"train.py", 5, put("train"), true}});
    journal_ = open();
    decide(core::AgentJoined{"u", "box", "boot", "1", {{0, false, "", "", 0}}, {}, {}});
    submit(1);
    run({{1}, {1}, {1}}, 2);
    submit(3);  // live: one trial has ended, one runs
    run({{2}, {1}, {1}}, 1);
    REQUIRE(state_.sweeps.at({1}).state == core::SweepState::kCompleted);
    REQUIRE(state_.sweeps.at({2}).active() == 1);
    journal_.reset();
  }

  const std::string& path() const { return folder.path(); }

  std::string blob(const std::string& digest) const {
    return path() + "/blobs/" + digest.substr(0, 2) + "/" + digest.substr(2);
  }

  std::unique_ptr<RocksJournal> open() const {
    auto journal = RocksJournal::open(path() + "/journal");
    REQUIRE_MESSAGE(journal.ok(), journal.error().message);
    return *std::move(journal);
  }

  // One more sweep that has ended, on an agent of its own. It has the code of the others and no
  // model; its trial left `content` and the weights of the others. Gives the manifest of that.
  std::string add_ended(const std::string& content) {
    const std::string own = put_tree({{"outputs/own", content.size(), put(content), false},
                                      {"outputs/weights", 12, weights, false}});
    journal_ = open();
    decide(core::AgentJoined{"v",
                             "other",
                             "boot",
                             "1",
                             {{0, false, "", "", 0}, {1, false, "", "", 0}, {2, false, "", "", 0}},
                             {},
                             {}});
    submit(1, "");
    run({{state_.sweeps_last}, {1}, {1}}, 2, own);
    REQUIRE(core::is_terminal(state_.sweeps.at({state_.sweeps_last}).state));
    journal_.reset();
    return own;
  }

  // One more sweep that has ended, with run.keep = 1: each trial left a file with one of these
  // contents and was better than the one before. Gives the manifests of what they left. With a
  // model's name, what the first left becomes a version of it while it is there.
  std::vector<std::string> add_keeping_best(const std::vector<std::string>& contents,
                                            const std::string& model = {}) {
    journal_ = open();
    std::vector<core::SlotOffer> slots(8);
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
      slots[i].index = i;
    }
    decide(core::AgentJoined{"w", "third", "boot", "1", slots, {}, {}});
    submit(static_cast<std::uint32_t>(contents.size()), "", 1);
    std::vector<std::string> trees;
    for (const std::string& content : contents) {
      trees.push_back(put_tree({{"outputs/own", content.size(), put(content), false}}));
      const auto number = static_cast<std::uint32_t>(trees.size());
      run({{state_.sweeps_last}, {number}, {1}}, 1, trees.back(), 1.0 / number);
      if (!model.empty() && number == 1) {
        const std::string first = std::to_string(state_.sweeps_last) + "/1";
        decide(core::ModelRegistrationRequested{{8, 1}, first, model, "outputs", "ada"});
      }
    }
    REQUIRE(core::is_terminal(state_.sweeps.at({state_.sweeps_last}).state));
    journal_.reset();
    return trees;
  }

  // Removes a sweep; what rows there are of it stays.
  void remove(std::uint64_t sweep) {
    journal_ = open();
    decide(core::RemovalRequested{{9, sweep}, std::to_string(sweep), "ada"});
    REQUIRE(state_.removed.contains({sweep}));
    journal_.reset();
  }

  std::string put(const std::string& content) const {
    const std::string digest = blobs::digest_of(content);
    std::filesystem::create_directories(std::filesystem::path(blob(digest)).parent_path());
    std::ofstream(blob(digest), std::ios::binary) << content;
    return digest;
  }

 private:
  std::string put_tree(std::vector<blobs::TreeFile> files) const {
    return put(*blobs::encode_tree({std::move(files)}));
  }

  void decide(core::EventBody body) {
    now_ += 1000;
    core::Outcome outcome = core::step(state_, {{{now_}, {now_}}, std::move(body)});
    Batch batch{std::move(outcome.records), {}, {"boot", 1, {now_}, {now_}}};
    SweepShelf shelf(*journal_);
    batch.headers = shelf.update(state_, batch.records);
    REQUIRE(journal_->commit(batch).ok());
  }

  void submit(std::uint32_t trials,
              const std::string& model = "m",
              std::optional<std::uint32_t> keep = {}) {
    sweeps::SweepSpec spec = sample_spec(trials);
    spec.registration.model = model;
    spec.run.keep = keep;
    decide(core::SweepSubmitted{{1, ++requests_}, spec, "# mine", code, "ada", false});
    core::TrialsSuggested suggested{{state_.sweeps_last}, {1}, {}, false};
    suggested.assignments.assign(trials, sample_assignment());
    decide(suggested);
  }

  void run(const AttemptKey& key,
           std::uint64_t reports,
           const std::string& tree = {},
           double loss = 0.5) {
    const core::Attempt* attempt = core::find_attempt(state_, key);
    REQUIRE(attempt != nullptr);
    const AgentId agent = attempt->agent;
    decide(core::AttemptsHeld{agent, {{key, core::Phase::kRunning}}});
    for (std::uint64_t seq = 1; seq <= reports; ++seq) {
      decide(core::ReportsArrived{agent, key, {{seq, {now_}, {{"loss", loss}, {"acc", 0.1}}}}});
    }
    REQUIRE((*journal_).append({{{key, LogStream::kStdout}, 0, "loss: 0.5\n"}}).ok());
    core::AttemptEnded ended{agent, key, reports, {}};
    ended.outcome.tree_digest = tree.empty() ? artifact : tree;
    ended.outcome.tree_files = 1;
    decide(ended);
  }

  std::unique_ptr<RocksJournal> journal_;
  core::State state_;
  std::int64_t now_ = 1'000'000;
  std::uint64_t requests_ = 0;
};

// All that removed sweeps have left, as housekeeping would delete it piece by piece.
inline void delete_all_rows(RocksJournal& journal) {
  while (journal.has_rows_to_delete()) {
    REQUIRE(journal.delete_rows(100).ok());
  }
}

}  // namespace sweepd::daemon::test
