// Following a trace: what is where, and what of it is synced.
#include "tests/power/disk_model.h"

#include "base/check.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

namespace sweepd::power {

namespace {

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

Disk::Disk(const Image& before, const Trust& trust) : trust_(trust) {
  live_[""] = add_node("", true);
  for (const auto& [path, file] : before) {  // a folder comes before what it holds
    const std::size_t node = add_node(path, file.folder, file.bytes);
    live_[path] = node;
    base_names_[node_at(folder_of(path))][std::string(name_of(path))] = node;
  }
}

std::size_t Disk::add_node(std::string_view path, bool folder, std::string base) {
  const auto in_order = folder ? trust_.names_in_order : trust_.appends_in_order;
  nodes_.push_back({folder, in_order != nullptr && in_order(path), std::move(base), {}});
  return nodes_.size() - 1;
}

std::size_t Disk::node_at(std::string_view path) const {
  const auto found = live_.find(path);
  SWEEPD_CHECK(found != live_.end());
  return found->second;
}

void Disk::name(std::string_view path, std::optional<std::size_t> node) {
  const std::size_t folder = node_at(folder_of(path));
  names_.push_back(
      {events_, folder, std::string(name_of(path)), node, false, false, names_.size()});
  if (node) {
    live_[std::string(path)] = *node;
  } else {
    live_.erase(live_.find(path));
  }
}

void Disk::take(const Event& event) {
  switch (event.kind) {
    case EventKind::kOpen:
      take_open(event);
      break;
    case EventKind::kClose:
      open_.erase(event.fd);
      synchronous_.erase(event.fd);
      break;
    case EventKind::kWrite:
    case EventKind::kResize: {
      Change change{events_, std::nullopt, event.number, event.other, false, false};
      if (event.kind == EventKind::kResize) {
        change.size = event.number;
      }
      change.durable = synchronous_.contains(event.fd);
      nodes_[open_.at(event.fd)].changes.push_back(change);
      break;
    }
    case EventKind::kSync:
    case EventKind::kSyncFailed:
      sync_node(open_.at(event.fd), event.number, event.kind == EventKind::kSyncFailed);
      break;
    case EventKind::kRename:
      move(event);
      break;
    case EventKind::kLink:
      name(event.other, node_at(event.path));
      break;
    case EventKind::kUnlink:
    case EventKind::kRemoveFolder:
      name(event.path, std::nullopt);
      break;
    case EventKind::kMakeFolder:
      name(event.path, add_node(event.path, true));
      break;
    case EventKind::kMark:
      break;
  }
  ++events_;
}

void Disk::take_open(const Event& event) {
  if ((event.flags & kMade) != 0) {
    name(event.path, add_node(event.path, false));
  }
  const std::size_t node = node_at(event.path);
  open_[event.fd] = node;
  if ((event.flags & kSynchronous) != 0) {
    synchronous_.insert(event.fd);
  }
  if ((event.flags & kEmptied) != 0) {
    nodes_[node].changes.push_back({events_, 0, 0, {}, false, false});
  }
}

void Disk::move(const Event& event) {
  const std::size_t node = node_at(event.path);
  SWEEPD_CHECK(!nodes_[node].folder);  // nobody renames a folder, so paths below need not follow
  name(event.other, node);
  name(event.path, std::nullopt);
  const std::size_t last = names_.size() - 1;
  names_[last].other_half = last - 1;
  names_[last - 1].other_half = last;
}

void Disk::sync_node(std::size_t synced, std::uint64_t covered, bool failed) {
  const auto settle = [&](auto& change) {
    if (change.at < covered && !change.durable) {
      change.durable = !failed && !change.doubtful;
      change.doubtful = change.doubtful || failed;
    }
  };
  Node& node = nodes_[synced];
  std::for_each(node.changes.begin(), node.changes.end(), settle);
  for (Naming& naming : names_) {
    if (naming.folder == synced) {
      settle(naming);
    }
  }
}

void materialise(const Image& image, const std::string& folder) {
  namespace fs = std::filesystem;
  fs::remove_all(folder);
  fs::create_directories(folder);
  for (const auto& [path, file] : image) {
    const std::string place = folder + "/" + path;
    if (file.folder) {
      fs::create_directories(place);
    } else {
      std::ofstream out(place, std::ios::binary);
      out.write(file.bytes.data(), static_cast<std::streamsize>(file.bytes.size()));
      SWEEPD_CHECK(out.good());
    }
  }
}

}  // namespace sweepd::power
