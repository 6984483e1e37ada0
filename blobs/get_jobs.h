// Fetches a blob into memory, or a tree into a folder.
#pragma once

#include "blobs/blob_transfer.h"
#include "blobs/destination.h"
#include "blobs/job.h"
#include "blobs/manifest.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace sweepd::blobs {

struct BlobWanted {
  std::string digest;
  std::uint64_t bytes_max = 0;
};

struct TreeWanted {
  std::string digest;       // of the manifest
  std::string prefix;       // only this file, or what is below this folder; empty: everything
  std::string destination;  // paths in it begin behind the prefix; a single file keeps its name
};

class GetBlobJob final : public Job {
 public:
  static Result<std::unique_ptr<GetBlobJob>> make(const BlobWanted& wanted);

  Result<bool> next(pb::BulkRequest& request) override;
  Result<void> answer(const pb::BulkReply& reply) override;
  void lost(std::uint64_t tag) override;
  std::optional<Outcome> outcome() override;
  Progress progress() const override;

 private:
  explicit GetBlobJob(const BlobWanted& wanted);

  std::string content_;
  BlobReceiver receiver_;
};

class GetTreeJob final : public Job {
 public:
  static Result<std::unique_ptr<GetTreeJob>> make(TreeWanted wanted);

  Result<bool> next(pb::BulkRequest& request) override;
  Result<void> answer(const pb::BulkReply& reply) override;
  void lost(std::uint64_t tag) override;
  std::optional<Outcome> outcome() override;
  Progress progress() const override;

 private:
  // Stays where it is: the receiver writes into the draft beside it.
  struct Fetch {
    Fetch(Draft target, BlobReceiver::Blob blob);
    Fetch(const Fetch&) = delete;
    Fetch& operator=(const Fetch&) = delete;

    Draft draft;
    std::uint64_t written = 0;
    BlobReceiver receiver;
  };

  GetTreeJob(TreeWanted wanted, Destination destination);

  Result<void> take_manifest();
  Result<void> open_fetch();
  Result<void> close_complete_fetches();

  TreeWanted wanted_;
  Destination destination_;
  std::unique_ptr<GetBlobJob> manifest_;  // until it is there
  Tree tree_;                             // what is wanted of it, under the paths it shall have
  std::size_t opened_ = 0;                // of its files
  std::list<Fetch> fetches_;
  Progress progress_;  // of complete files
};

// The part of a tree at or below `prefix`, with paths as TreeWanted says. kNotFound: there is none.
Result<Tree> subtree(Tree tree, std::string prefix);

}  // namespace sweepd::blobs
