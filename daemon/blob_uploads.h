// Blobs on their way in: pieces into a part file, then checked, synced and put under their name.
#pragma once

#include "base/result.h"
#include "blobs/digest.h"
#include "blobs/file.h"
#include "daemon/blob_offers.h"
#include "daemon/blob_store.h"
#include "daemon/fail_stop.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::daemon {

// Used by one thread. An upload is known by digest and size, never by who sends it: several may
// send the same blob, and anybody may go on where another ended.
class BlobUploads {
 public:
  //   offers: hears of every blob that somebody is told is here
  //   fatal: told when the disk did not keep what it had taken; nothing may be acknowledged then
  BlobUploads(const BlobStore& store, BlobOffers& offers, OnFatal fatal = fail_stop);

  // Removes parts that nobody went on with for a day. Younger ones are kept: what a crash left of
  // them is read again when somebody goes on, and the digest decides in the end.
  void remove_stale_parts() const;

  struct Piece {
    std::string digest;
    std::uint64_t size = 0;  // of the whole blob
    std::uint64_t offset = 0;
    std::string_view bytes;
  };

  struct Stored {
    std::uint64_t offset = 0;  // the next byte wanted
    bool complete = false;     // nobody may be told before a flush
  };

  // Takes what of a piece joins on to what is here. Nothing is taken of one that leaves a gap: the
  // answer says where to go on. kCorrupt: all bytes are here and the digest is another; the upload
  // begins anew. kUnavailable: the disk is full.
  Result<Stored> put(const Piece& piece);

  // Whether the blob is here for good; if so it was offered.
  bool has(const std::string& digest);

  // Makes all that became complete durable and visible, with one sync of each folder for all of it.
  // Gives the blobs for which that failed; their uploads begin anew.
  std::map<std::string, Error> flush();

 private:
  using Failures = std::map<std::string, Error>;  // by digest

  struct Upload {
    blobs::File file;
    blobs::Digester digester;
    std::uint64_t stored = 0;
    std::uint64_t size = 0;
    bool resumed = false;  // begun by an earlier process: a crash may have spoiled it
    std::uint64_t used = 0;
  };

  using Uploads = std::map<std::string, Upload>;  // by the name of the part file

  struct Complete {
    std::string digest;
    std::string part;
    blobs::File file;
  };

  Result<Uploads::iterator> open(const Piece& piece);
  Result<void> resume(Upload& upload) const;
  Result<void> append(Upload& upload, const Piece& piece) const;
  Result<Stored> finish(Uploads::iterator upload, const std::string& digest);
  void close_idle();
  void remove_part(const std::string& part) const;
  void start_writing() const;
  Result<void> sync(const Complete& complete) const;
  Result<void> sync_folder(const std::string& path) const;
  Result<void> publish(const Complete& complete) const;
  void sync_folders(Failures& failures);
  void withdraw(const Failures& failures);
  Result<void> remove_blob(const std::string& digest);
  bool waits_for_flush(const std::string& digest) const;

  const BlobStore& store_;
  BlobOffers& offers_;
  OnFatal fatal_;
  Uploads uploads_;
  std::vector<Complete> complete_;
  std::set<std::string> durable_folders_;  // known to survive a power cut
  std::set<std::string> undurable_;        // visible blobs that failed and could not be removed
  std::uint64_t uses_ = 0;
};

}  // namespace sweepd::daemon
