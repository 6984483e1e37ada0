// Code snapshots on this box.
#include "agent/runner/tree_cache.h"

#include "base/log.h"
#include "blobs/digest.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace sweepd::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTreesMax = 16;
constexpr std::size_t kCopyBytes = 1 << 20;
constexpr Duration kRetry = seconds(2);

Error failed(std::string_view what, const std::string& path, int number) {
  return Error{Errc::kUnavailable,
               fmt::format("cannot {} {}: {}", what, path, std::strerror(number))};
}

// By sharing blocks, else in the kernel. False with errno.
bool copy_content(int from, int to) {
  if (::ioctl(to, FICLONE, from) == 0) {
    return true;
  }
  for (;;) {
    const ssize_t copied = ::copy_file_range(from, nullptr, to, nullptr, kCopyBytes, 0);
    if (copied == 0) {
      return true;
    }
    if (copied < 0 && errno != EINTR) {
      return false;
    }
  }
}

Result<void> copy_file(const std::string& from, const std::string& to, mode_t mode) {
  const int source = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  const int target = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  bool copied = source >= 0 && target >= 0 && copy_content(source, target);
  const int error = errno;
  for (const int fd : {source, target}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
  if (!copied && (error == EXDEV || error == EINVAL || error == ENOSYS || error == EOPNOTSUPP)) {
    std::error_code code;
    fs::copy_file(from, to, fs::copy_options::overwrite_existing, code);
    copied = !code;
  }
  return copied ? Result<void>() : Result<void>(failed("write", to, error));
}

Result<void> copy_entry(const fs::directory_entry& entry, const std::string& to) {
  std::error_code error;
  if (entry.is_directory(error)) {
    return ::mkdir(to.c_str(), 0755) == 0 || errno == EEXIST
               ? Result<void>()
               : Result<void>(failed("make the folder", to, errno));
  }
  const bool executable =
      (entry.status(error).permissions() & fs::perms::owner_exec) != fs::perms::none;
  return copy_file(entry.path(), to, executable ? 0755 : 0644);
}

}  // namespace

TreeCache::TreeCache(std::string folder, const std::string& boot_id, Trash& trash)
    : folder_(std::move(folder)), trash_(trash) {
  const std::string mark = folder_ + "/boot_id";
  std::string found;
  std::getline(std::ifstream(mark), found);
  if (found != boot_id) {
    trash_.add_content(folder_);
    std::ofstream(mark) << boot_id << '\n';
  }
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename();
    if (blobs::is_digest(name)) {
      entries_[name].there = true;
    } else if (name != "boot_id") {
      trash_.add(it->path());
    }
  }
}

std::string TreeCache::path_of(const std::string& digest) const {
  return fmt::format("{}/{}", folder_, digest);
}

Result<bool> TreeCache::ready(const std::string& digest, Instant now, blobs::BulkSession& bulk) {
  if (!blobs::is_digest(digest)) {
    return Error{Errc::kInvalidArgument, fmt::format("'{}' names no snapshot", digest)};
  }
  Entry& entry = entries_[digest];
  if (entry.there) {
    return true;
  }
  if (std::optional<Error> error = std::exchange(entry.error, std::nullopt)) {
    entries_.erase(digest);
    return *std::move(error);
  }
  if (!entry.job && now >= entry.retry_at) {
    entry.job = bulk.get_tree({digest, "", path_of(digest) + ".part"});
  }
  return false;
}

bool TreeCache::finished(const blobs::Finished& done, Instant now) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&done](const auto& entry) {
    return entry.second.job == done.job;
  });
  if (found == entries_.end()) {
    return false;
  }
  auto& [digest, entry] = *found;
  entry.job.reset();
  const std::string part = path_of(digest) + ".part";
  if (done.outcome.ok()) {
    std::error_code error;
    fs::create_directories(part, error);  // an empty tree makes none
    entry.there = ::rename(part.c_str(), path_of(digest).c_str()) == 0;
    if (entry.there) {
      return true;
    }
    log_error("cannot rename {}: {}", part, std::strerror(errno));
    entry.retry_at = now + kRetry;
    trash_.add(part);
    return true;
  }
  trash_.add(part);
  if (done.outcome.error().code == Errc::kUnavailable) {
    entry.retry_at = now + kRetry;
  } else {
    entry.error = done.outcome.error();
  }
  return true;
}

Result<void> TreeCache::copy(const std::string& digest, const std::string& destination) {
  entries_[digest].used = ++uses_;
  evict();
  const std::string source = path_of(digest);
  std::error_code error;
  for (fs::recursive_directory_iterator it(source, error), end; it != end; it.increment(error)) {
    if (error) {
      break;
    }
    const std::string path = it->path();
    SWEEPD_TRY_VOID(copy_entry(*it, destination + path.substr(source.size())));
  }
  return error ? Result<void>(failed("read", source, error.value())) : Result<void>();
}

void TreeCache::evict() {
  const auto there = [](const auto& entry) {
    return entry.second.there;
  };
  if (static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(), there)) <=
      kTreesMax) {
    return;
  }
  const auto oldest =
      std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
        return std::pair(!a.second.there, a.second.used) <
               std::pair(!b.second.there, b.second.used);
      });
  trash_.add(path_of(oldest->first));
  entries_.erase(oldest);
}

std::optional<Instant> TreeCache::next_wake(Instant now) const {
  std::optional<Instant> wake;
  for (const auto& [digest, entry] : entries_) {
    // Whoever waits for one that is due has asked in this turn already.
    if (!entry.there && !entry.job && entry.retry_at > now) {
      wake = std::min(wake.value_or(entry.retry_at), entry.retry_at);
    }
  }
  return wake;
}

}  // namespace sweepd::agent
