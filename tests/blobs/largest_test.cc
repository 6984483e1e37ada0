// Whom the error about a folder that is too large blames.
#include "blobs/largest.h"

#include <doctest/doctest.h>

using sweepd::blobs::largest_paths;
using sweepd::blobs::size_text;
using sweepd::blobs::SizedPath;

TEST_CASE("largest: a folder of many files is named as a folder, one with a giant by the giant") {
  const std::vector<SizedPath> files = {{"data/a", 40},
                                        {"data/b", 40},
                                        {"data/c", 40},
                                        {"runs/7/ckpt/last.pt", 90},
                                        {"runs/8/log", 5},
                                        {"main.py", 1}};
  CHECK(largest_paths(files, 5) ==
        std::vector<SizedPath>{{"data/", 120}, {"runs/7/ckpt/last.pt", 90}, {"main.py", 1}});
}

TEST_CASE("largest: it stops at the folder below which nothing is most of it") {
  CHECK(largest_paths({{"a/b/x", 10}, {"a/b/y", 10}, {"a/c", 5}}, 1) ==
        std::vector<SizedPath>{{"a/b/", 20}});
}

TEST_CASE("largest: no more than asked for, and nothing of nothing") {
  CHECK(largest_paths({{"a", 1}, {"b", 3}, {"c", 2}}, 2) ==
        std::vector<SizedPath>{{"b", 3}, {"c", 2}});
  CHECK(largest_paths({}, 5).empty());
}

TEST_CASE("largest: sizes read well") {
  CHECK(size_text(0) == "0 bytes");
  CHECK(size_text(999) == "999 bytes");
  CHECK(size_text(1000) == "1.0 kB");
  CHECK(size_text(300'000'000) == "300.0 MB");
  CHECK(size_text(999'999'999) == "1.0 GB");
  CHECK(size_text(123'456'789'000'000) == "123.5 TB");
}
