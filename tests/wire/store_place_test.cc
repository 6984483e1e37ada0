// How far a store is, as a number that never goes back unless the store does.
#include "wire/store_place.h"

#include <doctest/doctest.h>

using namespace sweepd::wire;

TEST_CASE(
    "store place: records count up, a restore counts more than any record, a store is itself") {
  CHECK(to_number({}) == 0);
  CHECK(to_number({0, 0, 7}) == 7);
  CHECK(to_number({0xABCD, 2, 3}) == 0xABCD'02'0000000003);
  CHECK(to_number({1, 1, 0}) > to_number({1, 0, kRecordMask}));
  CHECK(to_number({1, 2, 5}) > to_number({1, 1, 500}));
  CHECK(to_number({1, 1000, 1}) == to_number({1, 255, 1}));
  CHECK(same_store(to_number({7, 0, 1}), to_number({7, 3, 900})));
  CHECK_FALSE(same_store(to_number({7, 0, 1}), to_number({8, 0, 1})));
}

TEST_CASE(
    "store place: what is missing is told; what a restore took, or another store has, is not") {
  CHECK(records_missing(to_number({9, 0, 7}), to_number({9, 0, 7})) == 0);
  CHECK(records_missing(0, to_number({9, 0, 7})) == 0);
  CHECK(records_missing(to_number({9, 0, 57}), to_number({9, 0, 7})) == 50);
  CHECK(records_missing(to_number({9, 0, 900}), to_number({9, 1, 7})) == 0);
  CHECK(records_missing(to_number({10, 0, 900}), to_number({9, 0, 7})) == 0);
  // Gone back behind a restore: how far on it was then is not known, but that it was.
  CHECK(records_missing(to_number({9, 1, 5}), to_number({9, 0, 7})) == 1);
  CHECK(records_missing(to_number({9, 1, 9}), to_number({9, 0, 7})) == 2);
}
