// Conversations with clients: what is refused before it is decided, garbage, versions.
#include "daemon/client_gateway.h"

#include "base/limits.h"
#include "daemon/recovery.h"
#include "tests/daemon/fixtures.h"
#include "wire/spec/spec_codec.h"

#include <doctest/doctest.h>

#include <google/protobuf/stubs/logging.h>

using namespace sweepd;
using daemon::ClientGateway;
using daemon::ClientHeard;
using daemon::test::sample_spec;

namespace {

[[maybe_unused]] auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

struct Desk {
  daemon::test::MemoryJournal journal;
  daemon::test::FakeTrees trees;
  core::State state;
  daemon::SweepShelf shelf{journal};
  daemon::Liveness liveness{{}};
  daemon::ServerFacts facts;
  daemon::test::FakeBackups backups;
  daemon::test::FakeGc gc;
  daemon::Housekeeping housekeeping{{journal, gc, backups}};
  daemon::Queries queries{{state, shelf, journal, journal, liveness, facts, backups, housekeeping}};
  ClientGateway gateway{queries, trees};

  ClientHeard say(pb::ClientRequest request, const std::optional<Error>& refusal = std::nullopt) {
    request.set_protocol(wire::kProtocolVersion);
    request.set_id_low(5);
    return gateway.read({"peer", wire::encode(request)}, {}, refusal);
  }

  Error refused(const pb::ClientRequest& request) {
    const ClientHeard heard = say(request);
    CHECK_FALSE(heard.event.has_value());
    REQUIRE(heard.reply.has_value());
    CHECK(heard.reply->peer == "peer");
    CHECK(heard.reply->door == wire::Door::kClient);
    pb::ClientReply reply;
    REQUIRE(wire::decode(heard.reply->bytes, 1 << 22, reply).ok());
    CHECK(reply.id_low() == 5);
    CHECK(reply.body_case() == pb::ClientReply::BODY_NOT_SET);
    return {static_cast<Errc>(reply.code()), reply.message()};
  }
};

pb::ClientRequest submission() {
  pb::ClientRequest request;
  *request.mutable_submit()->mutable_spec() = wire::to_proto(sample_spec());
  return request;
}

}  // namespace

TEST_CASE("client gateway: a sound submission becomes an event and is answered later") {
  Desk desk;
  pb::ClientRequest request = submission();
  request.mutable_submit()->set_toml("# t");
  request.mutable_submit()->set_user("ada");
  request.mutable_submit()->set_paused(true);
  const ClientHeard heard = desk.say(request);
  CHECK_FALSE(heard.reply.has_value());
  REQUIRE(heard.event.has_value());
  const auto& event = std::get<core::SweepSubmitted>(*heard.event);
  CHECK(event.request.high == 0);
  CHECK(event.request.low == 5);
  CHECK(event.spec == sample_spec());
  CHECK(event.toml == "# t");
  CHECK(event.user == "ada");
  CHECK(event.paused);
}

TEST_CASE("client gateway: a submission is refused for its code, its size or its content") {
  Desk desk;
  pb::ClientRequest request = submission();
  request.mutable_submit()->set_snapshot_digest("d");
  CHECK(desk.refused(request).code == Errc::kNotFound);
  desk.trees.known = "d";
  CHECK(desk.say(request).event.has_value());

  request = submission();
  request.mutable_submit()->set_toml(std::string(limits::kSweepFileBytesMax + 1, ' '));
  CHECK(desk.refused(request).code == Errc::kInvalidArgument);
  request = submission();
  request.mutable_submit()->mutable_spec()->mutable_run()->clear_command();
  CHECK(desk.refused(request).code == Errc::kInvalidArgument);
  request = submission();
  request.mutable_submit()->clear_spec();
  CHECK(desk.refused(request).code == Errc::kInvalidArgument);
}

TEST_CASE("client gateway: a repeat is the same request, and one with another body is not") {
  Desk desk;
  const auto id_of = [&](const pb::ClientRequest& request) {
    return std::get<core::SweepSubmitted>(*desk.say(request).event).request;
  };
  const RequestId first = id_of(submission());
  CHECK(id_of(submission()) == first);
  pb::ClientRequest other = submission();
  other.mutable_submit()->set_toml("# another");
  const RequestId second = id_of(other);
  CHECK(second != first);
  CHECK(second.low == first.low);
}

TEST_CASE("client gateway: control of what does not exist or cannot be read is refused") {
  Desk desk;
  pb::ClientRequest request;
  request.mutable_control()->set_verb(pb::KILL);
  request.mutable_control()->set_selector("7");
  CHECK(desk.refused(request).code == Errc::kNotFound);
  request.mutable_control()->set_selector(std::string(2000, '1'));
  CHECK(desk.refused(request).code == Errc::kInvalidArgument);
  request.mutable_control()->set_selector("1");
  request.mutable_control()->set_verb(pb::VERB_UNSPECIFIED);
  CHECK(desk.refused(request).code == Errc::kInvalidArgument);
}

TEST_CASE("client gateway: a model's path cannot leave the trial's files") {
  Desk desk;
  daemon::SweepHeader header;
  header.id = {1};
  header.name = "s";
  header.state = core::SweepState::kRunning;
  REQUIRE(desk.journal.commit({{}, {header}, {}}).ok());
  REQUIRE(
      desk.journal
          .commit({{core::SweepAccepted{{1}, {}, {}, sample_spec(), "", "", "", false}}, {}, {}})
          .ok());
  desk.state = *desk.shelf.recover();
  pb::ClientRequest request;
  request.mutable_register_model()->set_selector("1/1");
  request.mutable_register_model()->set_model("m");
  for (const char* path : {"/etc", "..", "a/../b", "a/.."}) {
    request.mutable_register_model()->set_path(path);
    CHECK(desk.refused(request).code == Errc::kInvalidArgument);
  }
  for (const char* path : {"", "outputs/model", "..a/b..", "a//b"}) {
    request.mutable_register_model()->set_path(path);
    CHECK(desk.say(request).event.has_value());
  }
}

TEST_CASE("client gateway: another protocol is told which one is spoken here") {
  Desk desk;
  pb::ClientRequest request;
  request.set_protocol(9);
  request.mutable_list_agents();
  const ClientHeard heard = desk.gateway.read({"peer", wire::encode(request)}, {}, std::nullopt);
  pb::ClientReply reply;
  REQUIRE(wire::decode(heard.reply->bytes, 1 << 22, reply).ok());
  CHECK(reply.message() ==
        "this client speaks protocol 9, the daemon speaks 1: install the same version of sweepctl "
        "and sweepd");
}

TEST_CASE("client gateway: changes need a request id, questions do not") {
  Desk desk;
  pb::ClientRequest request = submission();
  request.set_protocol(wire::kProtocolVersion);
  const ClientHeard heard = desk.gateway.read({"peer", wire::encode(request)}, {}, std::nullopt);
  CHECK_FALSE(heard.event.has_value());
  CHECK(heard.reply.has_value());
}

TEST_CASE("client gateway: an empty or unknown request is refused in a sentence") {
  Desk desk;
  CHECK(desk.refused({}).message.find("does not know") != std::string::npos);
}

TEST_CASE("client gateway: while changes are refused, questions are answered") {
  Desk desk;
  const Error full{Errc::kUnavailable, "disk full"};
  CHECK_FALSE(desk.say(submission(), full).event.has_value());
  pb::ClientRequest question;
  question.mutable_list_agents();
  pb::ClientReply reply;
  REQUIRE(wire::decode(desk.say(question, full).reply->bytes, 1 << 22, reply).ok());
  CHECK(reply.code() == 0);
}

TEST_CASE(
    "client gateway: an answer too long for a message is refused instead of breaking the line") {
  Desk desk;
  core::SweepAccepted accepted{{1}, {}, {}, sample_spec(), "", "", "", false};
  accepted.toml = std::string(limits::kClientMessageBytesMax, 'x');
  REQUIRE(desk.journal.commit({{accepted}, {daemon::header_of(core::Sweep(accepted))}, {}}).ok());
  desk.state = *desk.shelf.recover();
  pb::ClientRequest request;
  request.mutable_show_sweep()->set_selector("1");
  CHECK(desk.refused(request).code == Errc::kImpossible);
}

TEST_CASE("client gateway: an answer goes to who asked, once") {
  Desk desk;
  const ClientHeard heard = desk.say(submission());
  const RequestId request = std::get<core::SweepSubmitted>(*heard.event).request;
  const core::Answer answer{request, Error{Errc::kWrongState, "no"}};
  const auto reply = desk.gateway.perform(desk.state, {}, answer);
  REQUIRE(reply.has_value());
  CHECK(reply->peer == "peer");
  CHECK_FALSE(desk.gateway.perform(desk.state, {}, answer).has_value());
  desk.say(submission());
  CHECK(desk.gateway.refuse_pending({Errc::kUnavailable, "full"}).size() == 1);
  CHECK_FALSE(desk.gateway.perform(desk.state, {}, answer).has_value());
}

TEST_CASE("client gateway: every request cut anywhere or with any byte changed is survived") {
  Desk desk;
  std::vector<pb::ClientRequest> requests = {submission()};
  requests.emplace_back().mutable_control()->set_selector("1/2");
  requests.emplace_back().mutable_register_model()->set_selector("1/best");
  requests.emplace_back().mutable_list_sweeps()->set_all(true);
  requests.emplace_back().mutable_show_trial()->set_selector("1/2#3");
  requests.emplace_back().mutable_read_log()->set_stream(pb::STDERR);
  requests.emplace_back().mutable_list_models()->set_model("m:1");
  std::size_t answers = 0;
  for (pb::ClientRequest& request : requests) {
    request.set_protocol(wire::kProtocolVersion);
    request.set_id_low(1);
    const std::string bytes = wire::encode(request);
    for (std::size_t place = 0; place < bytes.size(); ++place) {
      std::string changed = bytes;
      changed[place] = static_cast<char>(changed[place] ^ 0x33);
      for (const std::string& one : {bytes.substr(0, place), changed}) {
        const ClientHeard heard = desk.gateway.read({"p", one}, {}, std::nullopt);
        answers += heard.reply.has_value() ? 1U : 0U;
      }
    }
  }
  CHECK(answers > 0);
}
