// A power cut: of what was not synced, some survives.
#include "tests/power/disk_model.h"

#include <algorithm>
#include <utility>

namespace sweepd::power {

namespace {

Survival draw_survival(sim::Random& random) {
  return static_cast<Survival>(random.between(0, static_cast<int>(Survival::kBlocks)));
}

// The bytes of a file while changes are applied, some of them in part.
class Content {
 public:
  Content(std::string base, bool garbage, sim::Random random)
      : bytes_(std::move(base)), garbage_(garbage), random_(random) {}

  const std::string& bytes() const { return bytes_; }

  std::string take() { return std::move(bytes_); }

  void write(std::uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) {
      return;
    }
    if (bytes_.size() < offset) {
      stretch(offset);
    }
    bytes_.resize(std::max<std::size_t>(bytes_.size(), offset + bytes.size()));
    bytes.copy(bytes_.data() + offset, bytes.size());
  }

  void resize(std::uint64_t size) { bytes_.resize(size); }

  // Makes the file longer by what nobody has written.
  void stretch(std::uint64_t size) {
    const std::size_t before = bytes_.size();
    bytes_.resize(size);
    for (std::size_t at = before; garbage_ && at < bytes_.size(); ++at) {
      bytes_[at] = static_cast<char>(random_.next());
    }
  }

 private:
  std::string bytes_;
  bool garbage_;
  sim::Random random_;
};

// Applies a write block by block: each block has all writes up to a moment of its own.
template <typename Moment>
void write_blocks(Content& content,
                  std::uint64_t offset,
                  std::string_view bytes,
                  std::uint64_t block_bytes,
                  Moment survives) {
  std::uint64_t done = 0;
  while (done < bytes.size()) {
    const std::uint64_t at = offset + done;
    const std::uint64_t part =
        std::min<std::uint64_t>(bytes.size() - done, block_bytes - at % block_bytes);
    if (survives(at / block_bytes)) {
      content.write(at, bytes.substr(done, part));
    }
    done += part;
  }
}

}  // namespace

Temper draw_temper(sim::Random& random) {
  Temper temper;
  temper.writes = draw_survival(random);
  temper.names = draw_survival(random);
  temper.block_bytes = random.chance(0.5) ? 512 : 4096;
  temper.sizes_apart = random.chance(0.3);
  temper.garbage = random.chance(0.15);
  temper.moves_are_whole = random.chance(0.5);
  return temper;
}

// From the event `first` to just behind the last one.
std::uint64_t Disk::moment(std::uint64_t first, sim::Random& random) const {
  return static_cast<std::uint64_t>(
      random.between(static_cast<std::int64_t>(first), static_cast<std::int64_t>(events_)));
}

std::string Disk::bytes_after_cut(std::size_t number,
                                  const Temper& drawn,
                                  sim::Random random) const {
  const Node& node = nodes_[number];
  Temper temper = drawn;
  if (node.in_order) {
    const bool all_or_none = temper.writes == Survival::kNone || temper.writes == Survival::kAll;
    temper.writes = all_or_none ? temper.writes : Survival::kUntil;
    temper.garbage = false;
  }
  const auto unsynced = std::find_if(
      node.changes.begin(), node.changes.end(), [](const Change& c) { return !c.durable; });
  const std::uint64_t first = unsynced == node.changes.end() ? events_ : unsynced->at;
  const std::uint64_t until = moment(first, random);
  const sim::Random blocks = random.fork(1);
  Content content(node.base, temper.garbage, random.fork(2));
  std::uint64_t size = node.base.size();
  std::vector<std::uint64_t> sizes = {size};  // that the file may have
  for (const Change& change : node.changes) {
    size = change.size ? *change.size : std::max(size, change.offset + change.bytes.size());
    if (change.durable) {
      sizes.clear();
    }
    sizes.push_back(size);
    bool kept = change.durable || temper.writes == Survival::kAll;
    if (!kept && temper.writes == Survival::kUntil) {
      kept = change.at < until;
    } else if (!kept && (temper.writes == Survival::kEach || change.size)) {
      kept = temper.writes != Survival::kNone && random.chance(0.5);
    }
    if (change.size) {
      if (kept) {
        content.resize(*change.size);
      }
    } else if (kept) {
      content.write(change.offset, change.bytes);
    } else if (temper.writes == Survival::kEach && random.chance(0.5)) {
      const std::uint64_t begun = change.offset / temper.block_bytes;
      const auto whole = static_cast<std::uint64_t>(random.between(0, 8));
      write_blocks(content, change.offset, change.bytes, temper.block_bytes, [&](auto block) {
        return block < begun + whole;
      });
    } else if (temper.writes == Survival::kBlocks) {
      write_blocks(content, change.offset, change.bytes, temper.block_bytes, [&](auto block) {
        sim::Random own = blocks.fork(block);
        return change.at < moment(first, own);
      });
    }
  }
  if (temper.sizes_apart && unsynced != node.changes.end()) {
    const std::uint64_t chosen = sizes[random.next() % sizes.size()];
    if (chosen < content.bytes().size()) {
      content.resize(chosen);
    } else {
      content.stretch(chosen);
    }
  }
  return content.take();
}

Disk::Names Disk::names_after_cut(const Temper& temper, sim::Random random) const {
  Names names = base_names_;
  const std::uint64_t until = moment(0, random);
  const sim::Random folders = random.fork(1);
  std::vector<bool> kept(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Naming& naming = names_[i];
    sim::Random own = folders.fork(naming.folder);
    const bool ordered = nodes_[naming.folder].in_order && temper.names == Survival::kEach;
    switch (ordered ? Survival::kBlocks : temper.names) {
      case Survival::kNone:
        break;
      case Survival::kAll:
        kept[i] = true;
        break;
      case Survival::kUntil:
        kept[i] = naming.at < until;
        break;
      case Survival::kEach:
        kept[i] = random.chance(0.5);
        break;
      case Survival::kBlocks:  // a folder is written in order, and folders independently
        kept[i] = naming.at < moment(0, own);
        break;
    }
    kept[i] = kept[i] || naming.durable;
  }
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const std::size_t other = names_[i].other_half;
    const bool within = names_[other].folder == names_[i].folder;
    if (other > i && (within || temper.moves_are_whole)) {
      const bool whole = names_[i].durable || names_[other].durable || kept[i];
      kept[i] = whole;
      kept[other] = whole;
    }
  }
  for (std::size_t i = 0; i < names_.size(); ++i) {
    const Naming& naming = names_[i];
    if (kept[i] && naming.node) {
      names[naming.folder][naming.name] = *naming.node;
    } else if (kept[i]) {
      names[naming.folder].erase(naming.name);
    }
  }
  return names;
}

Image Disk::after_cut(const Temper& temper, sim::Random random) const {
  const Names names = names_after_cut(temper, random.fork(1));
  Image image;
  std::vector<std::pair<std::string, std::size_t>> folders = {{"", 0}};
  while (!folders.empty()) {
    const auto [path, folder] = folders.back();
    folders.pop_back();
    const auto held = names.find(folder);
    if (held == names.end()) {
      continue;
    }
    for (const auto& [name, node] : held->second) {
      const std::string place = path + name;
      if (nodes_[node].folder) {
        image[place] = {true, {}};
        folders.emplace_back(place + "/", node);
      } else {
        image[place] = {false, bytes_after_cut(node, temper, random.fork(2 + node))};
      }
    }
  }
  return image;
}

Image Disk::live() const {
  Temper all;
  all.writes = Survival::kAll;
  all.names = Survival::kAll;
  return after_cut(all, sim::Random(0));
}

}  // namespace sweepd::power
