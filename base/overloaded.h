// A visitor of a variant, made of one lambda for each alternative: a new one breaks the build.
#pragma once

namespace sweepd {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace sweepd
