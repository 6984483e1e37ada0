// The code folder against the command that runs in it.
#include "sweeps/code_checks.h"

#include "base/nearest.h"
#include "sweeps/code_needs.h"
#include "sweeps/diagnostics.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace sweepd::sweeps {
namespace {

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

const CodeFile* find_file(const CodeFolder& folder, std::string_view path) {
  const auto found = std::find_if(folder.files.begin(),
                                  folder.files.end(),
                                  [path](const CodeFile& file) { return file.path == path; });
  return found == folder.files.end() ? nullptr : &*found;
}

bool has_folder(const CodeFolder& folder, std::string_view path) {
  return std::any_of(folder.files.begin(), folder.files.end(), [path](const CodeFile& file) {
    return is_below(file.path, path);
  });
}

// The agent makes these, and the command may fill them by itself.
bool is_collected(const RunSpec& run, std::string_view path) {
  const auto holds = [path](const std::string& collected) {
    const auto inner = inner_path(collected);
    return inner && (path == *inner || is_below(path, *inner));
  };
  return std::any_of(run.outputs.begin(), run.outputs.end(), holds) ||
         std::any_of(run.logs.begin(), run.logs.end(), holds);
}

std::vector<std::string> paths_of(const CodeFolder& folder) {
  std::vector<std::string> paths;
  for (const CodeFile& file : folder.files) {
    paths.push_back(file.path);
  }
  return paths;
}

// The folders that hold files, each once, outer ones first.
std::vector<std::string> folders_of(const CodeFolder& folder) {
  std::vector<std::string> folders;
  for (const CodeFile& file : folder.files) {
    for (std::size_t at = file.path.find('/'); at != std::string::npos;
         at = file.path.find('/', at + 1)) {
      folders.push_back(file.path.substr(0, at));
    }
  }
  std::sort(folders.begin(), folders.end());
  folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
  return folders;
}

// The same name in another folder, else the same path with the fewest typing errors.
std::optional<std::string> meant(const std::string& path, const std::vector<std::string>& known) {
  const auto same_name = std::find_if(known.begin(), known.end(), [&path](const std::string& each) {
    return base_name(each) == base_name(path);
  });
  return same_name != known.end() ? *same_name : nearest(path, known);
}

// A path of the code folder as a command that starts in `cwd` writes it.
std::string written(const std::string& path, const std::string& cwd, bool executed) {
  std::string text;
  if (cwd.empty()) {
    text = path;
  } else if (is_below(path, cwd)) {
    text = path.substr(cwd.size() + 1);
  } else {
    for (std::size_t parts = 1 + static_cast<std::size_t>(std::count(cwd.begin(), cwd.end(), '/'));
         parts > 0;
         --parts) {
      text += "../";
    }
    text += path;
  }
  return executed && text.find('/') == std::string::npos ? "./" + text : text;
}

class CodeCheck {
 public:
  CodeCheck(const ParsedSweep& sweep, const CodeFolder& folder)
      : sweep_(sweep),
        run_(sweep.spec.run),
        folder_(folder),
        faults_(sweep.places.overrides),
        cwd_(inner_path(run_.cwd).value_or("")) {}

  std::vector<Diagnostic> run() {
    if (!cwd_.empty() && !is_collected(run_, cwd_) && !has_folder(folder_, cwd_)) {
      missing_folder();
      return faults_.in_file_order();  // whatever the command names would be missed for this
    }
    for (const CodeNeed& need : code_needs(run_)) {
      if (!is_collected(run_, need.path)) {
        check(need);
      }
    }
    return faults_.in_file_order();
  }

 private:
  void check(const CodeNeed& need) {
    const CodeFile* file = find_file(folder_, need.path);
    if (file == nullptr && (need.executed || !has_folder(folder_, need.path))) {
      missing_file(need);
    } else if (file != nullptr && need.executed && !file->executable) {
      faults_.warning(place_of(need),
                      fmt::format("`{}` is not executable", need.path),
                      fmt::format("chmod +x {}", need.path));
    }
  }

  Place place_of(const CodeNeed& need) const {
    const std::vector<Place>& words = sweep_.places.words;
    return need.word < words.size() ? words[need.word] : sweep_.places.command;
  }

  bool is_left_out(const std::string& path) const {
    return std::find(folder_.left_out.begin(), folder_.left_out.end(), path) !=
           folder_.left_out.end();
  }

  void missing_folder() {
    std::string help = "it is below the code folder";
    if (run_.code.empty()) {
      help = "code = \".\" in [run] ships the folder of the sweep file";
    } else if (const auto close = meant(cwd_, folders_of(folder_))) {
      help = fmt::format("did you mean `{}`?", *close);
    }
    faults_.warning(
        sweep_.places.cwd,
        run_.code.empty()
            ? fmt::format("there is no folder `{}`: no code is shipped", run_.cwd)
            : fmt::format("there is no folder `{}` in the code folder '{}'", run_.cwd, run_.code),
        std::move(help));
  }

  void missing_file(const CodeNeed& need) {
    if (is_left_out(need.path)) {
      faults_.warning(place_of(need),
                      fmt::format("`{}` is not shipped with the code", need.path),
                      ".sweepignore or its defaults leave it out, or it is a link that leads out");
      return;
    }
    std::string help;
    if (run_.code.empty()) {
      help = "code = \".\" in [run] ships the folder of the sweep file";
    } else if (const auto close = meant(need.path, paths_of(folder_))) {
      help = fmt::format("did you mean `{}`?", written(*close, cwd_, need.executed));
    } else {
      help = "the command starts in a copy of that folder";
    }
    faults_.warning(place_of(need),
                    run_.code.empty()
                        ? fmt::format("`{}` will not be there: no code is shipped", need.path)
                        : fmt::format("`{}` is not in the code folder '{}'", need.path, run_.code),
                    std::move(help));
  }

  const ParsedSweep& sweep_;
  const RunSpec& run_;
  const CodeFolder& folder_;
  Faults faults_;
  std::string cwd_;
};

}  // namespace

std::vector<Diagnostic> check_code(const ParsedSweep& sweep, const CodeFolder& folder) {
  return CodeCheck(sweep, folder).run();
}

Diagnostic code_fault(const ParsedSweep& sweep, const std::string& message) {
  Faults faults(sweep.places.overrides);
  faults.error(sweep.places.code, message);
  return faults.in_file_order().front();
}

}  // namespace sweepd::sweeps
