// What people who come from Ray Tune, Optuna, W&B sweeps or HyperDrive write, and our word for it.
#pragma once

#include <optional>
#include <string_view>

namespace sweepd::sweeps {

struct OurKey {
  std::string_view table;
  std::string_view key;
  std::string_view note;  // what is different about it; may be empty
};

// Their key as it stands in this table, "" for none. Words that mean much are known in one table
// only.
std::optional<OurKey> our_key(std::string_view theirs, std::string_view table);

// The name of our table for theirs.
std::optional<std::string_view> our_table(std::string_view theirs);

// Our value of a key like `policy` for theirs, whatever its case: "median" for
// "MedianStoppingPolicy".
std::optional<std::string_view> our_value(std::string_view key, std::string_view theirs);

// How their distribution, or a part of one, is written in [space].
std::optional<std::string_view> our_distribution(std::string_view theirs);

// Whether the word is a function of another program that draws values, as in "tune.uniform(0, 1)".
bool is_foreign_function(std::string_view theirs);

// Whether the word says something about a distribution that it does not name: `min`, `type` …
bool is_part_of_distribution(std::string_view theirs);

}  // namespace sweepd::sweeps
