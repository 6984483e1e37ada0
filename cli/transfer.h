// Trees on their way between this machine and the daemon, with progress and Ctrl-C.
#pragma once

#include "base/result.h"
#include "blobs/bulk_client.h"
#include "blobs/manifest.h"
#include "cli/session.h"

#include <string>

namespace sweepd::cli {

Result<blobs::TreeSent> send_tree(Session& session, blobs::LocalTree tree, const std::string& what);
Result<blobs::TreeFetched> fetch_tree(Session& session,
                                      const blobs::TreeWanted& wanted,
                                      const std::string& what);

// The list of files of an artifact or snapshot.
Result<blobs::Tree> fetch_manifest(Session& session, const std::string& digest);

struct Artifact {
  std::string attempt;  // "12/7#2"
  std::string digest;
};

// That of the attempt that the selector names, or of the newest attempt that has one.
Result<Artifact> artifact_of(Session& session, const std::string& selector);

// kNotFound, with the folders that there are, when nothing of the tree lies at or below the path.
Result<void> check_below(const blobs::Tree& tree, const std::string& path);

// Whether a path matches a pattern of artifact paths: `*`, `?` and `[…]` within a part, `**` for
// any number of parts; a pattern without `/` looks at the last part alone.
bool path_matches(const std::string& path, const std::string& pattern);

}  // namespace sweepd::cli
