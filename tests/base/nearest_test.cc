// Tests of the guess at mistyped words.
#include "base/nearest.h"

#include <doctest/doctest.h>

namespace sweepd {
namespace {

const std::vector<std::string> kKnown = {
    "trials", "sampler", "seed", "repeats", "learning_rate", "lr", "evaluation_interval"};

TEST_CASE("nearest: finds the word behind one typing error of each kind") {
  CHECK_EQ(nearest("trails", kKnown), "trials");     // neighbours swapped
  CHECK_EQ(nearest("trial", kKnown), "trials");      // missing
  CHECK_EQ(nearest("samplerr", kKnown), "sampler");  // added
  CHECK_EQ(nearest("soed", kKnown), "seed");         // replaced
}

TEST_CASE("nearest: case and dashes cost nothing") {
  CHECK_EQ(nearest("Learning-Rate", kKnown), "learning_rate");
  CHECK_EQ(nearest("LR", kKnown), "lr");
}

TEST_CASE("nearest: a long word may hold several errors, a short one only one") {
  CHECK_EQ(nearest("evalution_intervall", kKnown), "evaluation_interval");
  CHECK_EQ(nearest("xy", kKnown), std::nullopt);
  CHECK_EQ(nearest("batch_size", kKnown), std::nullopt);
}

TEST_CASE("nearest: of equally near words the first is meant, and the nearer beats the first") {
  CHECK_EQ(nearest("bat", {"cat", "hat"}), "cat");
  CHECK_EQ(nearest("hats", {"cats", "hat", "hats"}), "hats");
}

TEST_CASE("nearest: nothing known, nothing near; absurd lengths are not compared") {
  CHECK_EQ(nearest("lr", {}), std::nullopt);
  CHECK_EQ(nearest("", {"trials"}), std::nullopt);
  CHECK_EQ(nearest(std::string(300, 'a'), {std::string(300, 'a')}), std::nullopt);
}

}  // namespace
}  // namespace sweepd
