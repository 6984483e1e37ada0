// Keys of the store: big-endian numbers.
#include "daemon/journal_keys.h"

namespace sweepd::daemon::keys {

namespace {

template <typename Int>
void append(std::string& key, Int value) {
  for (int shift = static_cast<int>(sizeof(Int)) * 8 - 8; shift >= 0; shift -= 8) {
    key.push_back(static_cast<char>(static_cast<unsigned char>(value >> shift)));
  }
}

}  // namespace

std::string number(std::uint64_t value) {
  std::string key;
  append(key, value);
  return key;
}

std::string record(SweepId sweep, std::uint64_t seq) {
  std::string key = number(sweep.value);
  append(key, seq);
  return key;
}

std::string attempt(const AttemptKey& attempt) {
  std::string key = number(attempt.sweep.value);
  append(key, attempt.trial.value);
  append(key, attempt.attempt.value);
  return key;
}

std::string metric(const AttemptKey& of, std::uint64_t seq) {
  std::string key = attempt(of);
  append(key, seq);
  return key;
}

std::string log_prefix(const LogKey& log) {
  std::string key = attempt(log.attempt);
  key.push_back(static_cast<char>(log.stream));
  return key;
}

std::string log(const LogKey& log, std::uint64_t offset) {
  std::string key = log_prefix(log);
  append(key, offset);
  return key;
}

std::string removed(SweepId sweep) {
  return std::string(kRemovedPrefix) + number(sweep.value);
}

std::string let_go(const std::string& digest) {
  return std::string(kLetGoPrefix) + digest;
}

std::optional<std::uint64_t> last_number(std::string_view key) {
  if (key.size() < 8) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  for (const char byte : key.substr(key.size() - 8)) {
    value = value << 8U | static_cast<unsigned char>(byte);
  }
  return value;
}

}  // namespace sweepd::daemon::keys
