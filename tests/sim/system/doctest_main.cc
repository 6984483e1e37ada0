// The fixtures of the daemon's tests bring doctest along; here it only has to link.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
