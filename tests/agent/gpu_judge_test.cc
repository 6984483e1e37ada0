// Which GPUs take a trial: what others have on them, what the library does not say, what an attempt
// left.
#include "agent/gpu_judge.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

constexpr std::uint64_t kGib = 1ULL << 30;
constexpr AttemptKey kAttempt{{12}, {7}, {1}};

// Two GPUs of 80 GiB, and a library that answers whatever a test says.
struct Bench {
  explicit Bench(const BusyGpus& rule = OfferBusy{})
      : judge({{0, 2, "GPU-aaaaaaaa-1"}, {1, 3, "GPU-bbbbbbbb-2"}}, rule) {}

  static GpuUse use(const std::vector<std::uint32_t>& processes, std::uint64_t free = 80 * kGib) {
    return {80 * kGib, free, processes};
  }

  std::vector<GpuAnswer> answers(const std::vector<GpuQuestion>& questions) const {
    std::vector<GpuAnswer> out;
    for (const GpuQuestion& question : questions) {
      out.push_back({question, question.slot == 0 ? first : second});
    }
    return out;
  }

  // A look at whatever is due, after so long.
  bool look(Duration after = seconds(3)) {
    now = now + after;
    const bool passed = judge.pass(now);
    return judge.take(now, answers(judge.questions(now))) || passed;
  }

  GpuJudge judge;
  Instant now{1'000'000};
  Result<GpuUse> first = use({});
  Result<GpuUse> second = use({});
};

std::vector<std::uint32_t> slots_of(const std::vector<GpuQuestion>& questions) {
  std::vector<std::uint32_t> out;
  for (const GpuQuestion& question : questions) {
    out.push_back(question.slot);
  }
  return out;
}

using Slots = std::vector<std::uint32_t>;
using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("gpus: a box without any asks nothing and withholds nothing") {
  GpuJudge judge({}, WithholdBusy{});
  CHECK(judge.questions({}).empty());
  CHECK_FALSE(judge.next_wake({}).has_value());
  CHECK(judge.all_seen());
  CHECK(judge.may_start(0));
  CHECK_FALSE(judge.withholds(0));
}

TEST_CASE("gpus: nothing begins on one before it was looked at; the others do not wait") {
  Bench bench;
  CHECK_FALSE(bench.judge.all_seen());
  CHECK_FALSE(bench.judge.may_start(0));
  CHECK_FALSE(bench.judge.withholds(0));
  CHECK(bench.judge.may_start(7));  // a CPU slot
  CHECK_FALSE(bench.look());
  CHECK(bench.judge.all_seen());
  CHECK(bench.judge.may_start(0));
}

TEST_CASE("gpus: processes of others matter as far as the rule says") {
  for (const bool withheld : {false, true}) {
    Bench bench(withheld ? BusyGpus(WithholdBusy{}) : BusyGpus(OfferBusy{}));
    bench.first = Bench::use({7}, 3 * kGib);
    CHECK_EQ(bench.look(), withheld);
    CHECK_EQ(bench.judge.withholds(0), withheld);
    CHECK_EQ(bench.judge.may_start(0), !withheld);
    CHECK_FALSE(bench.judge.withholds(1));
    CHECK_EQ(bench.judge.withheld(),
             withheld ? Words{"GPU 2 (GPU-aaaaaaaa): 1 process of others, 3.0 of 80.0 GiB free"}
                      : Words{});
  }
}

TEST_CASE("gpus: free memory decides alone where a size is asked for") {
  Bench bench(OfferWhileFree{20 * kGib});
  bench.first = Bench::use({7, 8}, 20 * kGib);
  bench.second = Bench::use({}, 19 * kGib);
  CHECK(bench.look());
  CHECK_EQ(bench.judge.withheld(),
           Words{"GPU 3 (GPU-bbbbbbbb): 19.0 of 80.0 GiB free, 20.0 GiB are wanted"});
  bench.second = GpuUse{};  // it does not tell
  bench.look();
  bench.look();
  CHECK(bench.judge.withheld().empty());
}

TEST_CASE("gpus: one comes back by itself, after two looks, and is told as it was at first") {
  Bench bench(WithholdBusy{});
  bench.first = Bench::use({7}, 3 * kGib);
  CHECK(bench.look());
  const Words words = bench.judge.withheld();
  bench.first = Bench::use({7, 8}, 2 * kGib);
  CHECK_FALSE(bench.look());  // or every change of a number would be told to all
  CHECK_EQ(bench.judge.withheld(), words);
  bench.first = Bench::use({});
  CHECK_FALSE(bench.look());
  CHECK(bench.judge.withholds(0));
  CHECK(bench.look());
  CHECK(bench.judge.withheld().empty());
  CHECK(bench.judge.may_start(0));
}

TEST_CASE("gpus: one that is in use here is not asked about, and keeps its slot") {
  Bench bench(WithholdBusy{});
  bench.look();
  bench.judge.booked(0, kAttempt);
  bench.now = bench.now + seconds(3);
  const std::vector<GpuQuestion> questions = bench.judge.questions(bench.now);
  CHECK_EQ(slots_of(questions), Slots{1});
  bench.judge.take(bench.now, bench.answers(questions));
  CHECK_FALSE(bench.judge.withholds(0));
  CHECK_FALSE(bench.judge.refusal(0).has_value());
}

TEST_CASE("gpus: an answer to a question from before an attempt says nothing") {
  Bench bench(WithholdBusy{});
  bench.look();
  bench.now = bench.now + seconds(3);
  const std::vector<GpuQuestion> questions = bench.judge.questions(bench.now);
  bench.judge.booked(0, kAttempt);
  bench.first = Bench::use({7});  // the attempt's own
  CHECK_FALSE(bench.judge.take(bench.now, bench.answers(questions)));
  bench.judge.released(0);
  CHECK_FALSE(bench.judge.may_start(0));
  CHECK_FALSE(bench.judge.take(bench.now, bench.answers(questions)));
  CHECK_FALSE(bench.judge.withholds(0));
}

TEST_CASE("gpus: what the library does not say is withheld under every rule, with its own words") {
  Bench bench;
  bench.look();
  bench.first = bench.second = Error{Errc::kUnavailable, "NVML: driver not loaded (9)"};
  CHECK(bench.look());
  CHECK_EQ(bench.judge.withheld(), Words{"GPUs 2, 3: NVML: driver not loaded (9)"});
  CHECK_EQ(bench.judge.refusal(1), "GPU 3 (GPU-bbbbbbbb): NVML: driver not loaded (9)");
  bench.second = Error{Errc::kUnavailable, "NVML: GPU is lost (15)"};
  CHECK(bench.look());
  CHECK_EQ(bench.judge.withheld(),
           Words{"GPU 2 (GPU-aaaaaaaa): NVML: driver not loaded (9)",
                 "GPU 3 (GPU-bbbbbbbb): NVML: GPU is lost (15)"});
  bench.first = bench.second = Bench::use({});
  bench.look();
  CHECK(bench.look());
  CHECK(bench.judge.withheld().empty());
}

TEST_CASE("gpus: a library that never answers is noticed within ten seconds") {
  Bench bench;
  bench.look();
  bench.now = bench.now + seconds(3);
  const std::vector<GpuQuestion> questions = bench.judge.questions(bench.now);
  REQUIRE_EQ(questions.size(), 2);
  bench.judge.booked(1, kAttempt);
  CHECK(bench.judge.questions(bench.now + seconds(5)).empty());  // one at a time
  CHECK_FALSE(bench.judge.pass(bench.now + seconds(5)));
  CHECK_EQ(bench.judge.next_wake(bench.now), bench.now + seconds(6));
  CHECK(bench.judge.pass(bench.now + seconds(6)));
  CHECK_EQ(bench.judge.withheld(), Words{"GPU 2 (GPU-aaaaaaaa): NVML has not answered for 6 s"});
  CHECK_FALSE(bench.judge.pass(bench.now + seconds(7)));
  CHECK_FALSE(bench.judge.next_wake(bench.now + seconds(7)).has_value());
  bench.judge.released(1);
  CHECK(bench.judge.pass(bench.now + seconds(8)));
  CHECK(bench.judge.withholds(1));
  bench.judge.take(bench.now + seconds(9), bench.answers(questions));
  bench.now = bench.now + seconds(9);
  bench.look();
  CHECK_FALSE(bench.judge.withholds(0));
}

TEST_CASE("gpus: after an attempt nothing begins before a look, which is due at once") {
  Bench bench;
  bench.look();
  bench.judge.booked(0, kAttempt);
  bench.judge.released(0);
  CHECK_FALSE(bench.judge.may_start(0));
  CHECK_EQ(bench.judge.next_wake(bench.now), bench.now);
  CHECK_FALSE(bench.look({}));
  CHECK(bench.judge.may_start(0));
}

TEST_CASE("gpus: what an attempt left on one is waited for, named, and no refusal") {
  Bench bench;  // offers GPUs that others use
  bench.first = Bench::use({7});
  bench.look();
  bench.judge.booked(0, kAttempt);
  bench.judge.released(0);
  bench.first = Bench::use({7, 50, 51});
  CHECK(bench.look({}));
  CHECK_EQ(bench.judge.withheld(),
           Words{"GPU 2 (GPU-aaaaaaaa): still held after 12/7#1 by processes 50 51"});
  CHECK_FALSE(bench.judge.may_start(0));
  CHECK_FALSE(bench.judge.refusal(0).has_value());
  CHECK_EQ(bench.judge.next_wake(bench.now), bench.now + milliseconds(500));
  bench.first = Bench::use({7});
  CHECK(bench.look(milliseconds(500)));
  CHECK(bench.judge.may_start(0));
}

TEST_CASE("gpus: what is left for ten seconds counts as somebody else's") {
  for (const bool withheld : {false, true}) {
    Bench bench(withheld ? BusyGpus(WithholdBusy{}) : BusyGpus(OfferBusy{}));
    bench.look();
    bench.judge.booked(0, kAttempt);
    bench.judge.released(0);
    bench.first = Bench::use({50});
    CHECK(bench.look({}));
    CHECK_FALSE(bench.look(milliseconds(9'900)));
    CHECK_FALSE(bench.judge.may_start(0));
    CHECK(bench.look(milliseconds(500)));
    CHECK_EQ(bench.judge.may_start(0), !withheld);
    CHECK_EQ(bench.judge.refusal(0).has_value(), withheld);
    // And is known as such when the next attempt ends.
    if (!withheld) {
      bench.judge.booked(0, kAttempt);
      bench.judge.released(0);
      bench.look({});
      CHECK(bench.judge.may_start(0));
    }
  }
}

TEST_CASE(
    "gpus: one that had too little memory free comes back with a twentieth more than wanted") {
  Bench bench(OfferWhileFree{20 * kGib});
  bench.first = Bench::use({}, 20 * kGib - 1);
  CHECK(bench.look());
  bench.first = Bench::use({}, 21 * kGib - 1);
  for (int i = 0; i < 10; ++i) {
    CHECK_FALSE(bench.look(seconds(1)));
  }
  bench.first = Bench::use({}, 21 * kGib);
  bench.look(seconds(1));
  bench.look(seconds(1));
  CHECK_FALSE(bench.judge.withholds(0));
  bench.first = Bench::use({}, 20 * kGib);
  CHECK_FALSE(bench.look());  // what is offered may go down to what is wanted
  CHECK_FALSE(bench.judge.withholds(0));
}

TEST_CASE("gpus: one that never has a twentieth more free comes back after two minutes") {
  Bench bench(OfferWhileFree{79 * kGib});
  bench.first = Bench::use({}, 60 * kGib);
  bench.look();
  bench.first = Bench::use({}, 79 * kGib);  // all that there is of it, but for the driver's
  const Instant begin = bench.now;
  while (bench.judge.withholds(0) && bench.now - begin < seconds(1000)) {
    bench.look(seconds(1));
  }
  CHECK(bench.now - begin >= seconds(120));
  CHECK(bench.now - begin <= seconds(130));
}

TEST_CASE(
    "gpus: one whose neighbour comes and goes is waited for longer each time, and not for ever") {
  Bench bench(WithholdBusy{});
  const auto wait_for_return = [&bench] {
    bench.first = Bench::use({7});
    bench.look();
    CHECK(bench.judge.withholds(0));
    bench.first = Bench::use({});
    int looks = 0;
    for (; bench.judge.withholds(0) && looks < 1000; ++looks) {
      bench.look(seconds(1));
    }
    return looks;
  };
  bench.look();
  std::vector<int> looks;
  for (int i = 0; i < 9; ++i) {
    looks.push_back(wait_for_return());
  }
  CHECK_EQ(looks, std::vector<int>{2, 3, 5, 9, 17, 33, 65, 129, 129});
  bench.look(seconds(590));
  CHECK_EQ(wait_for_return(), 129);
  bench.look(seconds(600));
  CHECK_EQ(wait_for_return(), 2);
}

TEST_CASE(
    "gpus: what attempts leave behind again and again is waited for no longer than at first") {
  Bench bench(WithholdBusy{});
  bench.look();
  for (int i = 0; i < 5; ++i) {
    bench.judge.booked(0, kAttempt);
    bench.judge.released(0);
    bench.first = Bench::use({50});
    CHECK(bench.look({}));
    CHECK_FALSE(bench.look(milliseconds(500)));
    bench.first = Bench::use({});
    CHECK(bench.look(milliseconds(500)));
  }
  bench.first = Bench::use({7});
  CHECK(bench.look());
  bench.first = Bench::use({});
  CHECK_FALSE(bench.look());
  CHECK(bench.look());
}

TEST_CASE("gpus: whatever a neighbour does, it is told 1,400 times in a day at most") {
  Bench bench(OfferWhileFree{20 * kGib});
  int told = 0;
  const Instant begin = bench.now;
  while (bench.now - begin < seconds(86'400)) {
    bench.first = Bench::use({}, (bench.judge.withholds(0) ? 21 : 19) * kGib);
    told += bench.look(seconds(1)) ? 1 : 0;
  }
  CHECK(told <= 1400);
}
