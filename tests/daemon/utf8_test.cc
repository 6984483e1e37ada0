// Text of unknown encoding: what stays, what is replaced.
#include "daemon/utf8.h"

#include <doctest/doctest.h>

using sweepd::daemon::valid_utf8;

TEST_CASE("utf8: valid text stays as it is") {
  for (const char* text : {"", "loss", "é", "→", "\xF0\x9F\x98\x80", "\x7F\n\t"}) {
    CHECK(valid_utf8(text) == text);
  }
}

TEST_CASE("utf8: every byte that is no part of a sequence becomes one replacement") {
  CHECK(valid_utf8("a\xFFz") == "a\xEF\xBF\xBDz");
  CHECK(valid_utf8("\x80\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(valid_utf8("\xC3") == "\xEF\xBF\xBD");
  CHECK(valid_utf8("\xE2\x86") == "\xEF\xBF\xBD\xEF\xBF\xBD");
  CHECK(valid_utf8("\xC3(") == "\xEF\xBF\xBD(");
}

TEST_CASE("utf8: overlong spellings, surrogates and points past the last are replaced") {
  const std::string one = "\xEF\xBF\xBD";
  CHECK(valid_utf8("\xC0\xAF") == one + one);
  CHECK(valid_utf8("\xED\xA0\x80") == one + one + one);
  CHECK(valid_utf8("\xF4\x90\x80\x80") == one + one + one + one);
}
