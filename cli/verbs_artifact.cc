// artifact ls, artifact get.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/transfer.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <filesystem>

namespace sweepd::cli {

namespace {

pb::Manifest::File to_proto(const blobs::TreeFile& file) {
  pb::Manifest::File proto;
  proto.set_path(file.path);
  proto.set_size(file.size);
  proto.set_digest(file.digest);
  proto.set_executable(file.executable);
  return proto;
}

// The folder below the target that a file belongs in.
std::string folder_of(const std::string& target, const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? target : (std::filesystem::path(target) / parent).string();
}

}  // namespace

Result<int> run(const ArtifactListArgs& args, Session& session) {
  SWEEPD_TRY(const Artifact artifact, artifact_of(session, args.selector));
  SWEEPD_TRY(const blobs::Tree tree, fetch_manifest(session, artifact.digest));
  Listing listing{"path",
                  {"path", "bytes", "sha256", "executable"},
                  {},
                  {{"PATH"}, {"SIZE", Align::kRight}, {"SHA-256"}},
                  {}};
  for (const blobs::TreeFile& file : tree.files) {
    listing.rows.push_back(
        {to_json(to_proto(file)), {file.path, bytes_text(file.size), file.digest.substr(0, 12)}});
  }
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, session.console()));
  return kExitOk;
}

Result<int> run(const ArtifactGetArgs& args, Session& session) {
  SWEEPD_TRY(const Artifact artifact, artifact_of(session, args.selector));
  const std::string what = "fetching " + artifact.attempt;
  if (args.glob == "**") {
    SWEEPD_TRY(const blobs::TreeFetched got,
               fetch_tree(session, {artifact.digest, "", args.folder}, what));
    session.say(fmt::format("{}: {}, {} in {}",
                            artifact.attempt,
                            counted(got.files, "file"),
                            bytes_text(got.bytes),
                            args.folder));
    return kExitOk;
  }
  SWEEPD_TRY(const blobs::Tree tree, fetch_manifest(session, artifact.digest));
  std::size_t files = 0;
  for (const blobs::TreeFile& file : tree.files) {
    if (path_matches(file.path, args.glob)) {
      SWEEPD_TRY(
          const blobs::TreeFetched got,
          fetch_tree(
              session, {artifact.digest, file.path, folder_of(args.folder, file.path)}, what));
      files += got.files;
    }
  }
  if (files == 0) {
    return Error{
        Errc::kNotFound,
        fmt::format("none of the {} of {} matches '{}'; `sweepctl artifact ls {}` lists them",
                    counted(tree.files.size(), "file"),
                    artifact.attempt,
                    args.glob,
                    args.selector)};
  }
  session.say(fmt::format("{}: {} in {}", artifact.attempt, counted(files, "file"), args.folder));
  return kExitOk;
}

}  // namespace sweepd::cli
