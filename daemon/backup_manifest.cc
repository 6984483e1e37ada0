// The list of what a backup holds.
#include "daemon/backup_manifest.h"

#include "blobs/digest.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <vector>

namespace sweepd::daemon {

namespace {

constexpr std::string_view kFirstLine = "sweepd backup 1";

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t space = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, space));
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  return words;
}

template <typename Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool take(BackupManifest& manifest, const std::vector<std::string_view>& words) {
  if (words.size() == 3 && words[0] == "blob" && blobs::is_digest(words[1])) {
    return read(words[2], manifest.blobs[std::string(words[1])]);
  }
  if (words.size() != 2) {
    return false;
  }
  if (words[0] == "store") {
    manifest.store = words[1];
    return true;
  }
  return (words[0] == "term" && read(words[1], manifest.term)) ||
         (words[0] == "next_record" && read(words[1], manifest.next_seq)) ||
         (words[0] == "taken_us" && read(words[1], manifest.taken.us));
}

}  // namespace

std::string encode_backup(const BackupManifest& manifest) {
  std::string text = fmt::format("{}\nstore {}\nterm {}\nnext_record {}\ntaken_us {}\n",
                                 kFirstLine,
                                 manifest.store,
                                 manifest.term,
                                 manifest.next_seq,
                                 manifest.taken.us);
  for (const auto& [digest, size] : manifest.blobs) {
    text += fmt::format("blob {} {}\n", digest, size);
  }
  return text + fmt::format("end {}\n", manifest.blobs.size());
}

Result<BackupManifest> decode_backup(std::string_view text) {
  BackupManifest manifest;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line == fmt::format("end {}", manifest.blobs.size()) && text.empty() &&
        end != std::string_view::npos) {
      return manifest;
    }
    const bool good = number == 1 ? line == kFirstLine : take(manifest, words_of(line));
    if (!good) {
      return Error{Errc::kCorrupt, fmt::format("line {} of the list of a backup is wrong", number)};
    }
  }
  return Error{Errc::kCorrupt, "the list of a backup has no end"};
}

}  // namespace sweepd::daemon
