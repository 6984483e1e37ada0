// Filtering, ordering and the four forms: table, ids, CSV, JSON.
#include "cli/output.h"

#include "base/nearest.h"
#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <utility>

namespace sweepd::cli {

namespace {

bool contains(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

void add_once(std::vector<std::string>& list, const std::string& word) {
  if (!contains(list, word)) {
    list.push_back(word);
  }
}

// Members that hold one value per user-given name.
constexpr std::array<const char*, 2> kGroups = {"params", "metrics"};

std::vector<std::string> names_in(const Json& record, const char* group) {
  std::vector<std::string> names;
  const auto member = record.find(group);
  if (member != record.end() && member->is_object()) {
    for (const auto& item : member->items()) {
      names.push_back(item.key());
    }
  }
  return names;
}

struct Fields {
  std::vector<std::string> names;  // every name that a field option may use for the listing
  bool open = false;               // there may be others, which no row told
};

Fields fields_of(const Listing& listing) {
  Fields known{listing.fields, false};
  for (const auto& [alias, field] : listing.aliases) {
    add_once(known.names, alias);
  }
  for (const char* group : kGroups) {
    known.open = known.open || (listing.rows.empty() && contains(listing.fields, group));
  }
  for (const Row& row : listing.rows) {
    for (const auto& member : row.record.items()) {
      add_once(known.names, member.key());
    }
    for (const char* group : kGroups) {
      for (const std::string& name : names_in(row.record, group)) {
        add_once(known.names, name);
        add_once(known.names, fmt::format("{}.{}", group, name));
      }
    }
  }
  return known;
}

Error unknown_field(const std::string& field, const std::vector<std::string>& known) {
  const std::optional<std::string> near = nearest(field, known);
  return {Errc::kInvalidArgument,
          fmt::format("no field '{}'; {}there are {}",
                      field,
                      near ? fmt::format("did you mean '{}'? ", *near) : std::string(),
                      fmt::join(known, ", "))};
}

// The field under its own name; an error when no record can have it.
Result<std::string> resolve(const std::string& field, const Listing& listing, const Fields& known) {
  const auto alias = listing.aliases.find(field);
  if (alias != listing.aliases.end()) {
    return alias->second;
  }
  return known.open || contains(known.names, field) ? Result<std::string>(field)
                                                    : unknown_field(field, known.names);
}

// What the options ask for, with every field under its own name.
struct Wanted {
  std::vector<std::string> fields;
  std::vector<Condition> conditions;
  std::optional<Order> order;
};

Result<Wanted> read_options(const Listing& listing, const ReadOptions& options) {
  const Fields known = fields_of(listing);
  Wanted wanted;
  SWEEPD_TRY(wanted.fields, known_fields(listing, options.fields));
  SWEEPD_TRY(wanted.conditions, parse_conditions(options));
  for (Condition& condition : wanted.conditions) {
    SWEEPD_TRY(condition.field, resolve(condition.field, listing, known));
  }
  if (!options.sort.empty()) {
    wanted.order = parse_order(options.sort);
    SWEEPD_TRY(wanted.order->field, resolve(wanted.order->field, listing, known));
  }
  return wanted;
}

void choose(std::vector<Row>& rows, const Wanted& wanted) {
  std::erase_if(rows,
                [&wanted](const Row& row) { return !meets_all(row.record, wanted.conditions); });
}

// Equal rows keep their places. (clang 19 refuses the standard library's stable_sort as
// deprecated.)
void sort(std::vector<Row>& rows, const Order& order) {
  std::vector<std::pair<Json, std::size_t>> keys;
  for (const Row& row : rows) {
    keys.emplace_back(field_of(row.record, order.field), keys.size());
  }
  std::sort(keys.begin(), keys.end(), [&order](const auto& a, const auto& b) {
    const bool first = before(a.first, b.first, order.descending);
    return first || (!before(b.first, a.first, order.descending) && a.second < b.second);
  });
  std::vector<Row> sorted;
  for (const auto& [key, index] : keys) {
    sorted.push_back(std::move(rows[index]));
  }
  rows = std::move(sorted);
}

void print_json(const Listing& listing, const std::vector<std::string>& fields, std::ostream& out) {
  const char* separator = "[";
  for (const Row& row : listing.rows) {
    out << separator << dump(selected(row.record, fields));
    separator = ",\n ";
  }
  out << (listing.rows.empty() ? "[]\n" : "]\n");
}

// Fields as columns, params and metrics one column a name, other objects and lists as JSON text.
std::vector<std::string> csv_columns(const Listing& listing) {
  std::vector<std::string> columns;
  for (const std::string& field : listing.fields) {
    if (std::find(kGroups.begin(), kGroups.end(), field) == kGroups.end()) {
      add_once(columns, field);
    }
  }
  for (const Row& row : listing.rows) {
    for (const char* group : kGroups) {
      for (const std::string& name : names_in(row.record, group)) {
        add_once(columns, fmt::format("{}.{}", group, name));
      }
    }
  }
  return columns;
}

// CSV has a way to write NaN, unlike JSON.
std::string csv_cell(const Json& record, const std::string& field) {
  const std::size_t dot = field.find('.');
  const std::string name = field.starts_with("metrics.") ? field.substr(dot + 1) : field;
  if (record.contains("nonfinite") && record["nonfinite"].contains(name)) {
    return record["nonfinite"][name].get<std::string>();
  }
  return bare_text(field_of(record, field));
}

void print_csv(const Listing& listing, const ReadOptions& options, std::ostream& out) {
  const std::vector<std::string> columns = csv_columns(listing);
  if (!options.no_header) {
    out << csv_line(columns);
  }
  for (const Row& row : listing.rows) {
    std::vector<std::string> cells;
    for (const std::string& column : columns) {
      cells.push_back(csv_cell(row.record, column));
    }
    out << csv_line(cells);
  }
}

void print_table(const Listing& listing, const ReadOptions& options, Console& console) {
  Table table{listing.headings, {}};
  for (const Row& row : listing.rows) {
    table.rows.push_back(row.cells);
  }
  console.out << render_table(table, !options.no_header, console.out_terminal);
}

// Why a table has no rows: there were none, or all `listed` of them were left out.
std::string nothing_text(const Listing& listing, std::size_t listed) {
  if (listed > 0) {
    return fmt::format("none of {} meets --where", counted(listed, "row"));
  }
  return listing.nothing.empty() ? "nothing to list" : listing.nothing;
}

}  // namespace

Json field_of(const Json& record, const std::string& field) {
  const auto direct = record.find(field);
  if (direct != record.end()) {
    return *direct;
  }
  for (const char* group : kGroups) {
    const auto member = record.find(group);
    if (member == record.end() || !member->is_object()) {
      continue;
    }
    const std::string prefix = std::string(group) + ".";
    const auto value =
        member->find(field.starts_with(prefix) ? field.substr(prefix.size()) : field);
    if (value != member->end()) {
      return *value;
    }
  }
  return nullptr;
}

Json selected(const Json& record, const std::vector<std::string>& fields) {
  if (fields.empty()) {
    return record;
  }
  Json chosen = Json::object();
  for (const std::string& field : fields) {
    chosen[field] = field_of(record, field);
  }
  return chosen;
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) {
    line += &field == &fields.front() ? "" : ",";
    if (field.find_first_of(",\"\r\n") == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char byte : field) {
      line += byte == '"' ? std::string("\"\"") : std::string(1, byte);
    }
    line += '"';
  }
  return line + "\n";
}

Result<std::vector<Condition>> parse_conditions(const ReadOptions& options) {
  std::vector<Condition> conditions;
  for (const std::string& text : options.where) {
    SWEEPD_TRY(Condition condition, parse_condition(text));
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

bool meets_all(const Json& record, const std::vector<Condition>& conditions) {
  return std::all_of(conditions.begin(), conditions.end(), [&record](const Condition& condition) {
    return meets(field_of(record, condition.field), condition);
  });
}

Result<std::vector<std::string>> known_fields(const Listing& listing,
                                              const std::vector<std::string>& fields) {
  const Fields known = fields_of(listing);
  std::vector<std::string> resolved;
  for (const std::string& field : fields) {
    SWEEPD_TRY(resolved.emplace_back(), resolve(field, listing, known));
  }
  return resolved;
}

Result<void> print(Listing listing, const ReadOptions& options, Console& console) {
  SWEEPD_TRY(const Wanted wanted, read_options(listing, options));
  const std::size_t listed = listing.rows.size();
  choose(listing.rows, wanted);
  if (wanted.order) {
    sort(listing.rows, *wanted.order);
  }
  if (options.limit && *options.limit > 0 && listing.rows.size() > *options.limit) {
    listing.rows.resize(*options.limit);
  }
  if (options.quiet) {
    for (const Row& row : listing.rows) {
      console.out << bare_text(field_of(row.record, listing.id)) << '\n';
    }
  } else if (options.json) {
    print_json(listing, wanted.fields, console.out);
  } else if (options.csv) {
    print_csv(listing, options, console.out);
  } else if (listing.rows.empty()) {
    console.err << nothing_text(listing, listed) << '\n';
  } else {
    print_table(listing, options, console);
  }
  return {};
}

Result<void> print_one(const Json& record,
                       const std::string& id,
                       const std::string& text,
                       const ReadOptions& options,
                       Console& console) {
  Listing listing;
  listing.id = id;
  for (const auto& member : record.items()) {
    listing.fields.push_back(member.key());
  }
  listing.rows.push_back({record, {}});
  if (options.quiet || options.csv) {
    return print(std::move(listing), options, console);
  }
  SWEEPD_TRY(const Wanted wanted, read_options(listing, options));
  const bool met = meets_all(record, wanted.conditions);
  if (options.json) {
    console.out << dump(met ? selected(record, wanted.fields) : Json(nullptr)) << '\n';
  } else {
    console.out << (met ? text : std::string());
  }
  return {};
}

}  // namespace sweepd::cli
