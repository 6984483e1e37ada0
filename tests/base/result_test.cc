// Tests of errors as values.
#include "base/result.h"

#include <doctest/doctest.h>

#include <memory>

namespace sweepd {
namespace {

Result<int> halved(int number) {
  if (number % 2 != 0) {
    return Error{Errc::kInvalidArgument, "odd"};
  }
  return number / 2;
}

Result<int> quartered(int number) {
  SWEEPD_TRY(const int half, halved(number));
  SWEEPD_TRY(const int quarter, halved(half));
  return quarter;
}

Result<void> must_be_even(int number) {
  SWEEPD_TRY_VOID(halved(number));
  return {};
}

TEST_CASE("result: holds the value or the error, never both") {
  const Result<int> good = halved(4);
  CHECK(good.ok());
  CHECK_EQ(*good, 2);
  const Result<int> bad = halved(3);
  CHECK_FALSE(bad.ok());
  CHECK_EQ(bad.error(), Error{Errc::kInvalidArgument, "odd"});
}

TEST_CASE("result: the try macro returns the first error as it is, and goes on with the value") {
  CHECK_EQ(*quartered(8), 2);
  CHECK_EQ(quartered(6).error().message, "odd");
  CHECK_EQ(quartered(7).error().message, "odd");
  CHECK(must_be_even(2).ok());
  CHECK_EQ(must_be_even(1).error().code, Errc::kInvalidArgument);
}

TEST_CASE("result: gives away what can only be moved") {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(5));
  const std::unique_ptr<int> taken = std::move(*result);
  CHECK_EQ(*taken, 5);
}

TEST_CASE("result: a value that is an error type of another kind is still a value") {
  const Result<std::string> text(std::string("odd"));
  CHECK(text.ok());
  CHECK_EQ(text->size(), 3);
}

TEST_CASE("errors: the numbers that travel do not change") {
  CHECK_EQ(static_cast<int>(Errc::kUnexpected), 1);
  CHECK_EQ(static_cast<int>(Errc::kInvalidArgument), 2);
  CHECK_EQ(static_cast<int>(Errc::kUnavailable), 3);
  CHECK_EQ(static_cast<int>(Errc::kPermissionDenied), 4);
  CHECK_EQ(static_cast<int>(Errc::kNotFound), 5);
  CHECK_EQ(static_cast<int>(Errc::kWrongState), 6);
  CHECK_EQ(static_cast<int>(Errc::kTimeout), 7);
  CHECK_EQ(static_cast<int>(Errc::kImpossible), 9);
  CHECK_EQ(static_cast<int>(Errc::kInterrupted), 130);
}

}  // namespace
}  // namespace sweepd
