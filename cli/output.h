// The contract of every command that reads: the same options choose, order and print what was
// found.
#pragma once

#include "base/result.h"
#include "cli/filter.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::cli {

struct ReadOptions {
  bool json = false;
  std::vector<std::string> fields;  // of --json=a,b; empty: all
  bool csv = false;
  bool quiet = false;  // ids only
  bool no_header = false;
  std::string sort;  // "field", "-field" or "field:desc"; empty: the order of the answer
  std::vector<std::string> where;  // "field op value", all must hold
  std::optional<std::size_t> limit;
};

// One thing that was found: for programs and for people.
struct Row {
  Json record;                     // an object
  std::vector<std::string> cells;  // one per heading
};

struct Listing {
  std::string id;  // the field that --quiet prints
  std::vector<std::string>
      fields;  // that a record can have, for messages and for --csv of an empty list
  std::map<std::string, std::string> aliases;  // other names of fields: the metric for `value`
  std::vector<Heading> headings;
  std::vector<Row> rows;
  std::string nothing = {};  // is said to people when there is no row; empty: that there is none
};

// The fields of --json for a stream, under their own names. Refused like those of `print`, before
// there is a row.
Result<std::vector<std::string>> known_fields(const Listing& listing,
                                              const std::vector<std::string>& fields);

// Filters, sorts, limits and prints; of a table without rows that is said on stderr. Parameters and
// metrics have names that only the rows tell; a listing that may have them and is empty takes any
// field.
Result<void> print(Listing listing, const ReadOptions& options, Console& console);

// One thing with its description for people. When it does not meet the conditions, nothing is
// printed, or null as JSON.
Result<void> print_one(const Json& record,
                       const std::string& id,
                       const std::string& text,
                       const ReadOptions& options,
                       Console& console);

// The conditions of --where, for streams; their fields are not checked.
Result<std::vector<Condition>> parse_conditions(const ReadOptions& options);
bool meets_all(const Json& record, const std::vector<Condition>& conditions);

// The member that a field names: directly, as `params.lr` or
// `metrics.loss`, or as the bare name of a parameter or metric. Null when absent.
Json field_of(const Json& record, const std::string& field);

// The record with the chosen fields only, in the order they were asked for.
Json selected(const Json& record, const std::vector<std::string>& fields);

// Fields of a CSV line, quoted where RFC 4180 says so, with a newline.
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace sweepd::cli
