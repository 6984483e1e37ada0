// The check of a state folder: silent on a good one, and seen to fail on every kind of damage.
#include "daemon/fsck.h"

#include "daemon/journal_keys.h"
#include "daemon/record_codec.h"
#include "tests/daemon/history.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <functional>

using namespace sweepd;
using daemon::FsckReport;
using daemon::test::History;
namespace keys = sweepd::daemon::keys;

namespace {

FsckReport checked(const History& history, bool fast = false) {
  daemon::FsckOptions options;
  options.fast = fast;
  const auto report = daemon::fsck(history.path(), options);
  REQUIRE_MESSAGE(report.ok(), report.error().message);
  return *report;
}

bool has(const FsckReport& report, const std::string& code, const std::string& where) {
  for (const daemon::Finding& finding : report.findings) {
    if (finding.code == code && finding.where == where) {
      return true;
    }
  }
  return false;
}

// Changes rows behind the back of the store.
class Raw {
 public:
  explicit Raw(const History& history) {
    const std::string path = history.path() + "/journal";
    std::vector<std::string> names;
    REQUIRE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names) {
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    }
    rocksdb::DB* opened = nullptr;
    REQUIRE(rocksdb::DB::Open({}, path, families, &handles_, &opened).ok());
    db_.reset(opened);
  }

  ~Raw() {
    for (auto* handle : handles_) {
      db_->DestroyColumnFamilyHandle(handle);
    }
  }

  std::string get(const std::string& family, const std::string& key) {
    std::string value;
    REQUIRE(db_->Get({}, of(family), key, &value).ok());
    return value;
  }

  void put(const std::string& family, const std::string& key, const std::string& value) {
    REQUIRE(db_->Put({}, of(family), key, value).ok());
  }

  void remove(const std::string& family, const std::string& key) {
    REQUIRE(db_->Delete({}, of(family), key).ok());
  }

  // The first key of a family that the condition holds for.
  std::string find(const std::string& family,
                   const std::function<bool(const std::string&, const std::string&)>& fits) {
    const std::unique_ptr<rocksdb::Iterator> row(db_->NewIterator({}, of(family)));
    for (row->SeekToFirst(); row->Valid(); row->Next()) {
      if (fits(row->key().ToString(), row->value().ToString())) {
        return row->key().ToString();
      }
    }
    FAIL("no such row");
    return {};
  }

 private:
  rocksdb::ColumnFamilyHandle* of(const std::string& family) {
    for (auto* handle : handles_) {
      if (handle->GetName() == family) {
        return handle;
      }
    }
    FAIL("no such family");
    return nullptr;
  }

  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> db_;
};

bool is_report(const std::string&, const std::string& value) {
  std::vector<core::Record> row;
  REQUIRE(daemon::decode_row(value, row).ok());
  return std::holds_alternative<core::ReportRecorded>(row.front());
}

}  // namespace

TEST_CASE("fsck: files that run.keep let go are missed by nobody, those of the best are") {
  History history;
  const auto trees = history.add_keeping_best({"worse", "best"});
  std::filesystem::remove(history.blob(trees[0]));
  std::filesystem::remove(history.blob(blobs::digest_of("worse")));
  const FsckReport report = checked(history);
  CHECK_MESSAGE(report.ok(), daemon::to_text(report, "x"));
  CHECK(report.orphans == 0);
  std::filesystem::remove(history.blob(blobs::digest_of("best")));
  CHECK(has(checked(history), "blob-missing", "blob " + blobs::digest_of("best")));
}

TEST_CASE("fsck: a sound folder has no findings, and is as it was") {
  const History history;
  const FsckReport report = checked(history);
  CHECK_MESSAGE(report.ok(), daemon::to_text(report, "x"));
  CHECK(report.sweeps == 2);
  CHECK(report.reports == 3);
  CHECK(report.blobs == 4);
  CHECK(report.log_bytes == 20);
  CHECK(report.orphans + report.parts == 0);
  const std::uint64_t term = history.open()->term();
  CHECK(term == 2);  // looking did not begin one
}

TEST_CASE("fsck: blobs that nothing needs and unfinished uploads are counted, and no fault") {
  const History history;
  std::ofstream(history.path() + "/blobs/" + history.code.substr(0, 2) + "/" + std::string(62, 'f'))
      << "x";
  std::filesystem::create_directories(history.path() + "/blobs/tmp");
  std::ofstream(history.path() + "/blobs/tmp/part") << "y";
  const FsckReport report = checked(history);
  CHECK(report.ok());
  CHECK(report.orphans == 1);
  CHECK(report.orphan_bytes == 1);
  CHECK(report.parts == 1);
}

TEST_CASE("fsck: a row that cannot be read is found, and so is that nothing can be replayed") {
  const History history;
  {
    Raw raw(history);
    const std::string key = raw.find("record", is_report);
    raw.put("record", key, "garbage");
  }
  const FsckReport report = checked(history);
  CHECK(report.findings.front().code == "record-damaged");
  CHECK(has(report, "replay-fails", "sweep 1"));
  CHECK(std::any_of(report.findings.begin(), report.findings.end(), [](const auto& finding) {
    return finding.code == "report-order";
  }));
}

TEST_CASE("fsck: a number given twice and one that is missing are found") {
  const History history;
  {
    Raw raw(history);
    const std::string key = raw.find("record", is_report);
    const std::uint64_t seq = *keys::last_number(key);
    // The same number once more, in the journal of the other sweep.
    const core::Record record = core::SweepReopened{{2}, {}};
    raw.put("record", keys::record({2}, seq), daemon::encode_row({&record, 1}));
  }
  CHECK(checked(history).findings.front().code == "sequence-repeated");
  const History other;
  {
    Raw raw(other);
    raw.remove("record", raw.find("record", is_report));
  }
  const FsckReport report = checked(other);
  CHECK(report.findings.front().code == "report-order");
  bool gap = false;
  for (const daemon::Finding& finding : report.findings) {
    gap = gap || finding.code == "sequence-gap";
  }
  CHECK(gap);
}

TEST_CASE("fsck: metrics that are missing or too many are found") {
  const History history;
  {
    Raw raw(history);
    raw.remove("metric", keys::metric({{1}, {1}, {1}}, 2));
    raw.put("metric",
            keys::metric({{2}, {3}, {1}}, 1),
            raw.get("metric", keys::metric({{2}, {1}, {1}}, 1)));
  }
  const FsckReport report = checked(history);
  CHECK(report.findings_total == 2);
  CHECK(has(report, "metric-count", "metrics of 1/1#1"));
  CHECK(has(report, "metric-count", "metrics of 2/3#1"));
}

TEST_CASE("fsck: a header that its journal does not give is found") {
  const History history;
  {
    Raw raw(history);
    auto header = *daemon::decode_header(raw.get("state", keys::number(1)));
    header.best_value = 0.25;
    raw.put("state", keys::number(1), daemon::encode_header(header));
    header = *daemon::decode_header(raw.get("state", keys::number(2)));
    header.counts.clear();  // of a live sweep: old by design
    raw.put("state", keys::number(2), daemon::encode_header(header));
  }
  const FsckReport report = checked(history);
  CHECK(report.findings_total == 1);
  CHECK(has(report, "header-differs", "sweep 1"));
}

TEST_CASE("fsck: decisions that cannot have been made do not end the check") {
  const History history;
  {
    Raw raw(history);
    const std::string key = raw.find("record", [](const std::string&, const std::string& value) {
      std::vector<core::Record> row;
      REQUIRE(daemon::decode_row(value, row).ok());
      return std::holds_alternative<core::AttemptAssigned>(row.front());
    });
    const core::Record wrong = core::AttemptAssigned{{{1}, {1}, {7}}, {1}, {0}, {}, {}};
    raw.put("record", key, daemon::encode_row({&wrong, 1}));
  }
  CHECK(has(checked(history), "replay-fails", "sweep 1"));
}

TEST_CASE("fsck: a gap in a log is found") {
  const History history;
  {
    Raw raw(history);
    const daemon::LogKey log{{{1}, {1}, {1}}, daemon::LogStream::kStdout};
    raw.put("log", keys::log(log, 500), "late");
  }
  CHECK(has(checked(history), "log-gap", "log of 1/1#1"));
}

TEST_CASE("fsck: a blob that is gone, cut or changed is found; a changed one not by --fast") {
  const History history;
  const std::string path = history.blob(history.weights);
  std::ofstream(path) << "some weightS";
  CHECK(checked(history, true).ok());
  CHECK(has(checked(history), "blob-changed", "blob " + history.weights));
  std::filesystem::resize_file(path, 3);
  CHECK(has(checked(history, true), "blob-size", "blob " + history.weights));
  std::filesystem::remove(path);
  CHECK(has(checked(history, true), "blob-missing", "blob " + history.weights));
  std::filesystem::remove(history.blob(history.code));
  CHECK(checked(history, true).findings_total == 2);
}

TEST_CASE("fsck: a manifest that is none is found") {
  const History history;
  std::ofstream(history.blob(history.artifact)) << "not a manifest";
  CHECK(has(checked(history), "manifest-damaged", "blob " + history.artifact));
}

TEST_CASE("fsck: a removed sweep is no fault, and hides none") {
  History history;
  history.add_ended("mine");
  history.remove(3);
  {
    const auto journal = history.open();
    daemon::test::delete_all_rows(*journal);
  }
  FsckReport report = checked(history);
  CHECK_MESSAGE(report.ok(), daemon::to_text(report, "x"));
  CHECK(report.sweeps == 2);
  {
    Raw raw(history);
    raw.remove("record", raw.find("record", is_report));
  }
  CHECK(has(checked(history), "sequence-gap", "records"));
}

TEST_CASE("fsck: records without a header are found, of a removed sweep as well") {
  const History history;
  {
    Raw raw(history);
    raw.remove("state", keys::number(1));
  }
  CHECK(has(checked(history), "header-missing", "sweep 1"));
  History other;
  other.add_ended("mine");
  other.remove(3);
  {
    Raw raw(other);
    raw.remove("meta", keys::removed({3}));
  }
  CHECK(has(checked(other), "rows-left", "sweep 3"));
}

TEST_CASE("fsck: a removed sweep that has a header is found") {
  History history;
  history.add_ended("mine");
  std::string header;
  {
    Raw raw(history);
    header = raw.get("state", keys::number(3));
  }
  history.remove(3);
  {
    Raw raw(history);
    raw.put("state", keys::number(3), header);
  }
  CHECK(has(checked(history), "removed-and-there", "sweep 3"));
}

TEST_CASE("fsck: a folder without a store and a check that is given up are errors") {
  const daemon::test::Folder empty;
  CHECK(daemon::fsck(empty.path(), {}).error().code == Errc::kNotFound);
  const History history;
  daemon::FsckOptions options;
  options.progress = [](std::string_view, std::uint64_t, std::uint64_t) {
    return false;
  };
  CHECK(daemon::fsck(history.path(), options).error().code == Errc::kInterrupted);
}

TEST_CASE("fsck: the report in words and as JSON") {
  FsckReport report;
  report.findings = {{"blob-missing", "blob ab", "the \"code\" of sweep 1"}};
  report.findings_total = 1;
  report.sweeps = 2;
  CHECK(daemon::to_text(report, "/s") ==
        "blob-missing: blob ab: the \"code\" of sweep 1\n"
        "/s: 1 findings: 2 sweeps, 0 records, 0 reports, 0 bytes of logs, 0 blobs (0 bytes)\n");
  CHECK(daemon::to_json(report, "/s") ==
        R"({"folder":"/s","ok":false,"findings_total":1,"findings":[{"code":"blob-missing",)"
        R"("where":"blob ab","text":"the \"code\" of sweep 1"}],"term":0,"sweeps":2,"records":0,)"
        R"("reports":0,"log_bytes":0,"blobs":0,"blob_bytes":0,"orphans":0,"orphan_bytes":0,)"
        R"("parts":0})"
        "\n");
}
