// The last term of a state folder, beside its store.
#include "daemon/term_file.h"

#include "base/log.h"
#include "blobs/file.h"
#include "daemon/folder_copy.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>

namespace sweepd::daemon {

namespace {

constexpr std::size_t kBytesMax = 32;

// One line with a number. The upper half of a session's number is a term, so larger ones are none.
std::optional<std::uint32_t> term_in(std::string_view text) {
  std::uint32_t term = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, term);
  const bool whole = error == std::errc() && std::string_view(stopped, end) == "\n";
  return whole ? std::optional(term) : std::nullopt;
}

}  // namespace

std::uint64_t read_term(const std::string& path) {
  const Result<blobs::File> file = blobs::File::open_to_read(path);
  if (!file.ok()) {
    return 0;  // of a new folder, or of one from before there was such a file
  }
  const Result<std::string> text = file->read_at(0, kBytesMax);
  const std::optional<std::uint32_t> term = text.ok() ? term_in(*text) : std::nullopt;
  if (!term) {
    log_warn("{} holds no term: the one of the store counts", path);
  }
  return term.value_or(0);
}

Result<void> write_term(const std::string& path, std::uint64_t term) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());  // of a start that was cut off
  SWEEPD_TRY_VOID(write_file(fresh, fmt::format("{}\n", term)));
  if (::rename(fresh.c_str(), path.c_str()) != 0) {
    return blobs::system_error("put in its place", path, errno);
  }
  return blobs::sync_folder(std::filesystem::path(path).parent_path().string());
}

}  // namespace sweepd::daemon
