// Sends a tree: asks what is missing, then ships that, and the manifest last.
#pragma once

#include "blobs/blob_transfer.h"
#include "blobs/job.h"
#include "blobs/scan.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sweepd::blobs {

// What a daemon without room is to a transfer.
enum class NoRoom { kEnds, kWaits };

class PutTreeJob final : public Job {
 public:
  static Result<std::unique_ptr<PutTreeJob>> make(LocalTree local, NoRoom no_room);

  Result<bool> next(pb::BulkRequest& request) override;
  Result<void> answer(const pb::BulkReply& reply) override;
  void lost(std::uint64_t tag) override;
  std::optional<Outcome> outcome() override;
  Progress progress() const override;

  // One that is complete is of use; several that are half sent only take room.
  bool in_line() const override { return true; }

  bool waits_for_room() const override { return no_room_ == NoRoom::kWaits; }

 private:
  // A run of wanted_ that one request asks about.
  struct Question {
    std::size_t first = 0;
    std::size_t count = 0;
  };

  PutTreeJob(LocalTree local, std::string manifest, NoRoom no_room);

  bool next_question(pb::BulkRequest& request);
  Result<bool> next_piece(pb::BulkRequest& request);
  Result<void> take_missing(const Question& question, const pb::BulkReply& reply);
  void open_sender();
  void close_complete_senders();

  bool all_asked() const { return questions_.empty() && asking_.empty(); }

  LocalTree local_;
  NoRoom no_room_;
  std::string manifest_;
  std::string digest_;
  std::vector<std::string> wanted_;             // every digest once, in their order
  std::map<std::string, std::size_t> file_of_;  // digest -> a file with that content
  std::vector<Question> questions_;             // to be asked, the last first
  std::map<std::uint64_t, Question> asking_;    // by tag
  std::set<std::string> missing_;               // to be sent; the manifest is not in it
  bool manifest_missing_ = false;
  std::list<BlobSender> senders_;  // with pieces under way
  Progress progress_;              // of what is completely there
};

}  // namespace sweepd::blobs
