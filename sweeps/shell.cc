// Shell quoting, without a shell.
#include "sweeps/shell.h"

#include "sweeps/command.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::sweeps {
namespace {

// Inside double quotes a backslash escapes only these.
constexpr std::string_view kEscapedInDouble = "$`\"\\\n";

bool is_blank(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

bool is_safe(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') ||
         std::string_view("_-./:=@%+,").find(byte) != std::string::npos;
}

std::string in_single_quotes(std::string_view value) {
  std::string out;
  for (const char byte : value) {
    if (byte == '\'') {
      out += "'\\''";  // end the quotes, a quote, begin them again
    } else {
      out += byte;
    }
  }
  return out;
}

// Splits one line; `\$` becomes `$$`, so that it stays a dollar when placeholders are replaced.
class Splitter {
 public:
  explicit Splitter(const std::string& text) : text_(text) {}

  Result<std::vector<std::string>> split() {
    for (pos_ = 0; pos_ < text_.size(); ++pos_) {
      const char byte = text_[pos_];
      if (quote_ == ShellQuote::kNone && is_blank(byte)) {
        end_word();
      } else if (byte == '\\' && quote_ != ShellQuote::kSingle) {
        take_escape();
      } else if (!take_quote(byte)) {
        add(byte);
      }
    }
    if (quote_ != ShellQuote::kNone) {
      return Error{Errc::kInvalidArgument,
                   fmt::format("the quote {} at column {} is not closed",
                               quote_ == ShellQuote::kSingle ? "'" : "\"",
                               quote_begin_ + 1)};
    }
    end_word();
    return std::move(words_);
  }

 private:
  void add(char byte) {
    word_ += byte;
    in_word_ = true;
  }

  void end_word() {
    if (in_word_) {
      words_.push_back(std::move(word_));
    }
    word_.clear();
    in_word_ = false;
  }

  void take_escape() {
    const bool last = pos_ + 1 == text_.size();
    const char next = last ? '\\' : text_[pos_ + 1];
    if (quote_ == ShellQuote::kDouble && kEscapedInDouble.find(next) == std::string_view::npos) {
      add('\\');
      return;
    }
    ++pos_;
    if (next == '\n') {
      return;  // a line that goes on
    }
    if (next == '$') {
      add('$');
    }
    add(next);
  }

  // Whether the byte opens or closes quotes.
  bool take_quote(char byte) {
    const ShellQuote kind = byte == '\''  ? ShellQuote::kSingle
                            : byte == '"' ? ShellQuote::kDouble
                                          : ShellQuote::kNone;
    if (kind == ShellQuote::kNone || (quote_ != ShellQuote::kNone && quote_ != kind)) {
      return false;
    }
    quote_begin_ = pos_;
    quote_ = quote_ == kind ? ShellQuote::kNone : kind;
    in_word_ = true;  // '' is an empty argument
    return true;
  }

  const std::string& text_;
  std::size_t pos_ = 0;
  std::size_t quote_begin_ = 0;
  ShellQuote quote_ = ShellQuote::kNone;
  bool in_word_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> split_command(const std::string& text) {
  return Splitter(text).split();
}

ShellQuote quote_after(ShellQuote before, std::string_view text) {
  ShellQuote quote = before;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && quote != ShellQuote::kSingle) {
      ++i;
    } else if (text[i] == '\'' && quote != ShellQuote::kDouble) {
      quote = quote == ShellQuote::kSingle ? ShellQuote::kNone : ShellQuote::kSingle;
    } else if (text[i] == '"' && quote != ShellQuote::kSingle) {
      quote = quote == ShellQuote::kDouble ? ShellQuote::kNone : ShellQuote::kDouble;
    }
  }
  return quote;
}

std::string quote_for_shell(std::string_view value, ShellQuote around) {
  switch (around) {
    case ShellQuote::kNone:
      return !value.empty() && std::all_of(value.begin(), value.end(), is_safe)
                 ? std::string(value)
                 : "'" + in_single_quotes(value) + "'";
    case ShellQuote::kSingle:
      return in_single_quotes(value);
    case ShellQuote::kDouble: {
      std::string out;
      for (const char byte : value) {
        if (std::string_view("$`\"\\").find(byte) != std::string_view::npos) {
          out += '\\';
        }
        out += byte;
      }
      return out;
    }
  }
  return {};
}

std::string_view shell_operator(std::string_view line) {
  ShellQuote quote = ShellQuote::kNone;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote == ShellQuote::kNone) {
      for (const std::string_view op : {"&&", "||", "<<", ">>", "2>", "|", ";", "<", ">", "&"}) {
        // `2>` is an operator only at the begin of a word.
        const bool inside_word = op[0] == '2' && i > 0 && !is_blank(line[i - 1]);
        if (line.substr(i, op.size()) == op && !inside_word) {
          return line.substr(i, op.size());
        }
      }
    }
    const std::size_t step = line[i] == '\\' && quote != ShellQuote::kSingle ? 2 : 1;
    quote = quote_after(quote, line.substr(i, step));
    i += step - 1;
  }
  return {};
}

}  // namespace sweepd::sweeps
