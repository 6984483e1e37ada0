// The parts of the codec that its files share: enumerators, values, the search space.
#pragma once

#include "base/result.h"
#include "sweeps/sweep_spec.h"
#include "wire/spec.pb.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sweepd::wire {

// Enumerators are equal on both sides and have no gaps from 1 to the last one.
template <typename To, typename From>
To same(From value) {
  return static_cast<To>(static_cast<std::underlying_type_t<From>>(value));
}

// What an enumerator of the wire may be: known here, and said at all.
template <typename To>
struct Known {
  int number;
  To last;
  std::string_view what;
};

template <typename To>
Result<To> enumerator(const Known<To>& known) {
  if (known.number < 1 || known.number > static_cast<int>(known.last)) {
    return Error{Errc::kInvalidArgument, fmt::format("unknown {} {}", known.what, known.number)};
  }
  return static_cast<To>(known.number);
}

pb::Value value_to_proto(const sweeps::Value& value);
Result<sweeps::Value> value_from_proto(const pb::Value& proto);

void put(const sweeps::SearchSpace& space, pb::SearchSpace& proto);
Result<sweeps::SearchSpace> take(const pb::SearchSpace& proto);

std::vector<std::string> take_texts(const google::protobuf::RepeatedPtrField<std::string>& from);

}  // namespace sweepd::wire
