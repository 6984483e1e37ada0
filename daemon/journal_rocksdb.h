// The journal and the logs in RocksDB, the only file that knows it.
#pragma once

#include "daemon/journal.h"

#include <memory>
#include <string>
#include <vector>

namespace sweepd::daemon {

// Stores of this schema and older ones can be opened.
constexpr std::uint64_t kSchemaVersion = 1;

class RocksJournal final : public Journal, public LogStore {
 public:
  // Opens the store in `folder` or makes it, and begins a new term. Refuses what another process
  // uses, a newer schema and damaged files.
  static Result<std::unique_ptr<RocksJournal>> open(const std::string& folder,
                                                    std::uint64_t log_bytes_max = kLogBytesMax);
  ~RocksJournal() override;

  std::uint64_t term() const;       // how often the store was opened; larger than any before
  const std::string& uuid() const;  // of the store, drawn when it was made
  const ClockMark& clock() const;   // of the last commit before it was opened

  Result<void> commit(const Batch& batch) override;
  Result<void> heal() override;
  bool wants_heal() const override;
  Result<std::vector<SweepHeader>> headers() override;
  Result<std::vector<SequencedRecord>> records(SweepId sweep,
                                               std::uint64_t after_seq,
                                               std::size_t limit) override;
  Result<std::vector<core::Report>> reports(const AttemptKey& attempt,
                                            std::uint64_t after_seq,
                                            std::size_t limit) override;

  Result<std::vector<std::uint64_t>> append(const std::vector<LogAppend>& appends) override;
  Result<std::uint64_t> size(const LogKey& log) override;
  Result<std::string> read(const LogKey& log, std::uint64_t offset, std::size_t length) override;

 private:
  struct Impl;
  explicit RocksJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sweepd::daemon
