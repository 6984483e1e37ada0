// Text of unknown encoding: what stays, what is replaced.
#include "base/utf8.h"

#include <doctest/doctest.h>

using sweepd::first_code_point;
using sweepd::is_utf8;
using sweepd::valid_utf8;

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

TEST_CASE("utf8: another replacement, and zero bytes are text") {
  CHECK(valid_utf8("\xE2\x82x", "?") == "??x");
  CHECK(valid_utf8(std::string_view("\0x", 2)) == std::string("\0x", 2));
}

TEST_CASE("utf8: the first code point, and how many bytes it takes") {
  CHECK(first_code_point("").bytes == 0);
  CHECK(first_code_point("az").value == U'a');
  CHECK(first_code_point("az").bytes == 1);
  CHECK(first_code_point("\xC3\xA9z").value == U'\u00E9');
  CHECK(first_code_point("\xE2\x82\xACz").value == U'\u20AC');
  CHECK(first_code_point("\xF4\x8F\xBF\xBF").value == U'\U0010FFFF');
  CHECK(first_code_point("\xF4\x8F\xBF\xBF").bytes == 4);
  CHECK(first_code_point("\xF5\x80\x80\x80").bytes == 0);
  CHECK(first_code_point("\xF0\x8F\xBF\xBF").bytes == 0);
  CHECK(first_code_point("\xBF").bytes == 0);
}

TEST_CASE("utf8: text is UTF-8 to its last byte or not at all") {
  CHECK(is_utf8(""));
  CHECK(is_utf8("h\xC3\xA9llo"));
  CHECK_FALSE(is_utf8("a\xFF"));
  CHECK_FALSE(is_utf8("abc\xE2\x82"));
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));
}
