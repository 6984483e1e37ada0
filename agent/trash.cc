// Removes folders a little at a time.
#include "agent/trash.h"

#include "base/log.h"

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> entries_of(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
  }
  return paths;
}

bool is_folder(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() == fs::file_type::directory;
}

}  // namespace

Trash::Trash(std::string folder) : folder_(std::move(folder)) {
  for (std::string& path : entries_of(folder_)) {
    stack_.push_back(std::move(path));
  }
}

void Trash::add(const std::string& path) {
  std::error_code error;
  std::string name;
  do {
    name = fmt::format("{}/{}", folder_, ++last_);
  } while (fs::exists(name, error));
  fs::rename(path, name, error);
  if (!error) {
    stack_.push_back(std::move(name));
  } else if (error != std::errc::no_such_file_or_directory) {
    log_warn("cannot remove path={} error=\"{}\"", path, error.message());
  }
}

void Trash::add_content(const std::string& folder) {
  for (const std::string& path : entries_of(folder)) {
    add(path);
  }
}

bool Trash::step(std::size_t files) {
  for (std::size_t done = 0; done < files && !stack_.empty(); ++done) {
    const std::string path = stack_.back();
    // Most of what lies here is a file or an empty folder: one call, nothing to look at first.
    if (::rmdir(path.c_str()) == 0 || ::unlink(path.c_str()) == 0) {
      stack_.pop_back();
      continue;
    }
    std::vector<std::string> inside;
    if (is_folder(path)) {
      std::error_code error;
      // A program may have taken away its own right to write.
      fs::permissions(path, fs::perms::owner_all, fs::perm_options::add, error);
      inside = entries_of(path);
    }
    if (inside.empty()) {
      log_warn("cannot remove path={}", path);
      stack_.pop_back();
      continue;
    }
    for (std::string& entry : inside) {
      stack_.push_back(std::move(entry));
    }
  }
  return stack_.empty();
}

}  // namespace sweepd::agent
