// Which folders of files the journal refers to: code, artifacts and models.
#include "daemon/blob_references.h"

#include "daemon/record_codec.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace sweepd::daemon {

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
    add(closed->outcome.tree_digest, fmt::format("the artifact of {}", to_string(closed->attempt)));
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
      dropped_.insert(artifact.mapped().digest);
    }
    return;
  }
  const auto* closed = std::get_if<core::AttemptClosed>(&record);
  for (TreeReference& reference : references_of(record)) {
    if (closed != nullptr) {
      artifacts_.insert_or_assign(closed->attempt, std::move(reference));
    } else {
      lasting_.push_back(std::move(reference));
    }
  }
}

std::vector<TreeReference> NeededTrees::take() {
  std::vector<TreeReference> needed = std::exchange(lasting_, {});
  for (auto& [attempt, reference] : artifacts_) {
    needed.push_back(std::move(reference));
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
