// The only file that sees toml++: its exceptions end here, its key order becomes file order.
#include "sweeps/toml_reader.h"

#include "base/limits.h"
#include "sweeps/toml_scan.h"
#include "sweeps/toml_syntax.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>
#include <variant>

namespace sweepd::sweeps {
namespace {

// So many statements are left out and reported before the reader gives up on the rest.
constexpr int kSyntaxFaultsMax = 20;

// Turns the parser's places (columns in characters) into ours (columns in bytes).
class Ruler {
 public:
  explicit Ruler(std::string_view text) : text_(text), lines_{{0, 0}} {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (begins_character(i)) {
        if (characters_ % kStride == 0) {
          marks_.push_back(i);
        }
        ++characters_;
      }
      if (text[i] == '\n') {
        lines_.push_back({i + 1, characters_});
      }
    }
  }

  std::size_t offset(const toml::source_position& at) const {
    if (at.line == 0 || at.line > lines_.size()) {
      return text_.size();
    }
    if (at.column <= 1) {
      return lines_[at.line - 1].offset;
    }
    const std::size_t character = lines_[at.line - 1].characters + at.column - 1;
    if (character >= characters_) {
      return text_.size();
    }
    std::size_t offset = marks_[character / kStride];
    for (std::size_t left = character % kStride; left > 0; --left) {
      do {
        ++offset;
      } while (!begins_character(offset));
    }
    return offset;
  }

  Place place(std::size_t offset, std::size_t length) const {
    const auto after = std::upper_bound(
        lines_.begin(), lines_.end(), offset, [](std::size_t place, const Line& line) {
          return place < line.offset;
        });
    const auto line = static_cast<std::size_t>(after - lines_.begin());
    const std::size_t begin = lines_[line - 1].offset;
    const std::size_t line_end = after == lines_.end() ? text_.size() : after->offset - 1;
    Place place;
    place.line = static_cast<std::uint32_t>(line);
    place.column = static_cast<std::uint32_t>(offset - begin + 1);
    place.length = static_cast<std::uint32_t>(
        std::max<std::size_t>(1, std::min(length, line_end - std::min(offset, line_end))));
    return place;
  }

  // Of a part that may go on over several lines: the piece on its first line.
  Place place(const toml::source_region& region) const {
    const std::size_t begin = offset(region.begin);
    const std::size_t end = offset(region.end);
    return place(begin, end > begin ? end - begin : 1);
  }

 private:
  // One line of ten thousand values is walked along once, not once for each of them.
  static constexpr std::size_t kStride = 64;

  struct Line {
    std::size_t offset = 0;
    std::size_t characters = 0;  // before it
  };

  bool begins_character(std::size_t offset) const {
    return (static_cast<unsigned char>(text_[offset]) & 0xC0U) != 0x80U;
  }

  std::string_view text_;
  std::vector<Line> lines_;
  std::vector<std::size_t> marks_;  // the offset of every kStride-th character
  std::size_t characters_ = 0;
};

// Copies toml++'s tree. Works off a list instead of calling itself: depth is the user's choice.
class Copier {
 public:
  explicit Copier(const Ruler& ruler) : ruler_(ruler) {}

  TomlTable copy(const toml::table& root) {
    TomlValue out;
    pending_.push_back({&root, &out});
    while (!pending_.empty()) {
      const auto [from, to] = pending_.back();
      pending_.pop_back();
      copy_node(*from, *to);
    }
    return std::get<TomlTable>(std::move(out.data));
  }

 private:
  struct Pending {
    const toml::node* from;
    TomlValue* to;  // stays valid: the list that holds it has its final size
  };

  void copy_node(const toml::node& from, TomlValue& to) {
    to.place = ruler_.place(from.source());
    if (const auto* table = from.as_table()) {
      copy_table(*table, to);
    } else if (const auto* array = from.as_array()) {
      copy_array(*array, to);
    } else if (const auto* text = from.as_string()) {
      to.data = text->get();
    } else if (const auto* integer = from.as_integer()) {
      to.data = integer->get();
    } else if (const auto* real = from.as_floating_point()) {
      to.data = real->get();
    } else if (const auto* boolean = from.as_boolean()) {
      to.data = boolean->get();
    } else {
      to.data = TomlDate{};
    }
  }

  void copy_table(const toml::table& from, TomlValue& to) {
    struct Item {
      toml::source_position begin;
      const toml::key* key;
      const toml::node* node;
    };

    std::vector<Item> items;
    for (auto it = from.cbegin(); it != from.cend(); ++it) {
      items.push_back({it->first.source().begin, &it->first, &it->second});
    }
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return std::make_tuple(a.begin.line, a.begin.column, a.key->str()) <
             std::make_tuple(b.begin.line, b.begin.column, b.key->str());
    });
    TomlTable table;
    table.is_inline = from.is_inline();
    table.entries.resize(items.size());
    to.data = std::move(table);
    auto& entries = std::get<TomlTable>(to.data).entries;
    for (std::size_t i = 0; i < items.size(); ++i) {
      entries[i].key = std::string(items[i].key->str());
      entries[i].place = ruler_.place(items[i].key->source());
      pending_.push_back({items[i].node, &entries[i].value});
    }
  }

  void copy_array(const toml::array& from, TomlValue& to) {
    TomlArray array;
    array.items.resize(from.size());
    to.data = std::move(array);
    auto& items = std::get<TomlArray>(to.data).items;
    for (std::size_t i = 0; i < items.size(); ++i) {
      pending_.push_back({&from[i], &items[i]});
    }
  }

  const Ruler& ruler_;
  std::vector<Pending> pending_;
};

struct ParserFault {
  std::string description;
  toml::source_position at;
};

std::variant<toml::table, ParserFault> parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return ParserFault{std::string(error.description()), error.source().begin};
  }
}

void blank(std::string& text, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end && i < text.size(); ++i) {
    if (text[i] != '\n') {
      text[i] = ' ';
    }
  }
}

// Takes a statement out of the text. A header takes the statements of its table along: they would
// fall into the table before it.
void leave_out(std::string& text, const TomlScan& scan, std::size_t statement) {
  std::size_t last = statement;
  if (scan.statements[statement].header) {
    while (last + 1 < scan.statements.size() && !scan.statements[last + 1].header) {
      ++last;
    }
  }
  blank(text, scan.statements[statement].begin, scan.statements[last].end);
}

}  // namespace

TomlTable read_toml(std::string_view text, Faults& faults) {
  if (text.size() > limits::kSweepFileBytesMax) {
    faults.error({},
                 fmt::format("the file has {} bytes, more than the {} that a sweep file may have",
                             text.size(),
                             limits::kSweepFileBytesMax));
    faults.part_unreadable();
    return {};
  }
  const Ruler ruler(text);
  const TomlScan scan = scan_toml(text);
  std::string readable(text);
  for (const TomlFlaw& flaw : scan.flaws) {
    faults.error(ruler.place(flaw.offset, flaw.length), flaw.message, flaw.help);
    faults.part_unreadable();
    if (flaw.statement < scan.statements.size()) {
      leave_out(readable, scan, flaw.statement);
    }
  }
  for (int tries = 0; tries < kSyntaxFaultsMax && !scan.unreadable; ++tries) {
    auto parsed = parse(readable);
    if (const auto* table = std::get_if<toml::table>(&parsed)) {
      return Copier(ruler).copy(*table);
    }
    const auto& fault = std::get<ParserFault>(parsed);
    const SyntaxFault told =
        tell_syntax_fault(text, scan, ruler.offset(fault.at), fault.description);
    faults.error(ruler.place(told.offset, told.length), told.message, told.help);
    faults.part_unreadable();
    if (told.statement == TomlStatement::kNone) {
      break;
    }
    leave_out(readable, scan, told.statement);
  }
  return {};
}

TomlValue read_override_value(std::string_view text) {
  const std::string document = fmt::format("value = {}", text);
  const TomlScan scan = scan_toml(document);
  if (!scan.unreadable && scan.flaws.empty() && scan.statements.size() == 1) {
    auto parsed = parse(document);
    if (const auto* table = std::get_if<toml::table>(&parsed)) {
      const Ruler ruler(document);
      return std::move(Copier(ruler).copy(*table).entries.front().value);
    }
  }
  TomlValue value;
  value.data = std::string(text);
  return value;
}

std::optional<std::vector<std::string>> read_key_path(std::string_view text) {
  const std::string document = fmt::format("{} = 0", text);
  const TomlScan scan = scan_toml(document);
  const bool one_pair = scan.statements.size() == 1 && !scan.statements[0].header &&
                        scan.statements[0].equals == document.size() - 3;
  if (scan.unreadable || !scan.flaws.empty() || !one_pair) {
    return std::nullopt;
  }
  auto parsed = parse(document);
  std::vector<std::string> path;
  const auto* node = static_cast<const toml::node*>(std::get_if<toml::table>(&parsed));
  for (; node != nullptr && node->is_table() && !node->as_table()->empty();
       node = &node->as_table()->cbegin()->second) {
    path.emplace_back(node->as_table()->cbegin()->first.str());
  }
  return path.empty() ? std::nullopt : std::optional(std::move(path));
}

}  // namespace sweepd::sweeps
