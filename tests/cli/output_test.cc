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
  CHECK(error.message ==
        "no field 'acuracy'; did you mean 'accuracy'? there are trial, value, state, params, "
        "accuracy, lr, params.lr");
  options.where = {"value > 100", "bogus = 1"};  // the first leaves no row to learn names from
  CHECK(printed(options, &error).empty());
  CHECK(error.message.starts_with("no field 'bogus'; there are trial, value, "));
  options.where = {"state"};
  CHECK(printed(options, &error).empty());
  CHECK(error.message.find("'state' is not `field op value`") != std::string::npos);
}

TEST_CASE("output: a closed list of fields is known without a row, an open one is not") {
  Listing closed{"sweep", {"sweep", "state"}, {{"id", "sweep"}}, {}, {}};
  const auto shown = [&closed](const std::string& condition) {
    std::istringstream in;
    std::ostringstream out;
    Console console{in, out, out, Terminal{}, Terminal{}};
    ReadOptions options;
    options.where = {condition};
    const Result<void> done = print(closed, options, console);
    return done.ok() ? out.str() : done.error().message;
  };
  CHECK(shown("id > 3") == "nothing to list\n");
  CHECK(shown("stat = failed") ==
        "no field 'stat'; did you mean 'state'? there are sweep, state, id");
  closed.fields.emplace_back("params");
  closed.nothing = "no sweeps yet";
  CHECK(shown("stat = failed") == "no sweeps yet\n");
}

TEST_CASE("output: a table without rows is a sentence on stderr, other forms stay as they are") {
  struct Case {
    ReadOptions options;
    std::string out;
    std::string err;
  };

  ReadOptions table;
  table.where = {"state = lost"};
  ReadOptions json = table;
  json.json = true;
  ReadOptions csv = table;
  csv.csv = true;
  ReadOptions quiet = table;
  quiet.quiet = true;
  for (const Case& each : {Case{table, "", "none of 2 rows meets --where\n"},
                           Case{json, "[]\n", ""},
                           Case{csv, "sweep,state\n", ""},
                           Case{quiet, "", ""}}) {
    Listing listing{"sweep", {"sweep", "state"}, {}, {{"SWEEP"}}, {}};
    listing.rows.push_back({{{"sweep", 1}, {"state", "failed"}}, {"1"}});
    listing.rows.push_back({{{"sweep", 2}, {"state", "failed"}}, {"2"}});
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    Console console{in, out, err, Terminal{}, Terminal{}};
    REQUIRE(print(std::move(listing), each.options, console).ok());
    CHECK(out.str() == each.out);
    CHECK(err.str() == each.err);
  }
}

TEST_CASE("output: one thing meets the conditions, or nothing is printed") {
  const auto shown = [](const ReadOptions& options) {
    std::istringstream in;
    std::ostringstream out;
    Console console{in, out, out, Terminal{}, Terminal{}};
    const Result<void> done = print_one({{"sweep", 12}}, "sweep", "sweep 12\n", options, console);
    return done.ok() ? out.str() : done.error().message;
  };
  ReadOptions options;
  options.where = {"sweep = 12"};
  CHECK(shown(options) == "sweep 12\n");
  options.where = {"sweep != 12"};
  CHECK(shown(options).empty());
  options.json = true;
  CHECK(shown(options) == "null\n");
  options.where = {"swep = 12"};
  CHECK(shown(options) == "no field 'swep'; did you mean 'sweep'? there are sweep");
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
  for (const char* text : {"a ! 5", "a => 5", "a <> 5", "a =~ 5", "a === 5"}) {
    CAPTURE(text);
    const auto condition = parse_condition(text);
    REQUIRE_FALSE(condition.ok());
    CHECK(condition.error().code == Errc::kInvalidArgument);
    CHECK(condition.error().message.find("there are = != < <= > >= and ~") != std::string::npos);
  }
  CHECK(parse_condition("a = ~b")->value == "~b");
}

TEST_CASE("filter: numbers compare as numbers, text as text, null meets nothing") {
  CHECK(meets(Json(9), *parse_condition("x < 10")));
  CHECK(meets(Json(9), *parse_condition("x = 9.0")));
  CHECK(meets(Json("10"), *parse_condition("x < 9")));
  CHECK(meets(Json("abc"), *parse_condition("x ~ b")));
  CHECK(meets(Json("failed"), *parse_condition("x = failed")));
  CHECK_FALSE(meets(Json(nullptr), *parse_condition("x < 10")));
  CHECK(meets(Json(nullptr), *parse_condition("x != 10")));
  CHECK_FALSE(meets(Json(0.5), *parse_condition("x < nan")));
  CHECK(meets(Json(0.5), *parse_condition("x != nan")));
}

}  // namespace sweepd::cli
