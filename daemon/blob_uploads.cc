// From pieces to a durable file under its digest.
#include "daemon/blob_uploads.h"

#include "base/log.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::daemon {

namespace {

namespace fs = std::filesystem;
using blobs::File;
using blobs::sync_folder;
using blobs::system_error;

constexpr std::size_t kOpenMax = 128;  // part files open at once; the others are opened when needed
constexpr std::size_t kReadBytes = 256UL * 1024;
constexpr std::chrono::hours kPartAgeMax{24};

std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Result<void> make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
    return system_error("make the folder", path, errno);
  }
  return {};
}

}  // namespace

BlobUploads::BlobUploads(const BlobStore& store, BlobOffers& offers, OnFatal fatal)
    : store_(store), offers_(offers), fatal_(std::move(fatal)) {}

void BlobUploads::remove_stale_parts() const {
  std::error_code error;
  const auto now = fs::file_time_type::clock::now();
  for (fs::directory_iterator at(store_.part_folder(), error); !error && at != fs::end(at);
       at.increment(error)) {
    std::error_code unknown;
    const auto written = fs::last_write_time(at->path(), unknown);
    if (!unknown && now - written > kPartAgeMax) {
      remove_part(at->path().string());
    }
  }
}

Result<BlobUploads::Stored> BlobUploads::put(const Piece& piece) {
  if (!blobs::is_digest(piece.digest) || piece.size > INT64_MAX || piece.offset > piece.size ||
      piece.bytes.size() > piece.size - piece.offset) {
    return Error{Errc::kInvalidArgument,
                 fmt::format("{} bytes at {} are no piece of a blob of {} bytes",
                             piece.bytes.size(),
                             piece.offset,
                             piece.size)};
  }
  if (waits_for_flush(piece.digest)) {
    return Stored{piece.size, true};
  }
  if (undurable_.contains(piece.digest)) {
    SWEEPD_TRY_VOID(remove_blob(piece.digest));
  }
  if (offers_.offer(store_, piece.digest)) {
    return Stored{piece.size, true};
  }
  SWEEPD_TRY(const Uploads::iterator upload, open(piece));
  SWEEPD_TRY_VOID(append(upload->second, piece));
  if (upload->second.stored == piece.size) {
    return finish(upload, piece.digest);
  }
  return Stored{upload->second.stored, false};
}

bool BlobUploads::has(const std::string& digest) {
  return offers_.offer(store_, digest) && !undurable_.contains(digest);
}

bool BlobUploads::waits_for_flush(const std::string& digest) const {
  return std::any_of(complete_.begin(), complete_.end(), [&digest](const Complete& complete) {
    return complete.digest == digest;
  });
}

Result<BlobUploads::Uploads::iterator> BlobUploads::open(const Piece& piece) {
  const std::string part = fmt::format("{}/{}-{}", store_.part_folder(), piece.digest, piece.size);
  const auto known = uploads_.find(part);
  if (known != uploads_.end()) {
    known->second.used = ++uses_;
    return known;
  }
  close_idle();
  const int fd = ::open(part.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) {
    return system_error("open", part, errno);
  }
  Upload upload;
  upload.file = File(fd, part);
  upload.size = piece.size;
  upload.used = ++uses_;
  SWEEPD_TRY_VOID(resume(upload));
  return uploads_.emplace(part, std::move(upload)).first;
}

void BlobUploads::close_idle() {
  if (uploads_.size() < kOpenMax) {
    return;
  }
  uploads_.erase(
      std::min_element(uploads_.begin(), uploads_.end(), [](const auto& a, const auto& b) {
        return a.second.used < b.second.used;
      }));
}

Result<void> BlobUploads::resume(Upload& upload) const {
  SWEEPD_TRY(const std::uint64_t found, upload.file.size());
  if (found > upload.size) {
    return upload.file.truncate(0);
  }
  upload.resumed = found > 0;
  // What an earlier process wrote may be in memory and, after a sync that failed, never have been
  // on the disk: it is read from there, and the digest then tells.
  static_cast<void>(::posix_fadvise(upload.file.fd(), 0, 0, POSIX_FADV_DONTNEED));
  while (upload.stored < found) {
    SWEEPD_TRY(const std::string bytes, upload.file.read_at(upload.stored, kReadBytes));
    if (bytes.empty()) {
      break;
    }
    upload.digester.add(bytes);
    upload.stored += bytes.size();
  }
  return {};
}

Result<void> BlobUploads::append(Upload& upload, const Piece& piece) const {
  const std::uint64_t end = piece.offset + piece.bytes.size();
  if (piece.offset > upload.stored || end <= upload.stored) {
    return {};
  }
  const std::string_view news = piece.bytes.substr(upload.stored - piece.offset);
  if (Result<void> written = upload.file.write_at(upload.stored, news); !written.ok()) {
    // What was written of it is not in the digest.
    SWEEPD_TRY_VOID(upload.file.truncate(upload.stored));
    return written;
  }
  upload.digester.add(news);
  upload.stored = end;
  return {};
}

Result<BlobUploads::Stored> BlobUploads::finish(Uploads::iterator upload,
                                                const std::string& digest) {
  const std::string found = upload->second.digester.finish();
  Complete complete{digest, upload->first, std::move(upload->second.file)};
  const Stored all{upload->second.size, true};
  const bool resumed = upload->second.resumed;
  uploads_.erase(upload);
  if (found == digest) {
    complete_.push_back(std::move(complete));
    return all;
  }
  remove_part(complete.part);
  if (resumed) {
    return Stored{0, false};  // not the sender's fault
  }
  return Error{Errc::kCorrupt,
               fmt::format("the bytes sent as blob {} have the digest {}", digest, found)};
}

void BlobUploads::remove_part(const std::string& part) const {
  std::error_code error;
  fs::remove(part, error);
  if (error) {
    log_warn("cannot remove the part of an upload path={} error={}", part, error.message());
  }
}

std::map<std::string, Error> BlobUploads::flush() {
  // One kind of step for all blobs before the next kind: a journaling file system then writes its
  // journal about twice for all of them, not twice for each.
  Failures failures;
  start_writing();
  const auto each = [&](auto step) {
    for (const Complete& complete : complete_) {
      if (failures.contains(complete.digest)) {
        continue;
      }
      if (const Result<void> done = step(complete); !done.ok()) {
        failures.emplace(complete.digest, done.error());
        remove_part(complete.part);
      }
    }
  };
  each([this](const Complete& complete) { return sync(complete); });
  each([this](const Complete& complete) { return publish(complete); });
  sync_folders(failures);
  withdraw(failures);
  complete_.clear();
  return failures;
}

void BlobUploads::start_writing() const {
  for (const Complete& complete : complete_) {
    // A hint: whether it worked shows in the sync.
    static_cast<void>(::sync_file_range(complete.file.fd(), 0, 0, SYNC_FILE_RANGE_WRITE));
  }
}

Result<void> BlobUploads::sync(const Complete& complete) const {
  Result<void> synced = complete.file.sync();
  if (!synced.ok() && synced.error().code != Errc::kUnavailable) {
    // The kernel counts what it failed to write as written: the next sync of the same file would
    // succeed, also in the next process. So the file goes before anybody can go on with it.
    remove_part(complete.part);
    fatal_(synced.error());
  }
  return synced;
}

Result<void> BlobUploads::sync_folder(const std::string& path) const {
  SWEEPD_TRY(const File folder, File::open_folder(path));
  Result<void> synced = folder.sync();
  if (!synced.ok()) {
    // A second sync may succeed without having written the names of the first one.
    fatal_(synced.error());
  }
  return synced;
}

Result<void> BlobUploads::publish(const Complete& complete) const {
  const std::string place = store_.path(complete.digest);
  SWEEPD_TRY_VOID(make_folder(folder_of(place)));
  offers_.note(complete.digest);  // before gc can see it
  if (::rename(complete.part.c_str(), place.c_str()) != 0) {
    return system_error("put in its place", place, errno);
  }
  return {};
}

void BlobUploads::sync_folders(Failures& failures) {
  std::set<std::string> folders;
  for (const Complete& complete : complete_) {
    if (failures.contains(complete.digest)) {
      continue;
    }
    const std::string folder = folder_of(store_.path(complete.digest));
    folders.insert(folder);
    if (!durable_folders_.contains(folder)) {
      folders.insert(folder_of(folder));  // the name of the folder may not be on the disk yet
    }
  }
  for (const std::string& folder : folders) {
    if (const Result<void> synced = sync_folder(folder); !synced.ok()) {
      for (const Complete& complete : complete_) {
        if (store_.path(complete.digest).starts_with(folder + "/")) {
          failures.emplace(complete.digest, synced.error());
        }
      }
    }
  }
  for (const Complete& complete : complete_) {
    if (!failures.contains(complete.digest)) {
      durable_folders_.insert(folder_of(store_.path(complete.digest)));
    }
  }
}

// A sync that failed is not made good by a later one that succeeds, so that what it covered is
// taken back and done again from the start, the folder as well when it was new.
void BlobUploads::withdraw(const Failures& failures) {
  for (const auto& [digest, error] : failures) {
    if (const Result<void> removed = remove_blob(digest); !removed.ok()) {
      log_warn("{}", removed.error().message);
    }
  }
  for (const auto& [digest, error] : failures) {
    const std::string folder = folder_of(store_.path(digest));
    if (!durable_folders_.contains(folder)) {
      ::rmdir(folder.c_str());  // refused while other blobs are in it, which is fine
    }
  }
}

Result<void> BlobUploads::remove_blob(const std::string& digest) {
  const std::string place = store_.path(digest);
  if (::unlink(place.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
    undurable_.insert(digest);
    return system_error("take back the blob", place, errno);
  }
  undurable_.erase(digest);
  return {};
}

}  // namespace sweepd::daemon
