// What a disk may hold after a power cut: all that was synced, and of the rest whatever it likes.
#pragma once

#include "tests/power/trace.h"
#include "tests/sim/random.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::power {

// The files below a folder, by their path; folders hold nothing.
struct ImageFile {
  bool folder = false;
  std::string bytes;

  bool operator==(const ImageFile&) const = default;
};

using Image = std::map<std::string, ImageFile, std::less<>>;

// Which of the things that were not synced survive a cut. The orderly ones are special cases of
// the others; drawing them as well makes near misses likely.
enum class Survival {
  kNone,    // nothing
  kAll,     // everything
  kUntil,   // everything up to a moment: a disk that writes in order
  kEach,    // each operation by itself, writes also in part
  kBlocks,  // each block is as it was at a moment of its own, as a page cache is written back
};

// How one disk treats what was not synced.
struct Temper {
  Survival writes = Survival::kNone;
  Survival names = Survival::kNone;
  std::uint64_t block_bytes = 512;
  bool sizes_apart = false;     // the size of a file may be older or newer than its bytes
  bool garbage = false;         // what was never written reads as garbage, not as zeros
  bool moves_are_whole = true;  // a rename from folder to folder is never half there
};

Temper draw_temper(sim::Random& random);

// What a library needs of a file system beyond the letter of POSIX. All that journaling file
// systems give; only for the files of the library that needs it.
struct Trust {
  // Changes of names in such a folder reach the disk in their order.
  bool (*names_in_order)(std::string_view folder) = nullptr;
  // Appends to such a file reach the disk in their order, and what is missing is not in the file
  // or zeros.
  bool (*appends_in_order)(std::string_view path) = nullptr;
};

// Follows a trace from its beginning and keeps apart what is synced and what is not.
//
// A sync covers what was done to its file (or to the names of its folder) before it began, and
// nothing else: the name of a new file needs a sync of its folder. What a failed sync covered may
// be lost although a later one succeeds (the pages count as clean).
class Disk {
 public:
  explicit Disk(const Image& before, const Trust& trust = {});

  void take(const Event& event);

  // One of the images that a cut at this moment may leave.
  Image after_cut(const Temper& temper, sim::Random random) const;

  // What the running system sees.
  Image live() const;

 private:
  struct Change {
    std::uint64_t at = 0;               // the number of its event
    std::optional<std::uint64_t> size;  // a resize, else a write
    std::uint64_t offset = 0;
    std::string_view bytes;
    bool durable = false;
    bool doubtful = false;  // a sync of it has failed
  };

  struct Node {
    bool folder = false;
    bool in_order = false;
    std::string base;  // bytes under the changes
    std::vector<Change> changes;
  };

  // A name in a folder that comes to stand for a file, or for none.
  struct Naming {
    std::uint64_t at = 0;
    std::size_t folder = 0;
    std::string name;
    std::optional<std::size_t> node;
    bool durable = false;
    bool doubtful = false;
    std::size_t other_half = 0;  // of a move between folders: index in names_, else its own
  };

  using Names = std::map<std::size_t, std::map<std::string, std::size_t>>;  // by folder

  std::size_t add_node(std::string_view path, bool folder, std::string base = {});
  std::size_t node_at(std::string_view path) const;
  void name(std::string_view path, std::optional<std::size_t> node);
  void take_open(const Event& event);
  void take_sync(const Event& event);
  void sync_node(std::size_t node, std::uint64_t covered, bool failed);
  void move(const Event& event);
  std::string bytes_after_cut(std::size_t node, const Temper& temper, sim::Random random) const;
  Names names_after_cut(const Temper& temper, sim::Random random) const;
  std::uint64_t moment(std::uint64_t first, sim::Random& random) const;

  Trust trust_;
  std::vector<Node> nodes_;  // 0: the folder itself
  std::vector<Naming> names_;
  std::map<std::string, std::size_t, std::less<>> live_;  // by path
  std::map<int, std::size_t> open_;                       // by descriptor
  std::set<int> synchronous_;
  Names base_names_;
  std::uint64_t events_ = 0;
};

// The image as files in an empty folder.
void materialise(const Image& image, const std::string& folder);

}  // namespace sweepd::power
