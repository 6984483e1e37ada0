// The production loop of the daemon in the simulated world: its doors, clock and disk are ours.
#pragma once

#include "daemon/loop.h"
#include "tests/daemon/fixtures.h"
#include "tests/sim/world.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::sim {

// Of a few seconds in each minute the disk has little room, as long as things go wrong.
class ScarceDisk final : public daemon::Disk {
 public:
  explicit ScarceDisk(const World& world) : world_(world) {}

  Result<DiskSpace> space() override {
    constexpr std::uint64_t kGiB = 1ULL << 30;
    const bool scarce = world_.faulty && world_.now().us / 1'000'000 % 60 < 4;
    return DiskSpace{100 * kGiB, scarce ? kGiB : 50 * kGiB};
  }

  std::uint64_t ballast_missing() override { return 0; }

  bool release_ballast() override { return false; }

  Result<void> grow_ballast() override { return {}; }

  void keep_free(std::uint64_t) override {}

 private:
  const World& world_;
};

class RealDaemon final : private daemon::Doors,
                         private daemon::Clock,
                         private daemon::TreeIndex,
                         private daemon::Journal {
 public:
  using Send = std::function<void(wire::Door door, const std::string& peer, std::string bytes)>;

  RealDaemon(World& world, Send send) : world_(world), send_(std::move(send)), room_(world) {}

  void start();
  void crash();
  void reboot();  // its machine, while the daemon is down
  void stall(Duration span);
  void lose_tail(std::size_t batches);  // of the disk, while the daemon is down

  // Once everything has ended: what is on disk tells the story that the auditor saw.
  void audit_history();

  bool runs() const { return loop_ != nullptr; }

  const core::State& state() const { return loop_->state(); }

  std::string describe() const;  // what is not over, and what it waits for

  // Bytes from a peer; dropped while the daemon is down.
  void arrive(wire::Door door, const std::string& peer, const std::string& bytes);

 private:
  std::optional<wire::Incoming> receive(wire::Door door) override;
  wire::Sent send(wire::Door door, const std::string& peer, std::string_view bytes) override;

  void wait(Duration) override {}

  bool stopping() override { return false; }

  daemon::ClockMark mark() override;

  bool has_tree(const std::string& digest) override {
    return world_.mutant == Mutant::kFilesBelieved || world_.trees.contains(digest);
  }

  std::optional<bool> names(const std::string&, const std::string&) override { return true; }

  // The disk: commits are seen by the auditor, and a crash may come just before or just after.
  Result<void> commit(const daemon::Batch& batch) override;

  Result<void> heal() override { return {}; }

  bool has_rows_to_delete() const override { return disk_.has_rows_to_delete(); }

  Result<void> delete_rows(std::size_t limit) override {
    if (world_.losses) {
      written_.emplace_back(limit);
    }
    return disk_.delete_rows(limit);
  }

  std::vector<SweepId> take_emptied() override { return disk_.take_emptied(); }

  std::uint64_t next_seq() const override { return disk_.next_seq(); }

  Result<std::vector<daemon::SweepHeader>> headers() override { return disk_.headers(); }

  Result<std::vector<daemon::SequencedRecord>> records(SweepId sweep,
                                                       std::uint64_t after_seq,
                                                       std::size_t limit) override {
    return disk_.records(sweep, after_seq, limit);
  }

  Result<std::vector<core::Report>> reports(const AttemptKey& attempt,
                                            std::uint64_t after_seq,
                                            std::size_t limit) override {
    return disk_.reports(attempt, after_seq, limit);
  }

  daemon::ClockMark clocks() const;  // without the time line
  Instant time_line() const;

  void turn();
  void audit_files(const core::Record& record);
  void lose_unreferred_files();
  void audit_sent(wire::Door door, const std::string& peer, std::string_view bytes);

  World& world_;
  Send send_;
  ScarceDisk room_;
  daemon::test::FakeBackups backups_;
  daemon::test::FakeGc gc_;
  daemon::test::MemoryJournal disk_;
  // All that was asked of the disk, batches and deletions of rows, where it may lose something.
  std::vector<std::variant<daemon::Batch, std::size_t>> written_;
  std::uint64_t boots_ = 1;        // of its machine
  daemon::ClockMark stored_mark_;  // of the last commit that is on disk
  daemon::ClockMark began_;        // of this start
  std::uint64_t term_ = 0;
  std::unique_ptr<daemon::Loop> loop_;
  std::map<wire::Door, std::deque<wire::Incoming>> inbox_;
  std::set<std::string> referred_;  // trees, by what is on disk
  Instant stalled_until_;
  bool ending_ = false;  // a commit failed: the process is about to end
};

}  // namespace sweepd::sim
