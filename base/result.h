// Operating errors as values: Result<T> holds a T or an Error and must be looked at.
#pragma once

#include "base/check.h"

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace sweepd {

// What went wrong, in the classes that callers treat differently. Append-only: the values travel on
// the wire and become exit codes of the command line.
enum class Errc : int {
  kUnexpected = 1,        // a defect or an environment nobody planned for
  kInvalidArgument = 2,   // the request or the file is wrong
  kUnavailable = 3,       // the other side cannot be reached, or cannot take work now (full disk)
  kPermissionDenied = 4,  // not allowed
  kNotFound = 5,          // no such object
  kWrongState = 6,        // the object exists and its state does not allow the request
  kTimeout = 7,           // the time given was not enough
  kImpossible = 9,        // can never run here
  kCorrupt = 10,          // bytes that fail their checks
  kInterrupted = 130,     // a signal asked us to go
};

// A failure in words for people: lower case, names the refused value and the place, no full stop.
struct Error {
  Errc code = Errc::kUnexpected;
  std::string message;

  bool operator==(const Error&) const = default;
};

// A T or the Error that prevented it. [[nodiscard]]: ignoring one is a compile error.
template <typename T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{…};` both read well.
  Result(T value) : content_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  Result(Error error) : content_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return content_.index() == 0; }

  explicit operator bool() const { return ok(); }

  const T& operator*() const& {
    SWEEPD_CHECK(ok());
    return *std::get_if<0>(&content_);
  }

  T& operator*() & {
    SWEEPD_CHECK(ok());
    return *std::get_if<0>(&content_);
  }

  T&& operator*() && {
    SWEEPD_CHECK(ok());
    return std::move(*std::get_if<0>(&content_));
  }

  const T* operator->() const { return &**this; }

  T* operator->() { return &**this; }

  const Error& error() const {
    SWEEPD_CHECK(!ok());
    return *std::get_if<1>(&content_);
  }

 private:
  std::variant<T, Error> content_;
};

// Success or the Error that prevented it.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;

  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }

  explicit operator bool() const { return ok(); }

  const Error& error() const {
    SWEEPD_CHECK(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace sweepd

#define SWEEPD_CONCAT_INNER(a, b) a##b
#define SWEEPD_CONCAT(a, b) SWEEPD_CONCAT_INNER(a, b)

// SWEEPD_TRY(const SweepSpec spec, parse_sweep(text)); declares `spec`, or returns the error.
#define SWEEPD_TRY(declaration, ...)                         \
  auto SWEEPD_CONCAT(sweepd_try_, __LINE__) = (__VA_ARGS__); \
  if (!SWEEPD_CONCAT(sweepd_try_, __LINE__).ok()) {          \
    return SWEEPD_CONCAT(sweepd_try_, __LINE__).error();     \
  }                                                          \
  declaration = std::move(*SWEEPD_CONCAT(sweepd_try_, __LINE__))

// SWEEPD_TRY_VOID(journal.commit(batch)); returns the error, if there is one.
#define SWEEPD_TRY_VOID(...)                                           \
  do {                                                                 \
    if (auto sweepd_try_void = (__VA_ARGS__); !sweepd_try_void.ok()) { \
      return sweepd_try_void.error();                                  \
    }                                                                  \
  } while (false)
