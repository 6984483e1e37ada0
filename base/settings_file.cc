// The text of a program's settings file.
#include "base/settings_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace sweepd {

namespace {

constexpr std::size_t kBytesMax = 1024UL * 1024;

Error refused(const std::string& path, const std::string& why) {
  return Error{Errc::kInvalidArgument,
               fmt::format("cannot read the settings file '{}': {}", path, why)};
}

}  // namespace

Result<std::string> read_settings(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return refused(path, "it is a folder");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return refused(path, std::generic_category().message(errno));
  }
  std::string text(kBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) {
    return refused(path, "reading failed");
  }
  return text.size() > kBytesMax ? Result<std::string>(refused(path, "it is larger than 1 MiB"))
                                 : Result<std::string>(std::move(text));
}

}  // namespace sweepd
