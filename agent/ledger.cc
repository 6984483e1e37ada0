// The agent's memory on disk: lines of length, checksum, kind, numbers and bytes.
#include "agent/ledger.h"

#include "base/frame.h"
#include "wire/protocol.h"
#include "wire/store_place.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kBodyBytesMin = 1 + 16;  // kind, then number or attempt
constexpr std::size_t kBodyBytesMax = 256 * 1024;

struct Line {
  LedgerKind kind = LedgerKind::kIncarnation;
  std::uint64_t number = 0;  // or the sweep
  std::uint32_t trial = 0;
  std::uint32_t attempt = 0;
  std::string_view bytes;

  AttemptKey key() const { return {{number}, {trial}, {attempt}}; }
};

template <typename Int>
void put(std::string& out, Int value) {
  for (std::size_t i = 0; i < sizeof(Int); ++i) {
    out.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  }
}

template <typename Int>
Int get(std::string_view bytes, std::size_t at) {
  Int value = 0;
  for (std::size_t i = 0; i < sizeof(Int); ++i) {
    value = static_cast<Int>(
        value |
        static_cast<Int>(static_cast<Int>(static_cast<unsigned char>(bytes[at + i])) << (8 * i)));
  }
  return value;
}

void put_line(std::string& out, const Line& line) {
  std::string body;
  body.push_back(static_cast<char>(line.kind));
  put(body, line.number);
  put(body, line.trial);
  put(body, line.attempt);
  body.append(line.bytes);
  put_frame(out, body);
}

Line line_of(LedgerKind kind, const AttemptKey& key, std::string_view bytes = {}) {
  return {kind, key.sweep.value, key.trial.value, key.attempt.value, bytes};
}

// The line at `at`, which is moved behind it; none when the rest is not a whole line.
std::optional<Line> next_line(std::string_view bytes, std::size_t& at) {
  const auto body = next_frame(bytes, at);
  if (!body || body->size() < kBodyBytesMin) {
    return std::nullopt;
  }
  return Line{static_cast<LedgerKind>(body->front()),
              get<std::uint64_t>(*body, 1),
              get<std::uint32_t>(*body, 9),
              get<std::uint32_t>(*body, 13),
              body->substr(kBodyBytesMin)};
}

void apply(LedgerState& state, const Line& line) {
  switch (line.kind) {
    case LedgerKind::kIncarnation:
      state.incarnation = line.number;
      state.boot_id = std::string(line.bytes);
      return;
    case LedgerKind::kTerm:
      state.term = std::max(state.term, line.number);
      return;
    case LedgerKind::kStarted:
      state.started[line.key()].order = std::string(line.bytes);
      return;
    case LedgerKind::kOver:
      if (const auto started = state.started.find(line.key()); started != state.started.end()) {
        started->second.over = std::string(line.bytes);
      }
      return;
    case LedgerKind::kEnded:
      state.started.erase(line.key());
      state.ended[line.key()] = std::string(line.bytes);
      return;
    case LedgerKind::kForgotten:
      state.started.erase(line.key());
      state.ended.erase(line.key());
      state.done.insert(line.key());
      return;
    case LedgerKind::kStored:
      if (state.stored == 0 || wire::same_store(line.number, state.stored)) {
        state.stored = std::max(state.stored, line.number);
      } else {
        state.stored = line.number;
        state.done.clear();  // numbers of another store
      }
      return;
  }
  // A kind of a newer program: skipped.
}

std::string compacted(const LedgerState& state) {
  std::string out;
  put_line(out, {LedgerKind::kIncarnation, state.incarnation, 0, 0, state.boot_id});
  put_line(out, {LedgerKind::kTerm, state.term, 0, 0, {}});
  put_line(out, {LedgerKind::kStored, state.stored, 0, 0, {}});
  for (const AttemptKey& key : state.done.in_order()) {
    put_line(out, line_of(LedgerKind::kForgotten, key));
  }
  for (const auto& [key, started] : state.started) {
    put_line(out, line_of(LedgerKind::kStarted, key, started.order));
    if (!started.over.empty()) {
      put_line(out, line_of(LedgerKind::kOver, key, started.over));
    }
  }
  for (const auto& [key, bytes] : state.ended) {
    put_line(out, line_of(LedgerKind::kEnded, key, bytes));
  }
  return out;
}

Error failed(std::string_view what, const std::string& path) {
  const int number = errno;
  return Error{Errc::kUnavailable,
               fmt::format("cannot {} {}: {}", what, path, std::strerror(number))};
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR) {
      return failed("write", "the ledger");
    }
    bytes.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return std::filesystem::exists(path) ? Result<std::string>(failed("read", path))
                                         : Result<std::string>(std::string());
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<void> sync_folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return failed("open", folder);
  }
  const int rc = ::fsync(fd);
  ::close(fd);
  return rc == 0 ? Result<void>() : Result<void>(failed("sync", folder));
}

}  // namespace

LedgerState read_ledger(std::string_view bytes, std::size_t* used) {
  LedgerState state;
  std::size_t at = 0;
  while (const std::optional<Line> line = next_line(bytes, at)) {
    apply(state, *line);
  }
  if (used != nullptr) {
    *used = at;
  }
  return state;
}

Result<Ledger> Ledger::open(const std::string& path, const std::string& boot_id) {
  SWEEPD_TRY(const std::string bytes, read_file(path));
  LedgerState state = read_ledger(bytes);
  ++state.incarnation;
  state.rebooted = std::exchange(state.boot_id, boot_id) != boot_id;
  if (state.rebooted) {
    for (auto& [key, started] : state.started) {
      started.over.clear();  // whatever ended: what it left was not synced
    }
  }
  Ledger ledger(path, std::move(state));
  SWEEPD_TRY_VOID(ledger.replace(ledger.state_));
  return ledger;
}

// Until the rename the old file is the ledger, and from then on the new one, which is whole.
Result<void> Ledger::replace(const LedgerState& state) {
  const std::string rows = compacted(state);
  const std::string fresh = path_ + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) {
    return failed("write", fresh);
  }
  Result<void> written = write_all(fd, rows);
  if (written.ok() && ::fdatasync(fd) != 0) {
    written = failed("sync", fresh);
  }
  if (written.ok() && ::rename(fresh.c_str(), path_.c_str()) != 0) {
    written = failed("replace", path_);
  }
  if (!written.ok()) {
    ::close(fd);
    return written;
  }
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = fd;
  size_ = rows.size();
  bounded_ = std::max(kLedgerBytes, 2 * size_);
  doubtful_ = true;  // until the new name is on disk
  SWEEPD_TRY_VOID(sync_folder_of(path_));
  doubtful_ = false;
  return {};
}

Result<void> Ledger::mend() {
  if (!doubtful_) {
    return {};
  }
  SWEEPD_TRY(const std::string bytes, read_file(path_));
  return replace(read_ledger(bytes));
}

Result<void> Ledger::compact_if_due() {
  if (size_ < bounded_) {
    return {};
  }
  bounded_ = size_ + kLedgerBytes;  // not at every turn when it cannot be done
  SWEEPD_TRY_VOID(write());
  SWEEPD_TRY(const std::string bytes, read_file(path_));
  return replace(read_ledger(bytes));
}

Ledger::~Ledger() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Ledger::Ledger(Ledger&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      state_(std::move(other.state_)),
      size_(other.size_),
      bounded_(other.bounded_),
      doubtful_(other.doubtful_),
      pending_(std::move(other.pending_)) {}

Ledger& Ledger::operator=(Ledger&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(fd_, other.fd_);
  std::swap(state_, other.state_);
  std::swap(size_, other.size_);
  std::swap(bounded_, other.bounded_);
  std::swap(doubtful_, other.doubtful_);
  std::swap(pending_, other.pending_);
  return *this;
}

bool Ledger::note(const std::vector<Command>& commands) {
  bool must_sync = false;
  for (const Command& command : commands) {
    if (const auto* launch = std::get_if<Launch>(&command)) {
      started(launch->order);
      must_sync = true;
    } else if (const auto* remember = std::get_if<RememberTerm>(&command)) {
      term(remember->term);
      must_sync = true;
    } else if (const auto* place = std::get_if<RememberStored>(&command)) {
      stored(place->stored);
    } else if (const auto* forget = std::get_if<Forget>(&command)) {
      forgotten(forget->attempt);
    }
  }
  return must_sync;
}

void Ledger::started(const pb::StartAttempt& order) {
  put_line(pending_,
           line_of(LedgerKind::kStarted, wire::from_proto(order.attempt()), wire::encode(order)));
}

void Ledger::term(std::uint64_t term) {
  put_line(pending_, {LedgerKind::kTerm, term, 0, 0, {}});
}

void Ledger::stored(std::uint64_t stored) {
  put_line(pending_, {LedgerKind::kStored, stored, 0, 0, {}});
}

void Ledger::over(const pb::AttemptEnded& so_far) {
  put_line(pending_,
           line_of(LedgerKind::kOver, wire::from_proto(so_far.attempt()), wire::encode(so_far)));
}

void Ledger::ended(const pb::AttemptEnded& end) {
  put_line(pending_,
           line_of(LedgerKind::kEnded, wire::from_proto(end.attempt()), wire::encode(end)));
}

void Ledger::forgotten(const AttemptKey& key) {
  put_line(pending_, line_of(LedgerKind::kForgotten, key));
}

Result<void> Ledger::write() {
  SWEEPD_TRY_VOID(mend());
  // Rows that were not written stay for the next time: a later one may say what they stand for
  // again, but nobody says a term or an end twice.
  if (Result<void> written = write_all(fd_, pending_); !written.ok()) {
    // A row that is only partly there would hide all that come after it.
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) {
      doubtful_ = true;
      return failed("repair", "the ledger");
    }
    return written;
  }
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Result<void> Ledger::sync() {
  SWEEPD_TRY_VOID(write());
  if (::fdatasync(fd_) != 0) {
    doubtful_ = true;
    return failed("sync", "the ledger");
  }
  return {};
}

Remembered Ledger::remembered() const {
  Remembered out;
  out.term = state_.term;
  out.rebooted = state_.rebooted;
  const auto& done = state_.done.in_order();
  out.done.assign(done.begin(), done.end());
  out.stored = state_.stored;
  for (const auto& [key, started] : state_.started) {
    Unfinished unfinished;
    // Of a row without an order, or with one that cannot be read, the attempt alone is known.
    if (!wire::decode(started.order, kBodyBytesMax, unfinished.order).ok() ||
        wire::from_proto(unfinished.order.attempt()) != key) {
      unfinished.order.Clear();
      *unfinished.order.mutable_attempt() = wire::to_proto(key);
    }
    pb::AttemptEnded over;
    if (!started.over.empty() && wire::decode(started.over, kBodyBytesMax, over).ok()) {
      unfinished.over = std::move(over);
    }
    out.unfinished.push_back(std::move(unfinished));
  }
  for (const auto& [key, bytes] : state_.ended) {
    pb::AttemptEnded end;
    if (wire::decode(bytes, kBodyBytesMax, end).ok()) {
      out.ended.push_back(std::move(end));
    } else {
      out.unfinished.emplace_back();
      *out.unfinished.back().order.mutable_attempt() = wire::to_proto(key);
    }
  }
  return out;
}

}  // namespace sweepd::agent
