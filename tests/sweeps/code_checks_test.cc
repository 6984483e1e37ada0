// The code folder against the command: what is missed is told at its place, and only what is sure.
#include "sweeps/code_checks.h"

#include "sweeps/code_needs.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::sweeps {

namespace {

using Overrides = std::vector<std::pair<std::string, std::string>>;

ParsedSweep parsed(const std::string& text, const Overrides& overrides = {}) {
  auto result = parse_sweep_file({text, "a", overrides});
  if (const auto* faults = std::get_if<std::vector<Diagnostic>>(&result)) {
    FAIL(render(*faults, "a.toml", text));
  }
  return std::get<ParsedSweep>(std::move(result));
}

const CodeFolder kFolder = {{{"data/prepare.py", false},
                             {"pkg/__main__.py", false},
                             {"run.sh", false},
                             {"src/train.py", false},
                             {"start.sh", true},
                             {"train.py", false}},
                            {"secret.py"}};

// The warnings about a [run] table with these lines.
std::string warnings_of(const std::string& run, const CodeFolder& folder = kFolder) {
  const std::string text = "metric = \"loss\"\n[run]\n" + run + "\n";
  return render(check_code(parsed(text), folder), "a.toml", text);
}

bool needs_nothing(const std::string& command) {
  return warnings_of(fmt::format("command = '{}'", command)).empty();
}

}  // namespace

TEST_CASE("code: a script that is not in the folder, at its word, with the nearest that is") {
  CHECK(warnings_of("command = \"python3 -u trian.py --epochs 3\"") ==
        "a.toml:3:23: warning: `trian.py` is not in the code folder '.'\n"
        "    3 | command = \"python3 -u trian.py --epochs 3\"\n"
        "      |                       ^^^^^^^^\n"
        "      = help: did you mean `train.py`?\n");
  CHECK(warnings_of("command = [\"python\", \"prepare.py\"]") ==
        "a.toml:3:22: warning: `prepare.py` is not in the code folder '.'\n"
        "    3 | command = [\"python\", \"prepare.py\"]\n"
        "      |                      ^^^^^^^^^^^^\n"
        "      = help: did you mean `data/prepare.py`?\n");
  CHECK(warnings_of("command = 'python model.py'") ==
        "a.toml:3:19: warning: `model.py` is not in the code folder '.'\n"
        "    3 | command = 'python model.py'\n"
        "      |                   ^^^^^^^^\n"
        "      = help: the command starts in a copy of that folder\n");
}

TEST_CASE("code: a program by its relative path must be there and executable") {
  CHECK(needs_nothing("./start.sh"));
  CHECK(warnings_of("command = './run.sh'") ==
        "a.toml:3:12: warning: `run.sh` is not executable\n"
        "    3 | command = './run.sh'\n"
        "      |            ^^^^^^^^\n"
        "      = help: chmod +x run.sh\n");
  CHECK(warnings_of("command = './strat.sh'").find("did you mean `./start.sh`?") !=
        std::string::npos);
  CHECK(warnings_of("command = './pkg'").find("`pkg` is not in the code folder") !=
        std::string::npos);
}

TEST_CASE("code: cwd is a folder of the code, and paths start there") {
  CHECK(warnings_of("command = 'python train.py'\ncwd = 'src'").empty());
  CHECK(warnings_of("command = 'python ../train.py'\ncwd = 'src'").empty());
  CHECK(warnings_of("command = 'python prepare.py'\ncwd = './src/'")
            .find("did you mean `../data/prepare.py`?") != std::string::npos);
  CHECK(warnings_of("command = 'python train.py'\ncwd = 'scr'") ==
        "a.toml:4:7: warning: there is no folder `scr` in the code folder '.'\n"
        "    4 | cwd = 'scr'\n"
        "      |       ^^^^^\n"
        "      = help: did you mean `src`?\n");
  CHECK(warnings_of("command = 'python -m pkg'\ncwd = 'outputs'").empty());
}

TEST_CASE("code: what is not shipped is not there") {
  CHECK(warnings_of("command = 'python secret.py'").find("`secret.py` is not shipped") !=
        std::string::npos);
  const std::string none = warnings_of("command = 'python train.py'\ncode = ''", {});
  CHECK(none.find("`train.py` will not be there: no code is shipped") != std::string::npos);
  CHECK(none.find("= help: code = \".\" in [run] ships") != std::string::npos);
  CHECK(warnings_of("command = 'train'\ncode = ''", {}).empty());
}

TEST_CASE("code: nothing is said about what only the box can know") {
  for (const char* command : {"train",
                              "train.sh",
                              "python train.py",
                              "python3.11 -W ignore -X dev train.py nothing.py",
                              "python pkg",
                              "/opt/train.py",
                              "python /opt/train.py",
                              "python -m nowhere",
                              "python -c pass",
                              "python - nowhere.py",
                              "python -Z nowhere.py",
                              "python ${env.SCRIPT}",
                              "python ../outside.py",
                              "${env.HOME}/train",
                              "bash nowhere",
                              "bash -c nowhere.sh",
                              "ruby nowhere.rb",
                              "python outputs/made.py",
                              "uv run --directory lib nowhere.py",
                              "torchrun -m nowhere.py",
                              "env CONFIG=conf.py python train.py",
                              "env CONFIG=conf.py train conf.py",
                              "uv run --with foo==1.py python train.py",
                              "uv run python train.py nowhere.py",
                              "mpirun -np 2 ./start.sh nowhere.py",
                              "mpirun -np 2 python -m pkg nowhere.py",
                              "mpirun --hostfile ./hosts python train.py",
                              "mpirun --oversubscribe ./nowhere nowhere.py",
                              "accelerate launch --config_file conf/a.yaml nowhere.py",
                              "nice train nowhere.py",
                              "conda run nowhere.py"}) {
    CAPTURE(command);
    CHECK(needs_nothing(command));
  }
}

TEST_CASE("code: launchers and shells name scripts, too") {
  for (const char* command : {"torchrun --nproc_per_node 2 nowhere.py",
                              "accelerate launch --config_file a.yaml nowhere.py",
                              "uv run nowhere.py",
                              "env A=1 python nowhere.py",
                              "env A=1 ./nowhere",
                              "env python -u nowhere.py",
                              "mpirun -np 2 ./nowhere input.py",
                              "mpirun -np 2 ./run.sh",
                              "mpirun --oversubscribe /usr/bin/python3 nowhere.py",
                              "nice -n 10 bash ./nowhere.sh",
                              "uv run --with foo==1.py python nowhere.py",
                              "uv run src/nowhere.py",
                              "bash nowhere.sh",
                              "bash -eu -o pipefail ./nowhere",
                              "sh -ex nowhere.sh",
                              "Rscript --vanilla nowhere.R",
                              "julia --project=. nowhere.jl",
                              "/usr/bin/python3 -uB nowhere.py"}) {
    CAPTURE(command);
    CHECK_FALSE(needs_nothing(command));
  }
}

TEST_CASE("code: of a line for the shell only a plain one is looked at") {
  const auto with_shell = [](const std::string& command) {
    return warnings_of("shell = true\ncommand = '" + command + "'");
  };
  CHECK(with_shell("python nowhere.py").find("a.toml:4:19: warning: `nowhere.py`") !=
        std::string::npos);
  CHECK(with_shell("cd src && python nowhere.py").empty());
  CHECK(with_shell("PATH=. python nowhere.py").empty());
  CHECK(with_shell("python $SCRIPT.py").empty());
}

TEST_CASE("code: what an override says is named by it") {
  const std::string text = "metric = \"loss\"\ncommand = \"python train.py\"\n";
  const ParsedSweep sweep = parsed(text, {{"run.command", "python nowhere.py"}});
  const std::vector<Diagnostic> faults = check_code(sweep, kFolder);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].line == 0);
  CHECK(faults[0].message ==
        "--set run.command=python nowhere.py: `nowhere.py` is not in the code folder '.'");
}

TEST_CASE("code: a fault of the folder itself stands at `code`") {
  const std::string text =
      "metric = \"loss\"\n[run]\ncommand = \"python train.py\"\ncode = \"scr\"\n";
  const Diagnostic fault = code_fault(parsed(text), "no such folder");
  CHECK(fault.severity == Diagnostic::Severity::kError);
  CHECK(fault.line == 4);
  CHECK(fault.column == 8);
  CHECK(fault.message == "no such folder");
}

TEST_CASE("code: paths inside of a folder") {
  CHECK(inner_path("./a//b/../c/") == "a/c");
  CHECK(inner_path(".") == "");
  CHECK(inner_path("a/../..") == std::nullopt);
}

}  // namespace sweepd::sweeps
