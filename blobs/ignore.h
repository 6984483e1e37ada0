// What of a folder is left behind: the rules of `.sweepignore`, in the syntax of .gitignore.
#pragma once

#include "blobs/glob.h"

#include <optional>
#include <string_view>
#include <vector>

namespace sweepd::blobs {

constexpr std::string_view kIgnoreFile = ".sweepignore";

// One pattern a line; the last one that matches decides:
//
//   # a comment             \#file  \!file   a name that begins so
//   *.ckpt                  at any depth: `*` and `?` match all but '/', `[a-z]` and `[!a-z]` one
//   byte /data                   only at the top, as does any pattern with a '/' before its end
//   runs/                   only a folder
//   docs/**/figures         `**` as a whole part: any number of folders; `a/**` is all that is in
//   `a` !keep.ckpt              not ignored after all
//
// Blanks at the end of a line are dropped unless written `\ `. What is in an ignored folder cannot
// be had back; the folder can. Only the file at the top counts. Before its first line stand
// `.git/`, `__pycache__/`, `*.pyc`, `.venv/` and `node_modules/`; `!.venv/` takes one back.
class Ignore {
 public:
  explicit Ignore(
      std::string_view text = {});  // every text is one; patterns that cannot match do not

  struct Entry {
    std::string_view path;  // from the top, with '/'
    bool folder = false;
  };

  // Whether the entry itself is ignored. Does not look at the folders that it is in: a walk that
  // stays out of ignored folders never asks.
  bool ignores(const Entry& entry) const;

 private:
  struct Rule {
    bool negated = false;
    bool folder_only = false;
    std::vector<std::optional<Glob>> parts;  // nothing: `**`, any number of parts
  };

  static std::optional<Rule> compile(std::string_view line);
  static bool matches(const Rule& rule, const std::vector<std::string_view>& parts);

  std::vector<Rule> rules_;
};

}  // namespace sweepd::blobs
