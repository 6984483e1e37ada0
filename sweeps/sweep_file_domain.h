// One entry of [space] -> the domain of a parameter.
#pragma once

#include "sweeps/diagnostics.h"
#include "sweeps/search_space.h"
#include "sweeps/toml_tree.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::sweeps {

// A list is a choice, a scalar a constant, a table names a distribution. Empty after a fault.
// hyperdrive: the table's distributions are HyperDrive's expressions
std::optional<Domain> read_domain(const TomlEntry& parameter, bool hyperdrive, Faults& faults);

// A plain list of values.
std::optional<Domain> read_list(const TomlEntry& parameter, Faults& faults);

// `choice = […]` with its weights; `name` is the parameter's.
std::optional<Domain> read_choice(const TomlTable& table,
                                  const TomlEntry& entry,
                                  std::string_view name,
                                  Faults& faults);

// One of HyperDrive's ten expressions with its arguments, with warnings about its two traps.
// Empty after a fault.
std::optional<Domain> read_hyperdrive(const TomlEntry& distribution, Faults& faults);

// The arguments of a distribution as finite numbers, exactly `count`; says so when they are not.
std::optional<std::vector<double>> read_arguments(const TomlEntry& distribution,
                                                  std::size_t count,
                                                  Faults& faults);

// The names of the distributions, native or HyperDrive's.
const std::vector<std::string>& distribution_names(bool hyperdrive);

}  // namespace sweepd::sweeps
