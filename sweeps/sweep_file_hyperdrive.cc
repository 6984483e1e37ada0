// HyperDrive's ten expressions, with warnings where they do not mean what they look like.
#include "sweeps/sweep_file_domain.h"
#include "sweeps/sweep_file_fields.h"

#include <fmt/format.h>

#include <cmath>
#include <string>

namespace sweepd::sweeps {
namespace {

using Kind = Hyperdrive::Kind;

struct Expression {
  std::string_view name;
  Kind kind;
  std::size_t arguments;
};

// `choice` is read like the native one.
constexpr Expression kExpressions[] = {
    {"uniform", Kind::kUniform, 2},
    {"quniform", Kind::kQuniform, 3},
    {"loguniform", Kind::kLoguniform, 2},
    {"qloguniform", Kind::kQloguniform, 3},
    {"normal", Kind::kNormal, 2},
    {"qnormal", Kind::kQnormal, 3},
    {"lognormal", Kind::kLognormal, 2},
    {"qlognormal", Kind::kQlognormal, 3},
    {"randint", Kind::kRandint, 1},
};

bool is_log_range(Kind kind) {
  return kind == Kind::kLoguniform || kind == Kind::kQloguniform;
}

bool is_range(Kind kind) {
  return is_log_range(kind) || kind == Kind::kUniform || kind == Kind::kQuniform;
}

// Bounds of a log range are natural logarithms. Small positive ones look like the values
// themselves, and nobody wants e^20.
void warn_of_linear_bounds(const TomlEntry& entry, const Hyperdrive& h, Faults& faults) {
  const bool looks_linear = (h.a > 0 && h.b <= 1) || h.b > 20;
  if (!is_log_range(h.kind) || !looks_linear) {
    return;
  }
  const std::string help = h.a > 0 ? fmt::format("for values from {} to {} write [{:.6g}, {:.6g}]",
                                                 h.a,
                                                 h.b,
                                                 std::log(h.a),
                                                 std::log(h.b))
                                   : std::string("write the natural logarithms of the bounds");
  faults.warning(
      entry.value.place,
      fmt::format("`{}` bounds are natural logarithms: these give values from {:.6g} to {:.6g}",
                  entry.key,
                  std::exp(h.a),
                  std::exp(h.b)),
      help);
}

void warn_of_leak(const TomlEntry& entry, const Hyperdrive& h, Faults& faults) {
  if (h.kind != Kind::kQuniform && h.kind != Kind::kQloguniform) {
    return;
  }
  const double low = is_log_range(h.kind) ? std::exp(h.a) : h.a;
  const double high = is_log_range(h.kind) ? std::exp(h.b) : h.b;
  // A bound halfway between two multiples is itself a value of probability zero.
  const double first = std::floor(low / h.q + 0.5) * h.q;
  const double last = std::ceil(high / h.q - 0.5) * h.q;
  if (first >= low && last <= high) {
    return;
  }
  std::string values = first < low ? fmt::format("{}", first) : "";
  if (last > high && last != first) {
    values += fmt::format("{}{}", values.empty() ? "" : " and ", last);
  }
  faults.warning(
      entry.value.place,
      fmt::format("`{}` yields {}, outside of [{:.6g}, {:.6g}]", entry.key, values, low, high),
      "HyperDrive rounds to multiples of the step without regard to the bounds");
}

}  // namespace

std::optional<Domain> read_hyperdrive(const TomlEntry& distribution, Faults& faults) {
  const Expression* expression = nullptr;
  for (const Expression& each : kExpressions) {
    expression = each.name == distribution.key ? &each : expression;
  }
  SWEEPD_CHECK(expression != nullptr);
  Hyperdrive h;
  h.kind = expression->kind;
  const Place& place = distribution.value.place;
  if (h.kind == Kind::kRandint) {
    const auto* upper = std::get_if<std::int64_t>(&distribution.value.data);
    if (upper == nullptr || *upper < 1) {
      faults.error(
          place, "`randint` needs a whole number above 0", "randint = 4 yields 0, 1, 2 and 3");
      return std::nullopt;
    }
    h.a = static_cast<double>(*upper);
    return h;
  }
  const auto arguments = read_arguments(distribution, expression->arguments, faults);
  if (!arguments) {
    return std::nullopt;
  }
  h.a = (*arguments)[0];
  h.b = (*arguments)[1];
  h.q = expression->arguments == 3 ? (*arguments)[2] : 1;
  if (is_range(h.kind) && h.a > h.b) {
    faults.error(place, fmt::format("`{}` has its bounds in the wrong order", distribution.key));
    return std::nullopt;
  }
  if (h.q <= 0 || (!is_range(h.kind) && h.b <= 0)) {
    faults.error(place,
                 fmt::format("`{}` needs {} > 0, got {}",
                             distribution.key,
                             h.q <= 0 ? "a step" : "a standard deviation",
                             h.q <= 0 ? h.q : h.b));
    return std::nullopt;
  }
  warn_of_linear_bounds(distribution, h, faults);
  warn_of_leak(distribution, h, faults);
  return h;
}

}  // namespace sweepd::sweeps
