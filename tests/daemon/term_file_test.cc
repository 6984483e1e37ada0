// The last term of a state folder, beside its store.
#include "daemon/term_file.h"

#include "daemon/journal_rocksdb.h"
#include "tests/daemon/fixtures.h"

#include <fstream>

using namespace sweepd;
using daemon::read_term;
using daemon::RocksJournal;
using daemon::write_term;
using daemon::test::Folder;

TEST_CASE("term file: what was written is read; nothing, and what is no number, is no term") {
  const Folder folder;
  const std::string path = folder.path() + "/term";
  CHECK(read_term(path) == 0);
  REQUIRE(write_term(path, 41).ok());
  std::ofstream(path + ".new") << "of a start that was cut off";
  REQUIRE(write_term(path, 42).ok());
  CHECK(read_term(path) == 42);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
  for (const char* damaged : {"", "7", "7 or so\n", "4294967296\n", "18446744073709551615\n"}) {
    std::ofstream(path) << damaged;
    CHECK_MESSAGE(read_term(path) == 0, damaged);
  }
  CHECK_FALSE(write_term(folder.path() + "/none/term", 1).ok());
}

TEST_CASE("term file: a store that went back begins no term that was another's") {
  const Folder folder;
  const std::string store = folder.path() + "/journal";
  const std::string older = folder.path() + "/older";
  for (int start = 1; start <= 2; ++start) {
    REQUIRE(RocksJournal::open(store).ok());
  }
  std::filesystem::copy(store, older);
  daemon::StoreOptions options;
  options.term_seen = 7;
  const auto journal = RocksJournal::open(older, options);
  REQUIRE(journal.ok());
  CHECK((*journal)->term() == 8);
  options.term_seen = 1;
  CHECK((*RocksJournal::open(store, options))->term() == 3);
}
