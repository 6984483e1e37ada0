// The call of the C library behind a wrapped one.
#pragma once

#include <dlfcn.h>

// The next `name` after ours in the order of the libraries. Looked up once at each place.
#define SWEEPD_REAL(name)                                                                    \
  ([] {                                                                                      \
    static const auto real = reinterpret_cast<decltype(&::name)>(::dlsym(RTLD_NEXT, #name)); \
    return real;                                                                             \
  }())
