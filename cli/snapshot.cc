// The code folder as a tree of blobs.
#include "cli/snapshot.h"

#include "cli/format.h"
#include "cli/text.h"
#include "cli/transfer.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::cli {

namespace {

constexpr std::size_t kSkippedShown = 5;

void warn_of_skipped(Session& session, const std::vector<blobs::Skipped>& skipped) {
  for (std::size_t i = 0; i < skipped.size() && i < kSkippedShown; ++i) {
    session.say(fmt::format(
        "warning: '{}' is not shipped: {}", printable(skipped[i].path), skipped[i].why));
  }
  if (skipped.size() > kSkippedShown) {
    const std::size_t more = skipped.size() - kSkippedShown;
    session.say(fmt::format("warning: {} more {} not shipped", more, more == 1 ? "is" : "are"));
  }
}

}  // namespace

Result<blobs::LocalTree> scan_code(const std::string& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    return Error{
        Errc::kInvalidArgument,
        fmt::format("the code folder '{}' is no folder; `code` is relative to the folder of "
                    "the sweep file",
                    folder)};
  }
  blobs::ScanOptions options;
  options.folder = folder;
  return blobs::scan_folder(std::move(options));
}

Result<std::string> ship_code(Session& session, blobs::LocalTree code) {
  warn_of_skipped(session, code.skipped);
  SWEEPD_TRY(const blobs::TreeSent sent, send_tree(session, std::move(code), "uploading code"));
  return sent.digest;
}

}  // namespace sweepd::cli
