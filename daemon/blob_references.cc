// Which folders of files the journal refers to: code, artifacts and models.
#include "daemon/blob_references.h"

#include "daemon/record_codec.h"

#include <fmt/format.h>

#include <string_view>

namespace sweepd::daemon {

namespace {

std::string artifact_of(const AttemptKey& attempt) {
  return fmt::format("the artifact of {}", to_string(attempt));
}

}  // namespace

std::vector<TreeReference> references_of(const core::Record& record) {
  std::vector<TreeReference> found;
  const auto add = [&found](const std::string& digest, std::string who) {
    if (!digest.empty()) {
      found.push_back({digest, std::move(who)});
    }
  };
  if (const auto* accepted = std::get_if<core::SweepAccepted>(&record)) {
    add(accepted->snapshot_digest, fmt::format("the code of sweep {}", accepted->sweep.value));
  } else if (const auto* closed = std::get_if<core::AttemptClosed>(&record)) {
    add(closed->outcome.tree_digest, artifact_of(closed->attempt));
  } else if (const auto* model = std::get_if<core::ModelRegistered>(&record)) {
    const std::string name = fmt::format("model {}:{}", model->model, model->version);
    add(model->tree_digest, name);
    add(model->snapshot_digest, "the code of " + name);
  }
  return found;
}

void NeededTrees::read(const core::Record& record) {
  if (const auto* dropped = std::get_if<core::OutputsDropped>(&record)) {
    // Of a removed sweep what it takes back may be deleted already.
    if (const auto artifact = artifacts_.extract(dropped->attempt)) {
      dropped_.insert(artifact.mapped());
    }
    return;
  }
  if (const auto* accepted = std::get_if<core::SweepAccepted>(&record)) {
    keeps_all_ = accepted->spec.run.keep ? SweepId{} : accepted->sweep;
  }
  const auto* closed = std::get_if<core::AttemptClosed>(&record);
  if (closed != nullptr && closed->attempt.sweep != keeps_all_) {
    if (!closed->outcome.tree_digest.empty()) {
      artifacts_.insert_or_assign(closed->attempt, closed->outcome.tree_digest);
    }
    return;
  }
  for (TreeReference& reference : references_of(record)) {
    lasting_.push_back(std::move(reference));
  }
}

std::vector<TreeReference> NeededTrees::take() {
  std::vector<TreeReference> needed = take_lasting();
  for (auto& [attempt, digest] : artifacts_) {
    needed.push_back({std::move(digest), artifact_of(attempt)});
  }
  artifacts_.clear();
  return needed;
}

Result<std::set<std::string>> trees_of(StoreRows& rows, const std::string& prefix) {
  NeededTrees needed;
  std::vector<core::Record> row;
  const auto look = [&](std::string_view, std::string_view value) -> Result<bool> {
    row.clear();
    SWEEPD_TRY_VOID(decode_row(value, row));
    for (const core::Record& record : row) {
      needed.read(record);
    }
    return true;
  };
  SWEEPD_TRY_VOID(rows.each(Family::kRecord, prefix, look));
  std::set<std::string> trees;
  for (TreeReference& reference : needed.take()) {
    trees.insert(std::move(reference.digest));
  }
  return trees;
}

}  // namespace sweepd::daemon
