// Ignore rules, one table: the cases of the gitignore manual and the corners beside them.
#include "blobs/ignore.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace sweepd;
using blobs::Glob;
using blobs::Ignore;

namespace {

struct Case {
  std::string rules;
  std::string path;  // a '/' behind: a folder
  bool ignored;
};

bool ignores(const std::string& rules, const std::string& path) {
  const bool folder = path.ends_with('/');
  return Ignore(rules).ignores(
      {std::string_view(path).substr(0, path.size() - (folder ? 1 : 0)), folder});
}

const std::vector<Case> kTable = {
    // Names match at any depth.
    {"foo", "foo", true},
    {"foo", "a/b/foo", true},
    {"foo", "foo/", true},
    {"foo", "foobar", false},
    {"*.ckpt", "a/last.ckpt", true},
    {"*.ckpt", ".ckpt", true},
    {"*.ckpt", "last.ckpt.txt", false},
    // A slash before the end anchors.
    {"/foo", "foo", true},
    {"/foo", "a/foo", false},
    {"a/foo", "a/foo", true},
    {"a/foo", "b/a/foo", false},
    {"a/*", "a/b", true},
    {"a/*", "a/b/c", false},
    {"/*.c", "x.c", true},
    {"/*.c", "a/x.c", false},
    // A slash at the end: folders only.
    {"runs/", "runs/", true},
    {"runs/", "runs", false},
    {"runs/", "a/runs/", true},
    {"/runs/", "a/runs/", false},
    {"a/b/", "a/b/", true},
    {"a/b/", "a/b", false},
    // Any number of folders.
    {"**/foo", "foo", true},
    {"**/foo", "a/b/foo", true},
    {"**/a/b", "x/y/a/b", true},
    {"a/**", "a/b", true},
    {"a/**", "a/b/c", true},
    {"a/**", "a/", false},
    {"a/**/b", "a/b", true},
    {"a/**/b", "a/x/b", true},
    {"a/**/b", "a/x/y/b", true},
    {"a/**/b", "a/x/y/c", false},
    {"a/**/b/**/c", "a/b/x/b/c", true},
    {"a/**/b/**/c", "a/b/x/d", false},
    {"a/**/**/b", "a/b", true},
    {"**", "x", true},
    {"**/", "x/", true},
    {"**/", "x", false},
    {"a**b", "axxb", true},
    {"a**b", "a/b", false},
    {"/**/x", "x", true},
    // One byte, one of a set.
    {"?.py", "a.py", true},
    {"?.py", "ab.py", false},
    {"a?b", "a/b", false},
    {"[a-c]x", "bx", true},
    {"[a-c]x", "dx", false},
    {"[!a-c]x", "dx", true},
    {"[^a-c]x", "ax", false},
    {"[]]x", "]x", true},
    {"[]-a]x", "_x", true},
    {"[a-]x", "-x", true},
    {"[\\]]x", "]x", true},
    {"[[:digit:]]x", "7x", true},
    {"[[:digit:]_]x", "_x", true},
    {"[[:digit:]]x", "ax", false},
    {"[c-a]x", "bx", false},
    {"[abc", "a", false},
    {"[abc", "[abc", false},
    // Escapes.
    {"\\#x", "#x", true},
    {"#x", "#x", false},
    {"\\!x", "!x", true},
    {"\\*x", "*x", true},
    {"\\*x", "ax", false},
    {"x\\", "x", false},
    {"x\\", "x\\", false},
    // Blanks, lines, comments.
    {"foo  ", "foo", true},
    {"foo\\ ", "foo ", true},
    {"foo\\ ", "foo", false},
    {"foo\\\\ ", "foo\\", true},
    {" foo", " foo", true},
    {" foo", "foo", false},
    {"foo\r\nbar\r\n", "foo", true},
    {"# note\n\nfoo\n", "foo", true},
    {"\n\n", "foo", false},
    {"/", "foo", false},
    {"!", "foo", false},
    // The last that matches decides.
    {"*.pt\n!best.pt", "best.pt", false},
    {"*.pt\n!best.pt", "last.pt", true},
    {"!best.pt\n*.pt", "best.pt", true},
    {"*\n!*.py", "a.py", false},
    {"*\n!*.py", "a.txt", true},
    // Names in other scripts.
    {"größe*", "größe.txt", true},
    {"日本/", "a/日本/", true},
    // Defaults, and having them back.
    {"", ".git/", true},
    {"", ".git", false},
    {"", "a/__pycache__/", true},
    {"", "a/b.pyc", true},
    {"", ".venv/", true},
    {"", "web/node_modules/", true},
    {"", "main.py", false},
    {"", ".gitignore", false},
    {"!.venv/", ".venv/", false},
    {"!*.pyc", "a.pyc", false},
};

}  // namespace

TEST_CASE("ignore: the table") {
  for (const Case& row : kTable) {
    CAPTURE(row.rules);
    CAPTURE(row.path);
    CHECK(ignores(row.rules, row.path) == row.ignored);
  }
}

TEST_CASE("ignore: a pattern made to explode is matched in no time") {
  std::string stars;
  std::string parts;
  std::string path;
  for (int i = 0; i < 200; ++i) {
    stars += "a*";
    parts += "**/a/";
    path += "a/";
  }
  const auto begin = std::chrono::steady_clock::now();
  CHECK_FALSE(ignores(stars + "b", std::string(1000, 'a')));
  CHECK_FALSE(ignores(parts + "b", path + "c"));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
}

TEST_CASE("glob: a star gives back what the rest needs") {
  CHECK(Glob("*abc").matches("ababcabc"));
  CHECK(Glob("a*b*c").matches("aXbXbXc"));
  CHECK_FALSE(Glob("a*b*c").matches("aXcXb"));
  CHECK(Glob("").matches(""));
  CHECK_FALSE(Glob("").matches("x"));
  CHECK(Glob("***").matches(""));
}
