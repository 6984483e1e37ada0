// The walk through a folder and the reading of its files.
#include "blobs/scan.h"

#include "blobs/digest.h"
#include "blobs/file.h"
#include "blobs/ignore.h"
#include "blobs/largest.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace sweepd::blobs {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 256UL * 1024;
constexpr std::size_t kIgnoreFileBytesMax = 1024UL * 1024;
constexpr std::size_t kNamedPathsMax = 5;

struct Found {
  std::string path;
  std::string source;
  std::uint64_t size = 0;  // when it was listed
  bool executable = false;
};

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

// Where links lead in the end; nothing when nowhere.
std::optional<std::string> resolved(const std::string& path) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  return error ? std::nullopt : std::optional(target.string());
}

}  // namespace

struct Scanner::Impl {
  explicit Impl(ScanOptions given) : options(std::move(given)) {}

  ScanOptions options;
  std::string root;  // the folder without links in its path
  std::optional<Ignore> rules;
  std::vector<std::string> folders;  // still to be listed, a stack
  std::vector<Found> found;
  bool begun = false;
  bool listed = false;

  // The file that is being read.
  std::size_t reading = 0;
  File file;
  Digester digester;
  std::uint64_t offset = 0;
  LocalTree local;

  Result<void> begin();
  bool inside(const std::string& target) const;
  Result<void> read_rules();
  Result<void> list(const std::string& folder);
  Result<void> take_entry(const std::string& path);
  void take_link(const std::string& path);
  void take_file(std::string path, std::string source, const struct stat& status);
  Result<void> check_size() const;
  Result<void> check_count() const;
  Result<void> end_listing();
  Result<void> read(std::size_t bytes);
  Result<void> read_piece();
  void end_file();
  Result<void> unreadable(const std::string& path, const Error& error);
  void skip(const std::string& path, std::string_view why);
  std::string offenders(bool by_count) const;
};

void Scanner::Impl::skip(const std::string& path, std::string_view why) {
  local.skipped.push_back({path, std::string(why)});
}

Result<void> Scanner::Impl::unreadable(const std::string& path, const Error& error) {
  if (!options.skip_unreadable) {
    const std::string_view help =
        options.rules ? "; if the trials do not need it, name it in .sweepignore" : "";
    return Error{error.code, error.message + std::string(help)};
  }
  skip(path, error.message);
  return {};
}

Result<void> Scanner::Impl::begin() {
  begun = true;
  SWEEPD_TRY(const File folder, File::open_folder(options.folder));
  const std::optional<std::string> target = resolved(options.folder);
  if (!target) {
    return system_error("open the folder", options.folder, ENOENT);
  }
  root = *target;
  SWEEPD_TRY_VOID(read_rules());
  if (options.only.empty()) {
    folders.emplace_back();
    return {};
  }
  for (const std::string& path : options.only) {
    SWEEPD_TRY_VOID(check_tree_path(path));
    const std::optional<std::string> real = resolved(joined(root, path));
    if (real && !inside(*real)) {
      skip(path, "leads outside of the folder");
    } else if (real) {
      SWEEPD_TRY_VOID(take_entry(path));
    }
  }
  return {};
}

bool Scanner::Impl::inside(const std::string& target) const {
  return target.starts_with(root == "/" ? root : root + "/");
}

Result<void> Scanner::Impl::read_rules() {
  if (!options.rules) {
    return {};
  }
  const Result<File> source = File::open_to_read(joined(root, std::string(kIgnoreFile)));
  if (!source.ok() && source.error().code == Errc::kNotFound) {
    rules.emplace();
    return {};
  }
  if (!source.ok()) {
    return source.error();
  }
  SWEEPD_TRY(const std::string text, source->read_at(0, kIgnoreFileBytesMax + 1));
  if (text.size() > kIgnoreFileBytesMax) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' is larger than 1 MiB", source->path())};
  }
  rules.emplace(text);
  return {};
}

Result<void> Scanner::Impl::list(const std::string& folder) {
  std::error_code error;
  const std::string place = joined(root, folder);
  fs::directory_iterator at(place, error);
  while (!error && at != fs::directory_iterator()) {
    SWEEPD_TRY_VOID(take_entry(joined(folder, at->path().filename().string())));
    at.increment(error);
  }
  if (error) {
    return unreadable(folder, system_error("list the folder", place, error.value()));
  }
  return {};
}

Result<void> Scanner::Impl::take_entry(const std::string& path) {
  const std::string source = joined(root, path);

  struct stat status {};

  if (::lstat(source.c_str(), &status) != 0) {
    return unreadable(path, system_error("examine", source, errno));
  }
  const bool is_folder = S_ISDIR(status.st_mode);
  if (rules && rules->ignores({path, is_folder})) {
    return {};
  }
  if (const Result<void> sound = check_tree_path(path); !sound.ok()) {
    skip(path, sound.error().message);
  } else if (is_folder) {
    folders.push_back(path);
  } else if (S_ISLNK(status.st_mode)) {
    take_link(path);
  } else if (S_ISREG(status.st_mode)) {
    take_file(path, source, status);
  } else {
    skip(path, "neither a file nor a folder");
  }
  return check_count();
}

void Scanner::Impl::take_link(const std::string& path) {
  const std::optional<std::string> target = resolved(joined(root, path));

  struct stat status {};

  if (!target || ::lstat(target->c_str(), &status) != 0) {
    skip(path, "a link that leads nowhere");
  } else if (!inside(*target)) {
    skip(path, "a link to something outside of the folder");
  } else if (S_ISDIR(status.st_mode)) {
    skip(path, "a link to a folder");
  } else if (!S_ISREG(status.st_mode)) {
    skip(path, "a link to neither a file nor a folder");
  } else {
    take_file(path, *target, status);
  }
}

void Scanner::Impl::take_file(std::string path, std::string source, const struct stat& status) {
  found.push_back({std::move(path),
                   std::move(source),
                   static_cast<std::uint64_t>(status.st_size),
                   (status.st_mode & S_IXUSR) != 0});
}

std::string Scanner::Impl::offenders(bool by_count) const {
  std::vector<SizedPath> sized;
  sized.reserve(found.size());
  for (const Found& at : found) {
    sized.push_back({at.path, by_count ? 1 : at.size});
  }
  std::vector<std::string> named;
  for (const SizedPath& path : largest_paths(sized, kNamedPathsMax)) {
    named.push_back(by_count ? fmt::format("{} ({} files)", path.path, path.size)
                             : fmt::format("{} ({})", path.path, size_text(path.size)));
  }
  return fmt::format("{}{}",
                     fmt::join(named, ", "),
                     options.rules ? "; name what the trials do not need in .sweepignore" : "");
}

Result<void> Scanner::Impl::check_count() const {
  if (found.size() <= options.files_max) {
    return {};
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("the folder '{}' holds more than {} files, most of them in: {}",
                           options.folder,
                           options.files_max,
                           offenders(true))};
}

Result<void> Scanner::Impl::check_size() const {
  std::uint64_t sum = 0;
  for (const Found& at : found) {
    sum += at.size;
  }
  if (sum <= options.bytes_max) {
    return {};
  }
  return Error{Errc::kInvalidArgument,
               fmt::format("the folder '{}' holds {} where {} are allowed; largest: {}",
                           options.folder,
                           size_text(sum),
                           size_text(options.bytes_max),
                           offenders(false))};
}

Result<void> Scanner::Impl::end_listing() {
  SWEEPD_TRY_VOID(check_size());
  std::sort(
      found.begin(), found.end(), [](const Found& a, const Found& b) { return a.path < b.path; });
  // The same entry may have been named twice, by itself and by its folder.
  found.erase(std::unique(found.begin(),
                          found.end(),
                          [](const Found& a, const Found& b) { return a.path == b.path; }),
              found.end());
  listed = true;
  return {};
}

Result<void> Scanner::Impl::read(std::size_t bytes) {
  for (std::size_t done = 0; done < bytes && reading < found.size(); done += kReadBytes) {
    SWEEPD_TRY_VOID(read_piece());
  }
  return {};
}

Result<void> Scanner::Impl::read_piece() {
  const Found& at = found[reading];
  if (!file) {
    Result<File> opened = File::open_to_read(at.source);
    if (!opened.ok()) {
      ++reading;
      return unreadable(at.path, opened.error());
    }
    file = *std::move(opened);
    digester = Digester();
    offset = 0;
  }
  // No further than it was long when it was listed: a log that is written meanwhile has no end.
  const std::size_t wanted = std::min<std::uint64_t>(kReadBytes, at.size - offset);
  const Result<std::string> piece = file.read_at(offset, wanted);
  if (!piece.ok()) {
    file = File();
    ++reading;
    return unreadable(at.path, piece.error());
  }
  digester.add(*piece);
  offset += piece->size();
  if (piece->size() < wanted || offset == at.size) {
    end_file();
  }
  return {};
}

void Scanner::Impl::end_file() {
  Found& at = found[reading];
  local.tree.files.push_back({std::move(at.path), offset, digester.finish(), at.executable});
  local.sources.push_back(std::move(at.source));
  file = File();
  ++reading;
}

Scanner::Scanner(ScanOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Scanner::~Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;

Result<bool> Scanner::step(std::size_t bytes) {
  Impl& scan = *impl_;
  if (!scan.begun) {
    SWEEPD_TRY_VOID(scan.begin());
  } else if (!scan.folders.empty()) {
    const std::string folder = std::move(scan.folders.back());
    scan.folders.pop_back();
    SWEEPD_TRY_VOID(scan.list(folder));
  } else if (!scan.listed) {
    SWEEPD_TRY_VOID(scan.end_listing());
  } else {
    SWEEPD_TRY_VOID(scan.read(bytes));
  }
  return scan.listed && scan.reading == scan.found.size();
}

LocalTree Scanner::take() {
  SWEEPD_CHECK(impl_->listed && impl_->reading == impl_->found.size());
  return std::move(impl_->local);
}

Result<LocalTree> scan_folder(ScanOptions options) {
  constexpr std::size_t kStepBytes = 16UL * 1024 * 1024;
  Scanner scanner(std::move(options));
  for (;;) {
    SWEEPD_TRY(const bool done, scanner.step(kStepBytes));
    if (done) {
      return scanner.take();
    }
  }
}

}  // namespace sweepd::blobs
