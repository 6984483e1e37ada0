// A look into the code folder of a sweep, before anything is sent.
#include "cli/code_look.h"

#include "cli/snapshot.h"
#include "sweeps/code_checks.h"
#include "sweeps/code_needs.h"

#include <filesystem>
#include <system_error>
#include <utility>

namespace sweepd::cli {

namespace {

namespace fs = std::filesystem;

sweeps::CodeFolder as_folder(const CodeLook& look, const sweeps::RunSpec& run) {
  sweeps::CodeFolder folder;
  if (!look.tree) {
    return folder;
  }
  for (const blobs::TreeFile& file : look.tree->tree.files) {
    folder.files.push_back({file.path, file.executable});
  }
  // Which of them are shipped as well makes no difference: those are found first.
  for (const sweeps::CodeNeed& need : sweeps::code_needs(run)) {
    std::error_code ignored;
    if (fs::exists(fs::path(look.folder) / need.path, ignored)) {
      folder.left_out.push_back(need.path);
    }
  }
  return folder;
}

}  // namespace

CodeLook look_at_code(const SweepText& file, const sweeps::ParsedSweep& sweep) {
  CodeLook look;
  const sweeps::RunSpec& run = sweep.spec.run;
  if (!run.code.empty()) {
    look.folder = (fs::path(file.folder) / run.code).string();
    Result<blobs::LocalTree> tree = scan_code(look.folder);
    if (!tree.ok()) {
      look.faults.push_back(sweeps::code_fault(sweep, tree.error().message));
      return look;
    }
    look.tree = *std::move(tree);
  }
  look.faults = sweeps::check_code(sweep, as_folder(look, run));
  return look;
}

}  // namespace sweepd::cli
