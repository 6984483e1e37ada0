// The environment variable that a hyperparameter is given to a program in.
#include "base/param_variable.h"

#include <algorithm>

namespace sweepd {

std::string param_variable_part(std::string_view name) {
  std::string part(name);
  const auto refused = [](char byte) {
    return !((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
             (byte >= '0' && byte <= '9'));
  };
  std::replace_if(part.begin(), part.end(), refused, '_');
  return part;
}

}  // namespace sweepd
