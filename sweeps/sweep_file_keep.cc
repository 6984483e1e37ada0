// `keep` of [run]: a number of trials, "best" or "all".
#include "base/limits.h"
#include "sweeps/sweep_file_fields.h"
#include "sweeps/sweep_file_parts.h"

#include <optional>
#include <string>

namespace sweepd::sweeps {
namespace {

enum class KeepWord { kAll, kBest };

// "3" in quotes is a number to people.
bool is_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

std::optional<std::uint32_t> keep_of(const Fields& fields, const TomlEntry& entry) {
  if (const auto* text = std::get_if<std::string>(&entry.value.data); text && !is_digits(*text)) {
    KeepWord word = KeepWord::kAll;
    fields.word<KeepWord>("keep", word, {{"best", KeepWord::kBest}, {"all", KeepWord::kAll}});
    return word == KeepWord::kBest ? std::optional(1U) : std::nullopt;
  }
  if (!std::holds_alternative<std::int64_t>(entry.value.data)) {
    wrong_kind(entry, "a number of trials, \"best\" or \"all\"", "write keep = 3", fields.faults());
    return std::nullopt;
  }
  std::optional<std::uint32_t> keep;
  fields.count("keep", keep, {1, limits::kTrialsMax});
  return keep;
}

}  // namespace

void read_keep(Draft& draft) {
  const Fields fields(draft.table("run"), draft.faults);
  const TomlEntry* entry = fields.find("keep");
  if (entry == nullptr) {
    return;
  }
  draft.spec.run.keep = keep_of(fields, *entry);
  if (draft.spec.job && draft.spec.run.keep && !draft.is_meant("space")) {
    draft.faults.error(entry->value.place,
                       "a job is one trial, and its files are kept",
                       "take `keep` out, or add [space] with a parameter");
  }
}

}  // namespace sweepd::sweeps
