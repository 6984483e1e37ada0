// Specifications to protobuf and back.
#include "wire/spec/spec_codec.h"

#include <doctest/doctest.h>

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

using namespace sweepd;
using namespace sweepd::sweeps;

namespace {

// Every field differs from its default, every alternative of a domain and a value occurs.
SweepSpec full_spec() {
  SweepSpec spec;
  spec.name = "name";
  spec.experiment = "experiment";
  spec.job = true;
  spec.objective = {"val/acc", Goal::kMaximize, {ReduceKind::kMeanLast, 5}};
  spec.tags = {{"team", "vision"}, {"a", ""}};
  spec.notes = "notes é";
  spec.priority = -7;
  spec.run = {{"p", std::string("\xFF\0x", 3)},
              true,
              ArgsStyle::kNone,
              BoolStyle::kNoFlag,
              "code",
              "cwd",
              {"o1", "o2"},
              {"l1"},
              6};
  spec.env = {{"A", "\xFE"}, {"B", "2"}};
  spec.space.parameters = {
      {"float", FloatRange{-1.5, 2.5, true, 0.5}, "a > 1"},
      {"float2", FloatRange{0, 1, false, {}}, ""},
      {"int", IntRange{std::numeric_limits<std::int64_t>::min(), 9, true, 3}, ""},
      {"normal", Normal{1, 2, true, 0.25}, ""},
      {"normal2", Normal{1, 2, false, {}}, ""},
      {"choice", Choice{{true, std::int64_t{-3}, 0.1, std::string("\xFFtext")}, {1, 2, 3, 4}}, ""},
      {"hyperdrive", Hyperdrive{Hyperdrive::Kind::kRandint, 4, 5, 6}, ""},
  };
  spec.space.constraints = {"a < b", "c"};
  spec.search = {
      SamplerKind::kGrid, 9, std::numeric_limits<std::uint64_t>::max(), 3, {{{"x", 0.5}}, {}}};
  spec.stop = {
      PolicyKind::kAsha, "epoch", 2, 3, 0.5, 0.25, 4, 20, true, 2, 81, 4, false, 0.0, true};
  spec.resources = {0, 4};
  spec.limits = {0, seconds(1), seconds(9), seconds(2), 3, seconds(4)};
  spec.retry = {3, {"exit:75", "signal"}, seconds(6)};
  spec.metrics = {false, false, {{"pattern", "metric"}}};
  spec.registration = {"model", "path"};
  return spec;
}

std::string bytes_of(const SweepSpec& spec) {
  return wire::to_proto(spec).SerializeAsString();
}

std::string hex(const std::string& bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    const auto plain = static_cast<unsigned char>(byte);
    out += kDigits[plain >> 4U];
    out += kDigits[plain & 0xFU];
  }
  return out;
}

std::string fault_of(const pb::SweepSpec& proto) {
  const auto spec = wire::from_proto(proto);
  return spec ? "" : spec.error().message;
}

pb::SweepSpec good() {
  return wire::to_proto(full_spec());
}

}  // namespace

TEST_CASE("spec codec: a specification with everything set comes back equal") {
  pb::SweepSpec proto;
  REQUIRE(proto.ParseFromString(bytes_of(full_spec())));
  const auto back = wire::from_proto(proto);
  REQUIRE(back.ok());
  CHECK(*back == full_spec());
}

TEST_CASE("spec codec: a specification of defaults comes back equal") {
  const auto back = wire::from_proto(wire::to_proto(SweepSpec{}));
  REQUIRE(back.ok());
  CHECK(*back == SweepSpec{});
}

TEST_CASE("spec codec: every enumerator comes back") {
  SweepSpec spec;
  for (int kind = 1; kind <= 9; ++kind) {
    spec.space.parameters.push_back(
        {"p", Hyperdrive{static_cast<Hyperdrive::Kind>(kind), 1, 2, 1}, ""});
  }
  for (int i = 1; i <= 5; ++i) {
    spec.stop.policy = static_cast<PolicyKind>(i);
    spec.run.args = static_cast<ArgsStyle>(std::min(i, 4));
    spec.run.bools = static_cast<BoolStyle>(std::min(i, 3));
    spec.search.sampler = static_cast<SamplerKind>(std::min(i, 3));
    spec.objective.reduce.kind = static_cast<ReduceKind>(std::min(i, 3));
    spec.objective.goal = static_cast<Goal>(std::min(i, 2));
    const auto back = wire::from_proto(wire::to_proto(spec));
    REQUIRE(back.ok());
    CHECK(*back == spec);
  }
}

TEST_CASE("spec codec: an assignment keeps order, types and bits") {
  const Assignment assignment = {{"b", true},
                                 {"a", std::int64_t{1}},
                                 {"c", 1.0},
                                 {"d", -0.0},
                                 {"e", std::numeric_limits<double>::denorm_min()},
                                 {"f", std::string("")}};
  const auto back = wire::from_proto(wire::to_proto(assignment));
  REQUIRE(back.ok());
  CHECK(*back == assignment);
  CHECK(std::signbit(std::get<double>((*back)[3].second)));
}

TEST_CASE("spec codec: the bytes are these") {
  SweepSpec spec;
  spec.name = "n";
  spec.objective.metric = "loss";
  spec.run.command = {"p"};
  spec.space.parameters = {{"x", Choice{{std::int64_t{1}, 0.5}, {}}, ""}};
  spec.search.trials = 2;
  CHECK(hex(bytes_of(spec)) ==
        "0a016e220e0a046c6f737310011a040801100142160a0170180120013a076f75747075747342046c"
        "6f677352160a140a0178320f0a0210020a0919000000000000e03f5a060803100220016213080118"
        "01380351000000000000f03f600368016a02100172052880ade2047a020801820104080110018a01"
        "0912076f757470757473");
  // Only `keep` of [run] is new: two bytes more there.
  const std::size_t before = bytes_of(spec).size();
  spec.run.keep = 3;
  const std::string kept = hex(bytes_of(spec));
  CHECK(kept.find("42180a0170180120013a076f75747075747342046c6f67734803") != std::string::npos);
  CHECK(kept.size() == 2 * (before + 2));
  CHECK(hex(wire::to_proto(Assignment{{"x", std::int64_t{-1}}}).SerializeAsString()) ==
        "0a070a017812021001");
}

TEST_CASE("spec codec: enumerators that nobody knows are refused") {
  pb::SweepSpec proto = good();
  proto.mutable_stop()->set_policy(static_cast<pb::PolicyKind>(6));
  CHECK(fault_of(proto) == "unknown policy 6");
  proto = good();
  proto.mutable_search()->clear_sampler();
  CHECK(fault_of(proto) == "unknown sampler 0");
  proto = good();
  proto.mutable_objective()->set_goal(static_cast<pb::Goal>(-1));
  CHECK(fault_of(proto) == "unknown goal -1");
  proto = good();
  proto.mutable_objective()->clear_reduce();
  CHECK(fault_of(proto) == "unknown reduction 0");
  proto = good();
  proto.mutable_run()->set_args(static_cast<pb::ArgsStyle>(5));
  CHECK(fault_of(proto) == "unknown style of arguments 5");
  proto = good();
  proto.mutable_run()->set_bools(static_cast<pb::BoolStyle>(4));
  CHECK(fault_of(proto) == "unknown style of booleans 4");
  proto = good();
  proto.mutable_space()->mutable_parameters(6)->mutable_hyperdrive()->set_kind(
      static_cast<pb::Hyperdrive::Kind>(10));
  CHECK(fault_of(proto) == "unknown expression of HyperDrive 10");
}

TEST_CASE("spec codec: missing tables, domains and values are refused") {
  pb::SweepSpec proto = good();
  proto.clear_limits();
  CHECK(fault_of(proto) == "the specification has no limits");
  proto = good();
  proto.mutable_space()->mutable_parameters(0)->clear_domain();
  CHECK(fault_of(proto) == "parameter 'float' has no domain");
  proto = good();
  proto.mutable_space()->mutable_parameters(5)->mutable_choice()->mutable_values(2)->clear_kind();
  CHECK(fault_of(proto) == "a value without content");
  proto = good();
  proto.mutable_search()->mutable_try_first(0)->mutable_bindings(0)->clear_value();
  CHECK(fault_of(proto) == "a value without content");
  CHECK(fault_of(pb::SweepSpec{}) == "the specification has no objective");
}

TEST_CASE("spec codec: bytes cut off at every offset are refused or read, never fatal") {
  const std::string bytes = bytes_of(full_spec());
  std::size_t refused = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    pb::SweepSpec proto;
    const bool read = proto.ParseFromString(bytes.substr(0, length));
    const bool accepted = read && wire::from_proto(proto).ok();
    refused += accepted ? 0 : 1;
  }
  CHECK(refused == bytes.size());  // the last table is always missing or cut
}

TEST_CASE("spec codec: any byte may be wrong without harm") {
  const google::protobuf::LogSilencer quiet;  // it reports each text that is not UTF-8
  const std::string bytes = bytes_of(full_spec());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const unsigned flip : {0x01U, 0x08U, 0x80U, 0xFFU}) {
      std::string wrong = bytes;
      wrong[at] = static_cast<char>(static_cast<unsigned char>(wrong[at]) ^ flip);
      pb::SweepSpec proto;
      if (proto.ParseFromString(wrong)) {
        if (const auto spec = wire::from_proto(proto)) {
          // What was read is a specification: it goes the same way again.
          const auto again = wire::from_proto(wire::to_proto(*spec));
          REQUIRE(again.ok());
          REQUIRE(bytes_of(*again) == bytes_of(*spec));
        }
      }
    }
  }
}
