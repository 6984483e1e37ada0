// The conformance suite of samplers: what every one of them promises.
#include "sweeps/sampler.h"

#include "tests/sweeps/fuzz_space.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

const std::vector<SamplerKind> kSamplers = {
    SamplerKind::kGrid, SamplerKind::kRandom, SamplerKind::kSobol};

Choice ints(std::int64_t count) {
  Choice choice;
  for (std::int64_t i = 0; i < count; ++i) {
    choice.values.emplace_back(i);
  }
  return choice;
}

SweepSpec sweep(SamplerKind sampler, SearchSpace space, std::uint32_t trials) {
  SweepSpec spec;
  spec.search.sampler = sampler;
  spec.search.trials = trials;
  spec.search.seed = 17;
  spec.space = std::move(space);
  return spec;
}

SearchSpace finite_space() {
  return {{{"a", ints(4), ""}, {"b", IntRange{0, 9, false, 3}, "a < 2"}, {"c", ints(3), ""}}, {}};
}

Assignment proposal(const SweepSpec& spec, std::uint32_t number) {
  const Proposal proposed = propose(spec, TrialNumber{number});
  REQUIRE(proposed.assignment.has_value());
  CHECK(proposed.availability == Availability::kMore);
  return *proposed.assignment;
}

TEST_CASE("samplers: the same specification and number give the same proposal, in any order") {
  for (const SamplerKind sampler : kSamplers) {
    const SweepSpec spec = sweep(sampler, finite_space(), 20);
    std::vector<Assignment> forward;
    for (std::uint32_t n = 1; n <= 20; ++n) {
      forward.push_back(proposal(spec, n));
    }
    for (std::uint32_t n = 20; n >= 1; --n) {
      CHECK(proposal(SweepSpec(spec), n) == forward[n - 1]);
    }
  }
}

TEST_CASE(
    "samplers: proposals of fuzzed spaces are in their domains, active ones only, in file order") {
  Rng rng({5, Stream::kRandomSampler, 1, 0});
  int tried = 0;
  for (int i = 0; i < 3000; ++i) {
    const SearchSpace space = fuzz_space(rng);
    if (!validate(space).ok()) {
      continue;
    }
    for (const SamplerKind sampler : kSamplers) {
      if (!accepts(sampler, space).ok()) {
        continue;
      }
      ++tried;
      const SweepSpec spec = sweep(sampler, space, 3);
      for (std::uint32_t n = 1; n <= std::min(3U, trials_total(spec)); ++n) {
        const Assignment assignment = proposal(spec, n);
        std::size_t at = 0;
        for (const Parameter& parameter : space.parameters) {
          const Value* value = find(assignment, parameter.name);
          const Value* head = find(assignment, "p0");
          const bool active = parameter.when.empty() || *head == Value(std::string("v0"));
          REQUIRE_EQ(value != nullptr, active);
          if (active) {
            REQUIRE_EQ(assignment[at++].first, parameter.name);
            REQUIRE(to_unit(parameter.domain, *value).ok());
          }
        }
        REQUIRE_EQ(at, assignment.size());
      }
    }
  }
  CHECK(tried > 5000);
}

TEST_CASE("samplers: there is nothing before trial 1 and nothing past the total") {
  for (const SamplerKind sampler : kSamplers) {
    const SweepSpec spec = sweep(sampler, finite_space(), 5);
    CHECK_EQ(trials_total(spec), 5);
    for (const std::uint32_t number : {0U, 6U, 4'000'000'000U}) {
      CHECK(propose(spec, TrialNumber{number}) == Proposal{std::nullopt, Availability::kExhausted});
    }
    CHECK(propose(spec, TrialNumber{5}).assignment.has_value());
  }
}

TEST_CASE("samplers: trials to try first come first, canonical, and move the sequence on") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec = sweep(sampler, finite_space(), 10);
    const Assignment own = proposal(spec, 1);
    spec.search.try_first = {
        {{"c", std::int64_t{2}}, {"a", std::int64_t{3}}},
        {{"c", std::int64_t{1}}, {"a", std::int64_t{1}}, {"b", std::int64_t{6}}}};
    CHECK(proposal(spec, 1) == Assignment{{"a", std::int64_t{3}}, {"c", std::int64_t{2}}});
    CHECK(proposal(spec, 2) ==
          Assignment{{"a", std::int64_t{1}}, {"b", std::int64_t{6}}, {"c", std::int64_t{1}}});
    if (sampler != SamplerKind::kRandom) {  // whose draws belong to the trial number
      CHECK(proposal(spec, 3) == own);
    }
  }
}

TEST_CASE("samplers: what a trial to try first leaves open is drawn, the same each time") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec = sweep(sampler, finite_space(), 10);
    spec.space.constraints = {"c > 0"};
    spec.search.try_first.assign(8, {{"a", std::int64_t{0}}});
    std::set<std::string> drawn;
    for (std::uint32_t n = 1; n <= 8; ++n) {
      const Assignment assignment = proposal(spec, n);
      CHECK(proposal(spec, n) == assignment);
      CHECK(*find(assignment, "a") == Value(std::int64_t{0}));
      CHECK(*find(assignment, "c") != Value(std::int64_t{0}));
      drawn.insert(to_text(*find(assignment, "b")) + to_text(*find(assignment, "c")));
    }
    CHECK(drawn.size() > 2);
  }
}

TEST_CASE("samplers: every proposal satisfies the constraints") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec =
        sweep(sampler, {{{"w", ints(40), ""}, {"d", ints(40), ""}}, {"w * d == 36"}}, 9);
    std::set<std::string> seen;
    for (std::uint32_t n = 1; n <= 9; ++n) {
      const Assignment assignment = proposal(spec, n);
      CHECK(satisfies_constraints(spec.space, assignment));
      seen.insert(to_text(assignment[0].second));
    }
    CHECK(seen.size() >= 4);  // draws that violate are drawn anew, not all alike
  }
}

TEST_CASE(
    "samplers: constraints that nothing satisfies exhaust the sampler instead of hanging it") {
  for (const SamplerKind sampler : kSamplers) {
    const SweepSpec spec = sweep(sampler, {{{"w", ints(40), ""}}, {"w > 40"}}, 9);
    const Proposal proposed = propose(spec, TrialNumber{1});
    CHECK_FALSE(proposed.assignment.has_value());
    CHECK(proposed.availability == Availability::kExhausted);
    CHECK_EQ(proposed.unlucky(), sampler != SamplerKind::kGrid);  // a grid knows
  }
}

TEST_CASE("samplers: another seed gives other trials, to all but the grid") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec = sweep(sampler, {{{"x", IntRange{0, 1'000'000, false, 1}, ""}}, {}}, 9);
    const Assignment before = proposal(spec, 4);
    spec.search.seed = 18;
    CHECK_EQ(proposal(spec, 4) == before, sampler == SamplerKind::kGrid);
  }
}

TEST_CASE(
    "samplers: a parameter added at the end leaves the others as they were, but on the grid") {
  for (const SamplerKind sampler : {SamplerKind::kRandom, SamplerKind::kSobol}) {
    SweepSpec spec = sweep(sampler, finite_space(), 9);
    const Assignment before = proposal(spec, 4);
    spec.space.parameters.push_back({"z", FloatRange{0, 1, false, {}}, ""});
    Assignment after = proposal(spec, 4);
    after.pop_back();
    CHECK(after == before);
  }
}

TEST_CASE("samplers: a job is one trial without parameters") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec;
    spec.job = true;
    spec.search.sampler = sampler;
    CHECK_EQ(trials_total(spec), 1);
    CHECK(propose(spec, TrialNumber{1}) == Proposal{Assignment(), Availability::kMore});
    CHECK(propose(spec, TrialNumber{2}).availability == Availability::kExhausted);
  }
}

TEST_CASE("grid sampler: repeats the whole grid, and a limit cuts it short") {
  SweepSpec spec = sweep(SamplerKind::kGrid, {{{"a", ints(2), ""}, {"b", ints(3), ""}}, {}}, 1);
  spec.search.trials.reset();
  spec.search.repeats = 2;
  CHECK_EQ(trials_total(spec), 12);
  for (std::uint32_t n = 1; n <= 6; ++n) {
    CHECK(proposal(spec, n) == proposal(spec, n + 6));
  }
  CHECK(propose(spec, TrialNumber{13}).availability == Availability::kExhausted);
  spec.search.try_first = {{{"a", std::int64_t{1}}, {"b", std::int64_t{1}}}};
  CHECK_EQ(trials_total(spec), 13);
  CHECK(propose(spec, TrialNumber{13}).assignment.has_value());
  CHECK(propose(spec, TrialNumber{14}).availability == Availability::kExhausted);
  spec.search.trials = 7;
  CHECK_EQ(trials_total(spec), 7);
  CHECK(propose(spec, TrialNumber{8}).availability == Availability::kExhausted);
}

TEST_CASE("samplers: a space that one cannot work on is refused with advice") {
  const SearchSpace continuous = {{{"lr", FloatRange{0, 1, false, {}}, ""}}, {}};
  CHECK_FALSE(accepts(SamplerKind::kGrid, continuous).ok());
  CHECK(accepts(SamplerKind::kSobol, continuous).ok());
  CHECK(accepts(SamplerKind::kRandom, continuous).ok());
  SearchSpace wide;
  for (int i = 0; i < 257; ++i) {
    wide.parameters.push_back({"p" + std::to_string(i), ints(2), ""});
  }
  CHECK_EQ(
      accepts(SamplerKind::kSobol, wide).error().message,
      "sampler 'sobol' has 256 dimensions, and the space has 257 parameters: use sampler 'random'");
  CHECK(accepts(SamplerKind::kRandom, wide).ok());
  CHECK_EQ(accepts(SamplerKind::kGrid, {{{"a", ints(2), ""}}, {"a > 7"}}).error().message,
           "no point of the grid satisfies the constraints");
  CHECK_FALSE(accepts(static_cast<SamplerKind>(9), {}).ok());
}

TEST_CASE("random sampler: this seed gives these values for ever") {
  const SweepSpec spec =
      sweep(SamplerKind::kRandom, {{{"a", IntRange{0, 999'999, false, 1}, ""}}, {}}, 3);
  CHECK_EQ(to_text(proposal(spec, 1)[0].second), "882844");
  CHECK_EQ(to_text(proposal(spec, 2)[0].second), "723736");
}

TEST_CASE("sobol sampler: this seed gives these values for ever") {
  const SweepSpec spec =
      sweep(SamplerKind::kSobol, {{{"a", IntRange{0, 999'999, false, 1}, ""}}, {}}, 3);
  CHECK_EQ(to_text(proposal(spec, 1)[0].second), "325920");
  CHECK_EQ(to_text(proposal(spec, 2)[0].second), "860583");
}

}  // namespace

TEST_CASE("samplers: a proposer that is kept proposes what a new one would") {
  for (const SamplerKind sampler : kSamplers) {
    SweepSpec spec =
        sweep(sampler, {{{"w", ints(40), ""}, {"d", ints(40), ""}}, {"w * d == 36"}}, 9);
    spec.search.try_first = {{{"w", std::int64_t{36}}}};
    const SweepSpec copy = spec;
    const Proposer proposer(spec);
    spec = {};  // the proposer has what it needs
    for (const std::uint32_t number : {9U, 1U, 4U, 10U, 2U, 4U, 0U}) {
      CHECK(proposer.propose(TrialNumber{number}) == propose(copy, TrialNumber{number}));
    }
  }
}

}  // namespace sweepd::sweeps
