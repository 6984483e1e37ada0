// Events as bytes in shared memory.
#include "tests/power/trace.h"

#include "base/check.h"

#include <fmt/format.h>

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <new>

namespace sweepd::power {

namespace {

struct Row {
  EventKind kind;
  std::int32_t fd;
  std::uint32_t flags;
  std::uint32_t path_bytes;
  std::uint64_t number;
  std::uint64_t other_bytes;
};

// Rows stay aligned whatever the lengths of their texts.
std::size_t padded(std::size_t bytes) {
  return (bytes + 7) / 8 * 8;
}

constexpr const char* kNames[] = {"?",
                                  "open",
                                  "close",
                                  "write",
                                  "resize",
                                  "sync",
                                  "sync-failed",
                                  "rename",
                                  "link",
                                  "unlink",
                                  "mkdir",
                                  "rmdir",
                                  "mark"};

}  // namespace

std::string to_string(const Event& event) {
  return fmt::format("{} fd={} flags={} number={} path='{}' {}",
                     kNames[static_cast<std::size_t>(event.kind)],
                     event.fd,
                     event.flags,
                     event.number,
                     event.path,
                     event.kind == EventKind::kWrite ? fmt::format("{} bytes", event.other.size())
                                                     : std::string(event.other));
}

Tape::Tape(std::size_t bytes) : capacity_(bytes) {
  void* memory = ::mmap(nullptr,
                        sizeof(Head) + bytes,
                        PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
  SWEEPD_CHECK(memory != MAP_FAILED);
  head_ = new (memory) Head{};
  bytes_ = static_cast<char*>(memory) + padded(sizeof(Head));
  capacity_ -= padded(sizeof(Head)) - sizeof(Head);
}

Tape::~Tape() {
  ::munmap(head_, capacity_ + padded(sizeof(Head)));
}

void Tape::clear() {
  head_->events = 0;
  head_->used = 0;
  head_->said = 0;
  for (auto& note : head_->notes) {
    note = 0;
  }
}

void Tape::append(const Event& event) {
  const std::size_t used = head_->used;
  const std::size_t bytes = sizeof(Row) + padded(event.path.size()) + padded(event.other.size());
  SWEEPD_CHECK(used + bytes <= capacity_);
  const Row row{event.kind,
                event.fd,
                event.flags,
                static_cast<std::uint32_t>(event.path.size()),
                event.number,
                event.other.size()};
  char* at = bytes_ + used;
  std::memcpy(at, &row, sizeof(Row));
  std::copy(event.path.begin(), event.path.end(), at + sizeof(Row));
  std::copy(event.other.begin(), event.other.end(), at + sizeof(Row) + padded(event.path.size()));
  head_->used = used + bytes;
  ++head_->events;
}

std::vector<Event> Tape::read() const {
  std::vector<Event> events;
  const std::size_t count = head_->events;
  events.reserve(count);
  const char* at = bytes_;
  while (events.size() < count) {
    Row row;
    std::memcpy(&row, at, sizeof(Row));
    const char* path = at + sizeof(Row);
    const char* other = path + padded(row.path_bytes);
    events.push_back({row.kind,
                      row.fd,
                      row.flags,
                      row.number,
                      {path, row.path_bytes},
                      {other, static_cast<std::size_t>(row.other_bytes)}});
    at = other + padded(row.other_bytes);
  }
  return events;
}

void Tape::save(const std::string& path) const {
  std::ofstream out(path, std::ios::binary);
  out.write(bytes_, static_cast<std::streamsize>(head_->used.load()));
}

bool Tape::load(const std::string& path) {
  clear();
  std::ifstream in(path, std::ios::binary);
  in.read(bytes_, static_cast<std::streamsize>(capacity_));
  const auto used = static_cast<std::size_t>(in.gcount());
  for (std::size_t at = 0; at + sizeof(Row) <= used; ++head_->events) {
    Row row;
    std::memcpy(&row, bytes_ + at, sizeof(Row));
    at += sizeof(Row) + padded(row.path_bytes) + padded(row.other_bytes);
  }
  head_->used = used;
  return used > 0;
}

void Tape::say(std::string_view text) {
  const std::size_t length = std::min(text.size(), sizeof(head_->text));
  std::copy_n(text.begin(), length, head_->text);
  head_->said = length;
}

std::string_view Tape::said() const {
  return {head_->text, static_cast<std::size_t>(head_->said)};
}

}  // namespace sweepd::power
