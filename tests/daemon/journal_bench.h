// A journal on a real disk, and what is written to it.
#pragma once

#include "daemon/journal_rocksdb.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::daemon::journal_bench {

inline const AttemptKey kAttempt{{12}, {7}, {2}};
inline const LogKey kLog{kAttempt, LogStream::kStdout};

inline std::unique_ptr<RocksJournal> opened(const std::string& folder) {
  auto journal = RocksJournal::open(folder);
  REQUIRE_MESSAGE(journal.ok(), journal.error().message);
  return *std::move(journal);
}

inline ClockMark mark(std::int64_t now) {
  return {"boot", 1, {2}, {now}};
}

inline core::Record report(std::uint64_t seq) {
  return core::ReportRecorded{
      kAttempt, seq, {100}, 0.5, 1, {{"loss", 0.5}, {"n", static_cast<double>(seq)}}};
}

// A record of sweep 13 that takes 1 MiB, whatever compresses it; another one for each word.
inline core::Record incompressible(std::uint64_t& word) {
  std::string text;
  for (int byte = 0; byte < 1 << 20; ++byte) {
    word = word * 6364136223846793005U + 1442695040888963407U;
    text.push_back(static_cast<char>(word >> 56U));
  }
  return core::SweepReopened{{13}, {core::ReasonCode::kUser, text}};
}

inline void commit(RocksJournal& journal, std::vector<core::Record> records) {
  const auto done = journal.commit({std::move(records), {}, mark(9)});
  REQUIRE_MESSAGE(done.ok(), done.error().message);
}

inline std::vector<std::uint64_t> seqs(const std::vector<SequencedRecord>& records) {
  std::vector<std::uint64_t> numbers;
  for (const SequencedRecord& record : records) {
    numbers.push_back(record.seq);
  }
  return numbers;
}

// A small file system of its own (RocksDB reserves a memtable's worth of room ahead); not
// mounted when this machine does not allow one.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& path, int mib = 160) : path_(path) {
    mounted_ = mount("none", path.c_str(), "tmpfs", 0, fmt::format("size={}m", mib).c_str()) == 0;
  }

  ~SmallDisk() {
    if (mounted_) {
      umount2(path_.c_str(), MNT_DETACH);
    }
  }

  // False, said aloud, where mounting is not allowed.
  bool usable() const {
    if (!mounted_) {
      MESSAGE("SKIPPED: mounting a small file system is not allowed here");
    }
    return mounted_;
  }

  // That there are no more than so many files, from now on.
  bool limit_files(int count) const {
    const std::string options = fmt::format("size=160m,nr_inodes={}", count);
    return mount("none", path_.c_str(), "tmpfs", MS_REMOUNT, options.c_str()) == 0;
  }

  std::uint64_t free_files() const { return now().f_ffree; }

  std::uint64_t free_pages() const { return now().f_bfree; }

 private:
  struct statvfs now() const {
    struct statvfs found {};

    REQUIRE(statvfs(path_.c_str(), &found) == 0);
    return found;
  }

  std::string path_;
  bool mounted_ = false;
};

}  // namespace sweepd::daemon::journal_bench
