#include "cli/output.h"

#include "cli/filter.h"

#include <doctest/doctest.h>

#include <sstream>

namespace sweepd::cli {

namespace {

Row row(const std::string& trial, const Json& value, double lr) {
  return {{{"trial", trial}, {"value", value}, {"state", "completed"}, {"params", {{"lr", lr}}}},
          {trial, dump(value)}};
}

Listing listing() {
  return {"trial",
          {"trial", "value", "state", "params"},
          {{"accuracy", "value"}},
          {{"TRIAL"}, {"accuracy", Align::kRight}},
          {row("12/1", 0.5, 0.1), row("12/2", nullptr, 0.2), row("12/3", 0.9, 0.003)}};
}

std::string printed(const ReadOptions& options, Error* error = nullptr) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err, Terminal{}, Terminal{}};
  const Result<void> done = print(listing(), options, console);
  if (error != nullptr) {
    REQUIRE(!done.ok());
    *error = done.error();
  } else {
    REQUIRE(done.ok());
  }
  return out.str();
}

}  // namespace

TEST_CASE("output: the four forms of one listing") {
  ReadOptions options;
  CHECK(printed(options) == "TRIAL  accuracy\n12/1        0.5\n12/2       null\n12/3        0.9\n");
  options.quiet = true;
  CHECK(printed(options) == "12/1\n12/2\n12/3\n");
  options = {};
  options.json = true;
  options.fields = {"trial", "accuracy", "lr"};
  CHECK(printed(options) ==
        "[{\"trial\":\"12/1\",\"value\":0.5,\"lr\":0.1},\n"
        " {\"trial\":\"12/2\",\"value\":null,\"lr\":0.2},\n"
        " {\"trial\":\"12/3\",\"value\":0.9,\"lr\":0.003}]\n");
  options = {};
  options.csv = true;
  CHECK(printed(options) ==
        "trial,value,state,params.lr\n12/1,0.5,completed,0.1\n12/2,,completed,0.2\n"
        "12/3,0.9,completed,0.003\n");
  options.no_header = true;
  options.limit = 1;
  CHECK(printed(options) == "12/1,0.5,completed,0.1\n");
}

TEST_CASE("output: conditions hold together, orders keep null last in both directions") {
  ReadOptions options;
  options.quiet = true;
  options.where = {"lr < 0.15", "accuracy > 0.6"};
  CHECK(printed(options) == "12/3\n");
  options.where = {};
  options.sort = "value:desc";
  CHECK(printed(options) == "12/3\n12/1\n12/2\n");
  options.sort = "value";
  CHECK(printed(options) == "12/1\n12/3\n12/2\n");
}

TEST_CASE("output: an unknown field is refused with the nearest known one") {
  ReadOptions options;
  Error error;
  options.where = {"acuracy > 0.6"};
  CHECK(printed(options, &error).empty());
  CHECK(error.code == Errc::kInvalidArgument);
  CHECK(error.message == "no field 'acuracy'; did you mean 'accuracy'?");
  options.where = {"state"};
  CHECK(printed(options, &error).empty());
  CHECK(error.message.find("'state' is not `field op value`") != std::string::npos);
}

TEST_CASE("output: CSV quotes what RFC 4180 wants quoted") {
  CHECK(csv_line({"a", "b,c", "d\"e", "f\ng", ""}) == "a,\"b,c\",\"d\"\"e\",\"f\ng\",\n");
}

TEST_CASE("filter: operators, longest first, with and without blanks") {
  CHECK(parse_condition("a<=5")->comparison == Comparison::kLessEqual);
  CHECK(parse_condition("a<=5")->value == "5");
  CHECK(parse_condition("learning-rate != 0.1")->field == "learning-rate");
  CHECK(parse_condition("name ~ mnist")->comparison == Comparison::kContains);
  CHECK(parse_condition("a==b")->value == "b");
  CHECK(!parse_condition("= 5").ok());
  CHECK(!parse_condition("a ! 5").ok());
}

TEST_CASE("filter: numbers compare as numbers, text as text, null meets nothing") {
  CHECK(meets(Json(9), *parse_condition("x < 10")));
  CHECK(meets(Json("abc"), *parse_condition("x ~ b")));
  CHECK(meets(Json("failed"), *parse_condition("x = failed")));
  CHECK_FALSE(meets(Json(nullptr), *parse_condition("x < 10")));
  CHECK(meets(Json(nullptr), *parse_condition("x != 10")));
  CHECK_FALSE(meets(Json(0.5), *parse_condition("x < nan")));
  CHECK(meets(Json(0.5), *parse_condition("x != nan")));
}

}  // namespace sweepd::cli
