// What artifacts are chosen by: paths and patterns.
#include "cli/transfer.h"

#include "tests/cli/canned.h"

#include <doctest/doctest.h>

namespace sweepd::cli {

TEST_CASE("artifact: a path that holds nothing is refused with the folders that there are") {
  blobs::Tree tree;
  tree.files.push_back({"logs/stdout.txt", 1, {}, false});
  tree.files.push_back({"outputs/best/model.pt", 1, {}, false});
  CHECK(check_below(tree, "outputs").ok());
  CHECK(check_below(tree, "outputs/best/").ok());
  CHECK(check_below(tree, "logs/stdout.txt").ok());
  const Result<void> none = check_below(tree, "output");
  REQUIRE_FALSE(none.ok());
  CHECK(none.error().code == Errc::kNotFound);
  CHECK(contains(none.error().message, "logs, outputs, outputs/best"));
}

TEST_CASE("artifact: patterns of paths") {
  CHECK(path_matches("outputs/a.pt", "outputs/*.pt"));
  CHECK_FALSE(path_matches("outputs/deep/a.pt", "outputs/*.pt"));
  CHECK(path_matches("outputs/deep/a.pt", "outputs/**"));
  CHECK(path_matches("outputs/deep/a.pt", "**/a.pt"));
  CHECK(path_matches("a.pt", "**/a.pt"));
  CHECK(path_matches("outputs/deep/a.pt", "*.pt"));
  CHECK_FALSE(path_matches("outputs/a.pth", "*.pt"));
}

}  // namespace sweepd::cli
