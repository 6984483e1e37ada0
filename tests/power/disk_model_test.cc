// The model of the disk: what is synced is there after every cut, what is not may be anything.
#include "tests/power/disk_model.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace sweepd::power;
using sweepd::sim::Random;

namespace {

Event open_new(int fd, std::string_view path) {
  return {EventKind::kOpen, fd, kMade, 0, path, {}};
}

Event open_folder(int fd, std::string_view path) {
  return {EventKind::kOpen, fd, 0, 0, path, {}};
}

Event write_at(int fd, std::uint64_t offset, std::string_view bytes) {
  return {EventKind::kWrite, fd, 0, offset, {}, bytes};
}

Event sync_before(int fd, std::uint64_t covered) {
  return {EventKind::kSync, fd, 0, covered, {}, {}};
}

Event rename_to(std::string_view from, std::string_view to) {
  return {EventKind::kRename, -1, 0, 0, from, to};
}

// What a file holds after many cuts at the end of the events; "-" where it is not there.
std::set<std::string> outcomes(const std::vector<Event>& events,
                               const std::string& path,
                               const Image& before = {}) {
  Disk disk(before);
  for (const Event& event : events) {
    disk.take(event);
  }
  std::set<std::string> found;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    Random random(seed);
    Temper temper = draw_temper(random);
    temper.garbage = false;
    const Image image = disk.after_cut(temper, random.fork(1));
    const auto file = image.find(path);
    found.insert(file == image.end() ? "-" : file->second.bytes);
  }
  return found;
}

using Set = std::set<std::string>;
const Image kOld = {{"f", {false, "old"}}};

}  // namespace

TEST_CASE("disk: a new file needs a sync of itself and one of its folder") {
  const std::vector<Event> file = {
      open_new(3, "f"), write_at(3, 0, "new"), sync_before(3, 2), open_folder(4, "")};
  CHECK(outcomes(file, "f") == Set{"-", "new"});
  std::vector<Event> both = file;
  both.push_back(sync_before(4, 4));
  CHECK(outcomes(both, "f") == Set{"new"});
  const std::vector<Event> folder = {
      open_new(3, "f"), write_at(3, 0, "new"), open_folder(4, ""), sync_before(4, 3)};
  const Set found = outcomes(folder, "f");
  CHECK(found.contains(""));
  CHECK(found.contains("new"));
  CHECK_FALSE(found.contains("-"));
}

TEST_CASE("disk: writes after the beginning of a sync are not covered by it") {
  const std::vector<Event> events = {
      open_folder(3, "f"), write_at(3, 0, "one"), write_at(3, 3, "two"), sync_before(3, 2)};
  const Set found = outcomes(events, "f", kOld);
  CHECK(found.contains("one"));
  CHECK(found.contains("onetwo"));
  CHECK_FALSE(found.contains("old"));
}

TEST_CASE("disk: a later write may survive an earlier one, and a size its bytes") {
  const std::vector<Event> events = {
      open_folder(3, "f"), write_at(3, 3, "-a"), write_at(3, 5, "-b")};
  const Set found = outcomes(events, "f", kOld);
  for (const std::string_view bytes : {std::string_view("old"),
                                       std::string_view("old-a"),
                                       std::string_view("old-a-b"),
                                       std::string_view("old\0\0-b", 7),
                                       std::string_view("old\0\0", 5)}) {
    CHECK(found.contains(std::string(bytes)));
  }
}

TEST_CASE("disk: large writes are torn at blocks and nowhere else") {
  const std::string bytes(1500, 'x');
  const std::vector<Event> events = {open_folder(3, "f"), write_at(3, 0, bytes)};
  const Image zeros = {{"f", {false, std::string(1500, '.')}}};
  const Set found = outcomes(events, "f", zeros);
  CHECK(found.size() >= 4);
  for (const std::string& content : found) {
    REQUIRE(content.size() == 1500);
    for (std::size_t i = 0; i + 1 < content.size(); ++i) {
      CHECK((content[i] == content[i + 1] || (i + 1) % 512 == 0));
    }
  }
}

TEST_CASE("disk: a rename is there or not, and never neither file") {
  const std::vector<Event> events = {
      open_new(3, "g"), write_at(3, 0, "new"), sync_before(3, 2), rename_to("g", "f")};
  CHECK(outcomes(events, "f", kOld) == Set{"new", "old"});
  CHECK(outcomes(events, "g", kOld) == Set{"-", "new"});
}

TEST_CASE("disk: what a failed sync covered may be lost although the next one succeeds") {
  const std::vector<Event> events = {open_folder(3, "f"),
                                     write_at(3, 0, "new"),
                                     {EventKind::kSyncFailed, 3, 0, 2, {}, {}},
                                     write_at(3, 3, "er"),
                                     sync_before(3, 4)};
  const Set found = outcomes(events, "f", kOld);
  CHECK(found.contains("older"));
  CHECK(found.contains("newer"));
  CHECK_FALSE(found.contains("old"));
}

TEST_CASE("disk: a folder that is not synced in its own takes all that it holds along") {
  const std::vector<Event> events = {{EventKind::kMakeFolder, -1, 0, 0, "d", {}},
                                     open_new(3, "d/f"),
                                     write_at(3, 0, "new"),
                                     sync_before(3, 3),
                                     open_folder(4, "d"),
                                     sync_before(4, 5)};
  CHECK(outcomes(events, "d/f") == Set{"-", "new"});
  std::vector<Event> whole = events;
  whole.push_back(open_folder(5, ""));
  whole.push_back(sync_before(5, 7));
  CHECK(outcomes(whole, "d/f") == Set{"new"});
}

TEST_CASE("disk: without a cut there is what the program sees") {
  Disk disk(kOld);
  for (const Event& event : {open_new(3, "g"), write_at(3, 0, "x"), rename_to("g", "f")}) {
    disk.take(event);
  }
  CHECK(disk.live() == Image{{"f", {false, "x"}}});
}
