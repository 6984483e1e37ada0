// A folder for one test, with short ways to put files into it and to look at them.
#pragma once

#include <doctest/doctest.h>

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace sweepd::testing {

class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/sweepd-blobs-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  ~Folder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::string& path() const { return path_; }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  void write(const std::string& name, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(*this / name).parent_path());
    std::ofstream(*this / name, std::ios::binary) << content;
  }

  std::string read(const std::string& name) const {
    std::ifstream file(*this / name, std::ios::binary);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
  }

  bool executable(const std::string& name) const {
    struct stat status {};

    return stat((*this / name).c_str(), &status) == 0 && (status.st_mode & S_IXUSR) != 0;
  }

  // Every regular file below, with its content.
  std::map<std::string, std::string> files(const std::string& below = ".") const {
    std::map<std::string, std::string> all;
    if (!std::filesystem::exists(*this / below)) {
      return all;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*this / below)) {
      if (entry.is_regular_file()) {
        const std::string name = std::filesystem::relative(entry.path(), path_ + "/" + below);
        all[name] = read(below + "/" + name);
      }
    }
    return all;
  }

 private:
  std::string path_;
};

// Bytes that no two offsets share, so that a piece in the wrong place shows.
inline std::string pattern(std::size_t size, unsigned seed = 1) {
  std::string bytes(size, '\0');
  unsigned state = seed;
  for (char& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<char>(state >> 24U);
  }
  return bytes;
}

}  // namespace sweepd::testing
