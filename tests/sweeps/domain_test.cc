// Tests of the domains: what u becomes which value, and back.
#include "sweeps/domain.h"

#include "base/rng.h"
#include "tests/sweeps/fuzz_space.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

namespace sweepd::sweeps {
namespace {

using Kind = Hyperdrive::Kind;

constexpr double kLastUnit = 1 - 0x1p-53;

// The share of each value over an even comb of positions, in percent.
std::map<std::string, double> shares(const Domain& domain) {
  constexpr int kTeeth = 100'000;
  std::map<std::string, double> shares;
  for (int i = 0; i < kTeeth; ++i) {
    shares[to_text(from_unit(domain, (i + 0.5) / kTeeth))] += 100.0 / kTeeth;
  }
  return shares;
}

std::vector<std::string> all_values(const Domain& domain) {
  std::vector<std::string> texts;
  for (std::uint64_t k = 0; k < cardinality(domain).value(); ++k) {
    texts.push_back(to_text(nth_value(domain, k)));
  }
  return texts;
}

double number(const Value& value) {
  return number_in(value).value();
}

std::string fault(const Domain& domain) {
  const Result<void> valid = validate(domain);
  return valid.ok() ? "" : valid.error().message;
}

TEST_CASE("domains: a float range is linear or logarithmic between its bounds") {
  CHECK_EQ(number(from_unit(FloatRange{-1, 3, false, {}}, 0)), -1);
  CHECK_EQ(number(from_unit(FloatRange{-1, 3, false, {}}, 0.5)), 1);
  CHECK_EQ(number(from_unit(FloatRange{1e-4, 1e-2, true, {}}, 0.5)), doctest::Approx(1e-3));
  CHECK_EQ(cardinality(FloatRange{-1, 3, false, {}}), std::nullopt);
  CHECK_EQ(cardinality(FloatRange{3, 3, false, {}}), 1);
  CHECK_EQ(number(from_unit(FloatRange{3, 3, true, {}}, 0.7)), 3);
}

TEST_CASE("domains: positions outside the unit interval mean its ends") {
  const Domain domain = IntRange{1, 3, false, 1};
  CHECK_EQ(to_text(from_unit(domain, -0.5)), "1");
  CHECK_EQ(to_text(from_unit(domain, std::nan(""))), "1");
  CHECK_EQ(to_text(from_unit(domain, 1)), "3");
  CHECK_EQ(to_text(from_unit(domain, 7)), "3");
}

TEST_CASE("domains: a step grid ends at its last whole step, never past the bound") {
  using Texts = std::vector<std::string>;
  CHECK_EQ(all_values(FloatRange{0, 1, false, 0.3}), Texts{"0.0", "0.3", "0.6", "0.9"});
  CHECK_EQ(all_values(FloatRange{0.1, 0.3, false, 0.1}), Texts{"0.1", "0.2", "0.3"});
  CHECK_EQ(all_values(FloatRange{-0.2, 0.1, false, 0.1}), Texts{"-0.2", "-0.1", "0.0", "0.1"});
  CHECK_EQ(all_values(FloatRange{1, 2, false, 5}), Texts{"1.0"});
  CHECK_EQ(all_values(IntRange{1, 10, false, 4}), Texts{"1", "5", "9"});
  CHECK_EQ(all_values(IntRange{-3, -3, false, 1}), Texts{"-3"});
  CHECK_EQ(all_values(IntRange{INT64_MAX - 1, INT64_MAX, false, 1}),
           Texts{"9223372036854775806", "9223372036854775807"});
}

TEST_CASE("domains: the ends of a grid are drawn as often as its middle") {
  for (const auto& [text, share] : shares(IntRange{1, 5, false, 1})) {
    CHECK_EQ(share, doctest::Approx(20).epsilon(1e-3));
  }
  for (const auto& [text, share] : shares(FloatRange{0, 1, false, 0.3})) {
    CHECK_EQ(share, doctest::Approx(25).epsilon(1e-3));
  }
}

TEST_CASE(
    "domains: a logarithmic int has the share of its half-step neighbourhood in the logarithm") {
  const std::map<std::string, double> got = shares(IntRange{1, 100, true, 1});
  CHECK_EQ(got.size(), 100);
  const double width = std::log(100.5) - std::log(0.5);
  for (const int k : {1, 2, 10, 50}) {
    const double expected = 100 * (std::log(k + 0.5) - std::log(k - 0.5)) / width;
    CHECK_EQ(got.at(std::to_string(k)), doctest::Approx(expected).epsilon(5e-3));
  }
  CHECK_EQ(number(from_unit(IntRange{1, 100, true, 1}, kLastUnit)), 100);
}

TEST_CASE("domains: choices are by value and weighted when they say so") {
  const Choice plain = {{std::string("a"), std::int64_t{3}, 0.5, true}, {}};
  CHECK_EQ(all_values(plain), std::vector<std::string>{"a", "3", "0.5", "true"});
  CHECK_EQ(shares(plain).at("0.5"), doctest::Approx(25).epsilon(1e-3));
  const std::map<std::string, double> weighted = shares(Choice{plain.values, {1, 2, 1, 4}});
  CHECK_EQ(weighted.at("a"), doctest::Approx(12.5).epsilon(1e-3));
  CHECK_EQ(weighted.at("3"), doctest::Approx(25).epsilon(1e-3));
  CHECK_EQ(weighted.at("true"), doctest::Approx(50).epsilon(1e-3));
}

TEST_CASE("domains: normals have their quantiles, and round to multiples of the step") {
  CHECK_EQ(number(from_unit(Normal{5, 2, false, {}}, 0.5)), 5);
  CHECK_EQ(number(from_unit(Normal{5, 2, false, {}}, 0.975)), doctest::Approx(5 + 2 * 1.959963985));
  CHECK_EQ(number(from_unit(Normal{0, 1, true, {}}, 0.975)),
           doctest::Approx(std::exp(1.959963985)));
  CHECK(std::isfinite(number(from_unit(Normal{0, 1, false, {}}, 0))));
  CHECK_EQ(to_text(from_unit(Normal{0, 1, false, 0.1}, 0.6)), "0.3");
  CHECK_EQ(to_text(from_unit(Normal{0, 1, false, 0.5}, 0.49)), "0.0");
  CHECK_EQ(cardinality(Normal{0, 1, false, 0.5}), std::nullopt);
}

TEST_CASE("hyperdrive: quniform leaks below and above its bounds with the golden shares") {
  const std::map<std::string, double> low = shares(Hyperdrive{Kind::kQuniform, 1, 10, 4});
  REQUIRE_EQ(low.size(), 3);
  CHECK_EQ(low.at("0"), doctest::Approx(11.1).epsilon(5e-3));
  CHECK_EQ(low.at("4"), doctest::Approx(44.5).epsilon(5e-3));
  CHECK_EQ(low.at("8"), doctest::Approx(44.4).epsilon(5e-3));
  const std::map<std::string, double> high = shares(Hyperdrive{Kind::kQuniform, 2, 11, 4});
  CHECK_EQ(high.at("12"), doctest::Approx(11.1).epsilon(5e-3));
  CHECK_EQ(all_values(Hyperdrive{Kind::kQuniform, 1, 10, 4}),
           std::vector<std::string>{"0", "4", "8"});
}

TEST_CASE("hyperdrive: loguniform takes natural logarithms as bounds") {
  const Domain domain = Hyperdrive{Kind::kLoguniform, -6, -1, 1};
  CHECK_EQ(number(from_unit(domain, 0)), doctest::Approx(0.0024787522));
  CHECK_EQ(number(from_unit(domain, kLastUnit)), doctest::Approx(0.3678794412));
  CHECK_EQ(number(from_unit(domain, 0.5)), doctest::Approx(std::exp(-3.5)));
}

TEST_CASE("hyperdrive: randint excludes its upper bound, and rounding is half to even") {
  CHECK_EQ(shares(Hyperdrive{Kind::kRandint, 4, 0, 1}).size(), 4);
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kRandint, 4, 0, 1}, kLastUnit)), "3");
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kQuniform, 0, 1, 1}, 0.5)), "0");
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kQuniform, 1, 2, 1}, 0.5)), "2");
}

TEST_CASE("hyperdrive: the normal expressions, plain, of exp and rounded") {
  CHECK_EQ(number(from_unit(Hyperdrive{Kind::kUniform, 2, 4, 1}, 0.25)), 2.5);
  CHECK_EQ(number(from_unit(Hyperdrive{Kind::kNormal, 7, 2, 1}, 0.5)), 7);
  CHECK_EQ(number(from_unit(Hyperdrive{Kind::kLognormal, 0, 2, 1}, 0.5)), 1);
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kQnormal, 7, 2, 5}, 0.5)), "5");
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kQlognormal, 0, 1, 5}, 0.5)), "0");
  CHECK_EQ(to_text(from_unit(Hyperdrive{Kind::kQloguniform, 0, 3, 2}, kLastUnit)), "20");
}

// How far from_unit(to_unit(value)) may be from a float value: the resolution of 53 bits of u.
double slack(const Domain& domain, double value) {
  if (const auto* range = std::get_if<FloatRange>(&domain)) {
    const double widest = std::max(std::fabs(range->low), std::fabs(range->high));
    return range->log ? value * (2 + std::log(range->high / range->low)) * 0x1p-52 +
                            value * 0x1p-52 * std::fabs(std::log(range->low))
                      : widest * 2 * 0x1p-52;
  }
  return std::fabs(value) * 1e-9 + 1e-9;
}

bool exact(const Domain& domain, const Value& value) {
  const auto* range = std::get_if<FloatRange>(&domain);
  const auto* normal = std::get_if<Normal>(&domain);
  return !std::holds_alternative<double>(value) || std::holds_alternative<Choice>(domain) ||
         (range != nullptr && range->step) || (normal != nullptr && normal->step);
}

TEST_CASE("domains: values of fuzzed domains are inside them and find their way back") {
  Rng rng({11, Stream::kRandomSampler, 1, 0});
  int valid = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Domain domain = fuzz_domain(rng);
    if (!validate(domain).ok()) {
      continue;
    }
    ++valid;
    // The far tail of a normal above its mean has no bits of u left.
    const bool tailed =
        std::holds_alternative<Normal>(domain) || std::holds_alternative<Hyperdrive>(domain);
    for (const double u : {0.0, rng.uniform(), rng.uniform(), tailed ? 0.9 : kLastUnit}) {
      const Value value = from_unit(domain, u);
      const Result<double> unit = to_unit(domain, value);
      REQUIRE_MESSAGE(unit.ok(), to_text(value), " of alternative ", domain.index());
      REQUIRE(*unit >= 0);
      REQUIRE(*unit < 1);
      const Value back = from_unit(domain, *unit);
      if (exact(domain, value)) {
        REQUIRE_EQ(to_text(back), to_text(value));
      } else if (u > 0 || !tailed) {
        REQUIRE(std::fabs(number(back) - number(value)) <= slack(domain, number(value)));
      }
      REQUIRE(canonical(domain, value) == value);
      if (const auto* range = std::get_if<FloatRange>(&domain)) {
        REQUIRE(number(value) >= range->low);
        REQUIRE(number(value) <= range->high);
      }
    }
  }
  CHECK(valid > 18'000);
}

TEST_CASE("domains: every value of a finite domain is hit by its own position") {
  Rng rng({12, Stream::kRandomSampler, 1, 0});
  for (int i = 0; i < 500; ++i) {
    const Domain domain = fuzz_domain(rng);
    const std::optional<std::uint64_t> count =
        validate(domain).ok() ? cardinality(domain) : std::nullopt;
    for (std::uint64_t k = 0; count && k < std::min<std::uint64_t>(*count, 50); ++k) {
      const Value value = nth_value(domain, k);
      REQUIRE_EQ(to_text(from_unit(domain, *to_unit(domain, value))), to_text(value));
    }
  }
}

TEST_CASE("domains: huge ranges still map back exactly at their ends") {
  for (const Domain& domain :
       std::vector<Domain>{IntRange{0, (std::int64_t{1} << 50) - 2, false, 1},
                           IntRange{1, std::int64_t{1} << 43, true, 1},
                           IntRange{INT64_MIN, INT64_MAX, false, 1 << 15}}) {
    REQUIRE_EQ(fault(domain), "");
    const std::uint64_t count = *cardinality(domain);
    for (const std::uint64_t k : {std::uint64_t{0}, count / 3, count - 2, count - 1}) {
      const Value value = nth_value(domain, k);
      CHECK_EQ(to_text(from_unit(domain, *to_unit(domain, value))), to_text(value));
    }
  }
}

TEST_CASE("domains: what people write is taken for the point it means") {
  const Domain grid = FloatRange{0, 1, false, 0.1};
  CHECK_EQ(to_text(canonical(grid, Value(0.30000000000000004))), "0.3");
  CHECK_EQ(to_text(canonical(grid, Value(std::int64_t{1}))), "1.0");
  CHECK_EQ(to_text(canonical(Hyperdrive{Kind::kQuniform, 0, 9, 3}, Value(3.0))), "3");
  CHECK_EQ(to_text(canonical(Choice{{std::int64_t{1}}, {}}, Value(std::int64_t{1}))), "1");
}

TEST_CASE("domains: values outside are refused, with the reason") {
  const auto why = [](const Domain& domain, const Value& value) {
    const Result<double> unit = to_unit(domain, value);
    return unit.ok() ? "" : unit.error().message;
  };
  CHECK_EQ(why(FloatRange{0, 1, false, {}}, 1.5), "1.5 is outside [0, 1]");
  CHECK_EQ(why(FloatRange{0, 1, false, {}}, std::nan("")), "nan is outside [0, 1]");
  CHECK_EQ(why(FloatRange{0, 1, false, {}}, std::string("x")), "x is not a number");
  CHECK_EQ(why(FloatRange{0, 1, false, 0.3}, 0.5), "0.5 is not 0 plus a multiple of 0.3");
  CHECK_EQ(why(FloatRange{0, 1, false, 0.3}, 1.0), "1.0 is not 0 plus a multiple of 0.3");
  CHECK_EQ(why(IntRange{1, 9, false, 2}, std::int64_t{2}), "2 is not 1 plus a multiple of 2");
  CHECK_EQ(why(IntRange{1, 9, false, 2}, std::int64_t{11}), "11 is outside [1, 9]");
  CHECK_EQ(why(IntRange{1, 9, false, 2}, 3.0), "3.0 is not an integer");
  CHECK_EQ(why(Choice{{std::int64_t{1}}, {}}, 1.0), "1.0 is not one of the choices");
  CHECK_EQ(why(Normal{0, 1, true, {}}, -1.0), "-1.0 is not above 0");
  CHECK_EQ(why(Normal{0, 1, false, 0.5}, 0.7), "0.7 is not a multiple of 0.5");
  CHECK_EQ(why(Hyperdrive{Kind::kRandint, 4, 0, 1}, std::int64_t{4}),
           "4 is not an integer in [0, 4)");
  CHECK_EQ(why(Hyperdrive{Kind::kQuniform, 1, 10, 4}, 12.0), "12.0 is outside the bounds");
  CHECK_EQ(why(Hyperdrive{Kind::kLoguniform, -6, -1, 1}, 1.0), "1.0 is outside the bounds");
}

TEST_CASE("domains: faulty ones are refused, with the reason") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK_EQ(fault(FloatRange{2, 1, false, {}}), "the lower bound 2.0 is above the upper bound 1.0");
  CHECK_EQ(fault(FloatRange{0, inf, false, {}}),
           "the bounds 0 and inf are not finite, or too far apart");
  CHECK_EQ(fault(FloatRange{-5, -1, true, {}}),
           "a logarithmic range needs a lower bound above 0, not -5: bounds are the values "
           "themselves, not their exponents");
  CHECK_EQ(fault(FloatRange{0, 1, false, 0}), "the step 0 is not above 0");
  CHECK_NE(fault(FloatRange{0, 1, false, 1e-300}), "");
  CHECK_EQ(fault(FloatRange{1, 10, true, 4}),
           "a logarithmic range with step 4 needs a lower bound above 2, not 1");
  CHECK_EQ(fault(IntRange{2, 1, false, 1}), "the lower bound 2 is above the upper bound 1");
  CHECK_EQ(fault(IntRange{1, 2, false, 0}), "the step 0 is not above 0");
  CHECK_NE(fault(IntRange{INT64_MIN, INT64_MAX, false, 1}), "");
  CHECK_NE(fault(IntRange{0, 9, true, 1}), "");
  CHECK_NE(fault(Normal{0, -1, false, {}}), "");
  CHECK_NE(fault(Normal{700, 9, true, {}}), "");
  CHECK_NE(fault(Normal{0, 1, false, -1}), "");
  CHECK_EQ(fault(Choice{}), "there is nothing to choose from");
  CHECK_EQ(fault(Choice{{true, true}, {}}), "the choice true stands twice");
  CHECK_EQ(fault(Choice{{std::nan("")}, {}}), "nan cannot be a choice");
  CHECK_EQ(fault(Choice{{true, false}, {1}}), "1 weight for 2 values");
  CHECK_NE(fault(Choice{{true, false}, {1, 0}}), "");
  CHECK_NE(fault(Choice{{true, false}, {1, inf}}), "");
  CHECK_NE(fault(Choice{std::vector<Value>(10'001, Value(true)), {}}), "");
  CHECK_NE(fault(Hyperdrive{Kind::kRandint, 0.5, 0, 1}), "");
  CHECK_NE(fault(Hyperdrive{Kind::kQuniform, 0, 1, 0.1}), "");
  CHECK_NE(fault(Hyperdrive{Kind::kUniform, 2, 1, 1}), "");
  CHECK_NE(fault(Hyperdrive{Kind::kLoguniform, 1, 1000, 1}), "");
  CHECK_NE(fault(Hyperdrive{Kind::kQloguniform, 1, 60, 1}), "");
  CHECK_NE(fault(Hyperdrive{static_cast<Kind>(77), 1, 2, 1}), "");
}

}  // namespace
}  // namespace sweepd::sweeps
