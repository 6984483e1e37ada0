// Rows on disk: golden bytes of every kind, the way back, and bytes that are no rows.
#include "daemon/record_codec.h"

#include "daemon/store.pb.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <google/protobuf/stubs/logging.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace sweepd;
using daemon::test::sample_records;
using daemon::test::without_metrics;

namespace {

// Thousands of broken rows would each be complained about on stderr.
[[maybe_unused]] auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

std::string row_of(const core::Record& record) {
  return daemon::encode_row({&record, 1});
}

std::vector<core::Record> decoded(const std::string& bytes) {
  std::vector<core::Record> records;
  const auto result = daemon::decode_row(bytes, records);
  REQUIRE_MESSAGE(result.ok(), result.error().message);
  return records;
}

daemon::SweepHeader sample_header() {
  daemon::SweepHeader header;
  header.id = {12};
  header.request = {1, 2};
  header.name = "mnist";
  header.experiment = "e";
  header.user = "ada";
  header.job = true;
  header.state = core::SweepState::kFailed;
  header.reason = {core::ReasonCode::kFailedTrials, "too many"};
  header.submitted = {5};
  header.ended = {6};
  header.metric = "loss";
  header.goal = sweeps::Goal::kMaximize;
  header.trials_total = 20;
  header.counts = {{core::TrialState::kFailed, 3}, {core::TrialState::kCompleted, 4}};
  header.best_trial = {2};
  header.best_value = 0.5;
  header.reports = 99;
  return header;
}

// What is on disks out there: these bytes must be readable for ever. A changed line means a new row
// version.
const std::vector<std::string> kGolden = {
    "080112ae02080c121b0901000000000000001102000000000000001903000000000000001832203c2ab3010a086d6e"
    "6973742d6c72220e0a046c6f737310011a040801100142260a07707974686f6e330a08747261696e2e707918012001"
    "3a076f75747075747342046c6f6773522e0a1a0a026c721a1409fca9f1d24d62503f119a9999999999b93f18010a10"
    "0a0577696474682207081010800120105a080802100418072001621308011801380351000000000000f03f60036801"
    "6a02100172052880ade2047a020801820104080110018a010912076f757470757473320a6e616d65203d202778273a"
    "4062626262626262626262626262626262626262626262626262626262626262626262626262626262626262626262"
    "62626262626262626262626262626262626242036164614801",
    "08011a17080c10021a110809120d6b696c6c656420627920616461",
    "08012217080c10051a110809120d6b696c6c656420627920616461",
    "08012a19080c10041a110809120d6b696c6c6564206279206164612046",
    "08013215080c12110809120d6b696c6c656420627920616461",
    "08013a44080c10071a3a0a0f0a026c721209197b14ae47e17a843f0a0b0a057769647468120210200a0e0a04"
    "6d6f646512062204666173740a0a0a04666c6167120208011a002001",
    "08014220080c10071a110809120d6b696c6c656420627920616461208827280130013803",
    "08014a19080c1007180722110809120d6b696c6c656420627920616461",
    "080152120a06080c1007180210031a02000220502851",
    "08015a0a0a06080c100718021003",
    "080162210a06080c1007180210091a1508b40111000000000000e0bf190000000000000840",
    "08016a310a06080c1007180210021a066d656469616e21000000000000084029000000000000e03f31000000"
    "000000d03f3805405f",
    "0801721d0a06080c1007180210091a110809120d6b696c6c656420627920616461",
    "08017aa8010a06080c10071802100a1a110809120d6b696c6c65642062792061646122880108011003180920012a15"
    "080312116c696d6974732e747269616c5f74696d653204626f6f6d3a40616161616161616161616161616161616161"
    "6161616161616161616161616161616161616161616161616161616161616161616161616161616161616161616140"
    "04488827506458c80162046c6f737362036163636a06312066696c6570017807",
    "080182013808031203752d311a03626f782204626f6f742a03302e31321210011a054750552d312204483230"
    "3028e8073a090a04726f6f6d1201624060",
    "08018a011a0803100418612212090600000000000000110700000000000000",
    "080192018a020a1209030000000000000011040000000000000012056d6e69737418022206080c100718022a"
    "4063636363636363636363636363636363636363636363636363636363636363636363636363636363636363"
    "636363636363636363636363636363636363636363320d6f7574707574732f6d6f64656c3a046c6f73734100"
    "0000000000e03f4a3a0a0f0a026c721209197b14ae47e17a843f0a0b0a057769647468120210200a0e0a046d"
    "6f646512062204666173740a0a0a04666c616712020801524062626262626262626262626262626262626262"
    "6262626262626262626262626262626262626262626262626262626262626262626262626262626262626262"
    "625a036164616062",
    "08019a011c0a12090500000000000000110600000000000000100c1a0207082063",
    "0801a201080803100c18072002",
    "0801aa01020803",
    "0801b201240a1209070000000000000011080000000000000010031a0a0818120662726f6b656e2064",
    "0801ba01180a12090900000000000000110a0000000000000010031865",
    "0801f2011708021211081e120d312047694220697320667265651864",
    "0801fa010508904e1065",
    "08018202340a12090b00000000000000110c00000000000000100d1a12090d00000000000000110e00000000"
    "00000020ac022a036164613066",
    "08018a02080a06080c10071802",
    "080192020c080310321867209d4e288827",
    "08019a020508f02e1068",
    "0801aa02060a0203041068",
    "0801a2020b0880d293ad0310d8361869",
};

}  // namespace

TEST_CASE("record codec: every kind of record is written as it always was") {
  const std::vector<core::Record> records = sample_records();
  REQUIRE(records.size() == std::variant_size_v<core::Record>);
  REQUIRE(kGolden.size() == records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(records[i].index() == i);
    CHECK_MESSAGE(hex(row_of(records[i])) == kGolden[i], "kind ", i);
  }
}

TEST_CASE(
    "record codec: every kind of record comes back as it was, but for the metrics of reports") {
  for (const core::Record& record : sample_records()) {
    const std::vector<core::Record> back = decoded(row_of(record));
    REQUIRE(back.size() == 1);
    CHECK_MESSAGE(back[0] == without_metrics(record), "kind ", record.index());
  }
}

TEST_CASE("record codec: rows from before failures were charged to agents are read") {
  const auto bytes_of = [](std::string_view text) {
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
    }
    return bytes;
  };
  const auto requeued =
      decoded(bytes_of("0801421e080c10071a110809120d6b696c6c65642062792061646120882728013001"));
  CHECK(std::get<core::TrialRequeued>(requeued.front()).failed_on == AgentId{});
  const auto assigned = decoded(bytes_of("080152100a06080c1007180210031a0200022050"));
  CHECK(std::get<core::AttemptAssigned>(assigned.front()).at == Instant{});
}

TEST_CASE("record codec: a row cut anywhere is refused or reads as another, never a crash") {
  for (const core::Record& record : sample_records()) {
    const std::string bytes = row_of(record);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      std::vector<core::Record> records;
      const auto result = daemon::decode_row(std::string_view(bytes).substr(0, size), records);
      CHECK(result.ok() == !records.empty());
      if (result.ok()) {
        CHECK_MESSAGE(
            records[0] != without_metrics(record), "kind ", record.index(), " cut at ", size);
      }
    }
  }
}

TEST_CASE("record codec: a row with any byte changed never crashes") {
  for (const core::Record& record : sample_records()) {
    const std::string bytes = row_of(record);
    for (std::size_t place = 0; place < bytes.size(); ++place) {
      for (const int change : {1, 0x80, 0xFF}) {
        std::string changed = bytes;
        changed[place] = static_cast<char>(changed[place] ^ change);
        std::vector<core::Record> records;
        const bool read = daemon::decode_row(changed, records).ok();
        CHECK(read == !records.empty());
      }
    }
  }
}

TEST_CASE("record codec: a row of a newer version is refused in a sentence") {
  store::Record row;
  row.set_version(2);
  std::vector<core::Record> records;
  const auto result = daemon::decode_row(row.SerializeAsString(), records);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() ==
        Error{Errc::kWrongState,
              "a record of version 2, written by a newer sweepd; this one reads versions up to 1"});
  CHECK(records.empty());
}

TEST_CASE("record codec: a row of an unknown kind or without a version is corrupt") {
  std::vector<core::Record> records;
  // Version 1, and field 99 that nobody knows.
  const auto unknown = daemon::decode_row(std::string("\x08\x01\x9a\x06\x00", 5), records);
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().code == Errc::kCorrupt);
  const auto empty = daemon::decode_row("", records);
  REQUIRE_FALSE(empty.ok());
  CHECK(empty.error().code == Errc::kCorrupt);
}

TEST_CASE("record codec: states and keys that cannot be are corrupt") {
  std::vector<core::Record> records;
  for (const int state : {0, 10, -1}) {
    store::Record row;
    row.set_version(1);
    row.mutable_trial_closed()->set_sweep(1);
    row.mutable_trial_closed()->set_trial(1);
    row.mutable_trial_closed()->set_state(state);
    CHECK_FALSE(daemon::decode_row(row.SerializeAsString(), records).ok());
  }
  store::Record row;
  row.set_version(1);
  row.mutable_attempt_advanced()->set_state(2);
  CHECK_FALSE(daemon::decode_row(row.SerializeAsString(), records).ok());
}

TEST_CASE("record codec: consecutive reports of an attempt share a row, nothing else does") {
  const AttemptKey one{{1}, {1}, {1}};
  const AttemptKey two{{1}, {2}, {1}};
  const std::vector<core::Record> records = {
      core::ReportRecorded{one, 4, {1000}, 0.5, 4, {{"loss", 0.5}}},
      core::ReportRecorded{one, 5, {900}, std::nullopt, 0, {{"acc", 1}, {"loss", 2}}},
      core::ReportRecorded{one, 7, {1}, 1, 1, {}},
      core::ReportRecorded{two, 8, {1}, 1, 1, {}},
      core::SweepReopened{{1}, {}},
      core::ReportRecorded{two, 9, {1}, 1, 1, {}}};
  const std::span<const core::Record> all(records);
  CHECK(daemon::row_length(all) == 2);
  for (std::size_t i = 1; i < all.size(); ++i) {
    CHECK(daemon::row_length(all.subspan(i)) == 1);
  }
  const auto run = all.first(2);
  const std::vector<core::Record> back = decoded(daemon::encode_row(run));
  REQUIRE(back.size() == 2);
  CHECK(back[0] == without_metrics(run[0]));
  CHECK(back[1] == without_metrics(run[1]));

  const auto metrics = daemon::decode_metrics(daemon::encode_metrics(run), 4);
  REQUIRE(metrics.ok());
  CHECK(*metrics == std::vector<core::Report>{{4, {1000}, {{"loss", 0.5}}},
                                              {5, {900}, {{"acc", 1}, {"loss", 2}}}});
}

TEST_CASE("record codec: NaN and infinities are values") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  const core::Record record = core::ReportRecorded{
      {{1}, {1}, {1}}, 1, {1}, infinity, -infinity, {{"a", nan}, {"b", -infinity}}};
  const core::Record back = decoded(row_of(record))[0];
  CHECK(std::get<core::ReportRecorded>(back).objective == infinity);
  CHECK(std::get<core::ReportRecorded>(back).resource == -infinity);
  const auto metrics = daemon::decode_metrics(daemon::encode_metrics({&record, 1}), 1);
  REQUIRE(metrics.ok());
  CHECK(std::isnan((*metrics)[0].metrics[0].value));
  CHECK((*metrics)[0].metrics[1].value == -infinity);
}

TEST_CASE("record codec: text that is not UTF-8 comes back byte for byte") {
  const core::Record record = core::SweepReopened{{1}, {core::ReasonCode::kUser, "\xff\xfe"}};
  CHECK(decoded(row_of(record))[0] == record);
}

TEST_CASE("record codec: metrics that point past the names are corrupt") {
  store::Metrics row;
  row.set_version(1);
  row.add_names("loss");
  row.add_reports()->add_names(1);
  row.mutable_reports(0)->add_values(0.5);
  CHECK_FALSE(daemon::decode_metrics(row.SerializeAsString(), 1).ok());
  row.mutable_reports(0)->set_names(0, 0);
  CHECK(daemon::decode_metrics(row.SerializeAsString(), 1).ok());
  row.mutable_reports(0)->add_values(1);
  CHECK_FALSE(daemon::decode_metrics(row.SerializeAsString(), 1).ok());
}

TEST_CASE("record codec: a header comes back as it was, a cut one is refused or another") {
  const daemon::SweepHeader header = sample_header();
  const std::string bytes = daemon::encode_header(header);
  CHECK(hex(bytes) ==
        "0801100c1a1209010000000000000011020000000000000022056d6e6973742a0165320361646138"
        "0140044a0c080b1208746f6f206d616e795005580662046c6f7373680270147a04080610047a0408"
        "0810038001028901000000000000e03f900163");
  const auto back = daemon::decode_header(bytes);
  REQUIRE(back.ok());
  CHECK(*back == header);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto cut = daemon::decode_header(std::string_view(bytes).substr(0, size));
    CHECK((!cut.ok() || *cut != header));
  }
}

TEST_CASE("record codec: the clock comes back as it was") {
  const daemon::ClockMark mark{"boot", 1, {2}, {3}};
  const auto back = daemon::decode_clock(daemon::encode_clock(mark));
  REQUIRE(back.ok());
  CHECK(*back == mark);
}
