// A copy of the store as an older program left it.
#include "daemon/upgrade_copy.h"

#include "blobs/file.h"
#include "daemon/folder_copy.h"
#include "daemon/journal_rocksdb.h"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

namespace sweepd::daemon {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "before-";

// A table is written once and never changed.
bool is_table(const fs::path& file) {
  return file.extension() == ".sst" || file.extension() == ".blob";
}

// Tables are most of a store: where they cannot be linked a copy would keep a start waiting.
Result<void> put_part(const fs::path& file, const std::string& folder) {
  const std::string target = folder + "/" + file.filename().string();
  if (!is_table(file)) {
    return put_file(file.string(), target, Sharing::kCopy);
  }
  return ::link(file.c_str(), target.c_str()) == 0
             ? Result<void>()
             : Result<void>(blobs::system_error("link", file.string(), errno));
}

Result<void> remove_folder(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  return error ? Result<void>(blobs::system_error("remove", path.string(), error.value()))
               : Result<void>();
}

Result<void> remove_others(const std::string& state, const std::string& kept) {
  std::vector<fs::path> others;
  std::error_code error;
  for (fs::directory_iterator at(state, error); !error && at != end(at); at.increment(error)) {
    const std::string name = at->path().filename();
    if (name.starts_with(kPrefix) && name != kept) {
      others.push_back(at->path());
    }
  }
  for (const fs::path& other : others) {
    SWEEPD_TRY_VOID(remove_folder(other));
  }
  return {};
}

// Whether the copy is of the store's last term: then a start that was cut off has made it, and may
// have changed the store since.
bool nobody_went_on(const std::string& store, const std::string& copy) {
  const Result<std::optional<StoreStamp>> now = read_stamp(store);
  const Result<std::optional<StoreStamp>> then = read_stamp(copy);
  return now.ok() && then.ok() && *then && *now == *then;
}

}  // namespace

std::string upgrade_copy_name(std::string_view program) {
  std::string name(program.empty() ? "unknown" : program);
  std::replace_if(
      name.begin(),
      name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-' && c != '+'; },
      '_');
  return std::string(kPrefix) + name;
}

Result<void> copy_before_upgrade(const std::string& state, std::string_view program) {
  const std::string name = upgrade_copy_name(program);
  const std::string path = state + "/" + name;
  if (nobody_went_on(state + "/journal", path)) {
    return remove_others(state, name);
  }
  SWEEPD_TRY(NewFolder copy, NewFolder::begin(path, Existing::kReplace));
  std::error_code error;
  for (fs::directory_iterator at(state + "/journal", error); !error && at != end(at);
       at.increment(error)) {
    if (at->is_regular_file(error) && at->path().filename() != "LOCK") {
      SWEEPD_TRY_VOID(put_part(at->path(), copy.partial()));
    }
  }
  if (error) {
    return blobs::system_error("read the folder", state + "/journal", error.value());
  }
  SWEEPD_TRY_VOID(copy.put_in_place());
  return remove_others(state, name);
}

}  // namespace sweepd::daemon
