// The file as text, bounded before it is read.
#include "cli/sweep_input.h"

#include "base/limits.h"
#include "cli/format.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <istream>
#include <system_error>

namespace sweepd::cli {

namespace {

Result<std::string> read_all(std::istream& in, const std::string& path) {
  std::string text(limits::kSweepFileBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (in.bad()) {
    return Error{Errc::kUnexpected, fmt::format("cannot read '{}'", path)};
  }
  if (text.size() > limits::kSweepFileBytesMax) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' is larger than {}; that is no sweep file",
                             path,
                             bytes_text(limits::kSweepFileBytesMax))};
  }
  return text;
}

}  // namespace

Result<SweepText> read_sweep_text(const std::string& path, Console& console) {
  if (path == "-") {
    SWEEPD_TRY(std::string text, read_all(console.in, "stdin"));
    return SweepText{"stdin", ".", "stdin", std::move(text)};
  }
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("'{}' is a folder; name the sweep file in it", path)};
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format(
            "cannot open the sweep file '{}': {}", path, std::generic_category().message(errno))};
  }
  SWEEPD_TRY(std::string text, read_all(in, path));
  const std::filesystem::path file(path);
  const std::string folder = file.parent_path().string();
  return SweepText{path, folder.empty() ? "." : folder, file.stem().string(), std::move(text)};
}

std::variant<sweeps::ParsedSweep, std::vector<sweeps::Diagnostic>> parse(
    const SweepText& file, const Overrides& overrides) {
  return sweeps::parse_sweep_file({file.text, file.name, overrides});
}

std::string fault_counts(const std::vector<sweeps::Diagnostic>& diagnostics) {
  const auto errors = static_cast<std::uint64_t>(
      std::count_if(diagnostics.begin(), diagnostics.end(), [](const sweeps::Diagnostic& fault) {
        return fault.severity == sweeps::Diagnostic::Severity::kError;
      }));
  const std::uint64_t warnings = diagnostics.size() - errors;
  std::string text = errors > 0 ? counted(errors, "error") : std::string();
  if (warnings > 0) {
    text += (text.empty() ? "" : ", ") + counted(warnings, "warning");
  }
  return text;
}

}  // namespace sweepd::cli
