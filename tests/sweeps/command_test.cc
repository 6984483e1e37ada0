// What a trial's program is given: arguments, environment, parameter file.
#include "sweeps/command.h"

#include "sweeps/placeholders.h"
#include "sweeps/shell.h"

#include <doctest/doctest.h>

#include <limits>

using namespace sweepd;
using namespace sweepd::sweeps;

namespace {

using Texts = std::vector<std::string>;

constexpr TrialKey kTrial{SweepId{12}, TrialNumber{7}};

Texts split(const std::string& text) {
  const auto words = split_command(text);
  return words ? *words : Texts{"fault: " + words.error().message};
}

// A sweep over lr, batch-size, nesterov and name with this command.
SweepSpec sweep_with(Texts command) {
  SweepSpec spec;
  spec.run.command = std::move(command);
  for (const auto* name : {"lr", "batch-size", "nesterov", "name"}) {
    spec.space.parameters.push_back({name, Choice{{std::int64_t{1}}, {}}, ""});
  }
  return spec;
}

const Assignment kAssignment = {{"lr", 0.1},
                                {"batch-size", std::int64_t{64}},
                                {"nesterov", true},
                                {"name", std::string("a b")}};

Texts rendered(const SweepSpec& spec, const Assignment& assignment = kAssignment) {
  const auto command = render_command(spec, assignment, kTrial);
  return command ? *command : Texts{"fault: " + command.error().message};
}

}  // namespace

TEST_CASE("command: text is split like a shell would, without one") {
  CHECK(split("python train.py") == Texts{"python", "train.py"});
  CHECK(split("  a\t b \n c ") == Texts{"a", "b", "c"});
  CHECK(split("a 'b c' \"d e\" f\\ g") == Texts{"a", "b c", "d e", "f g"});
  CHECK(split("a'b'\"c\"d") == Texts{"abcd"});
  CHECK(split("a '' \"\"") == Texts{"a", "", ""});
  CHECK(split(R"(a "x\"y" 'x\y' "x\y" x\\y)") == Texts{"a", "x\"y", "x\\y", "x\\y", "x\\y"});
  CHECK(split("a | b > c") == Texts{"a", "|", "b", ">", "c"});
  CHECK(split("").empty());
  CHECK(split("a \\\n b") == Texts{"a", "b"});
}

TEST_CASE("command: an escaped dollar stays a dollar when placeholders are replaced") {
  CHECK(split(R"(a \${x} "\${x}")") == Texts{"a", "$${x}", "$${x}"});
  CHECK(rendered(sweep_with({"p", "$${x}", "$5", "${lr}", "$"}), {{"lr", 0.5}}) ==
        Texts{"p", "${x}", "$5", "0.5", "$"});
}

TEST_CASE("command: a quote that is not closed is named with its column") {
  CHECK(split("a 'b") == Texts{"fault: the quote ' at column 3 is not closed"});
  CHECK(split("ab \"b' c") == Texts{"fault: the quote \" at column 4 is not closed"});
}

TEST_CASE("command: parameters that nothing names are appended in file order") {
  CHECK(rendered(sweep_with({"python", "t.py"})) == Texts{"python",
                                                          "t.py",
                                                          "--lr",
                                                          "0.1",
                                                          "--batch-size",
                                                          "64",
                                                          "--nesterov",
                                                          "true",
                                                          "--name",
                                                          "a b"});
}

TEST_CASE("command: ${args} places what nothing names, and ${name} takes it out") {
  CHECK(rendered(sweep_with({"p", "--rate=${lr}", "${args}", "end"}),
                 {{"lr", 0.1}, {"name", std::string("x")}}) ==
        Texts{"p", "--rate=0.1", "--name", "x", "end"});
}

TEST_CASE("command: each style of arguments") {
  SweepSpec spec = sweep_with({"p"});
  const Assignment assignment = {{"lr", 1.0}, {"name", std::string("x")}};
  spec.run.args = ArgsStyle::kFlagEqualsValue;
  CHECK(rendered(spec, assignment) == Texts{"p", "--lr=1.0", "--name=x"});
  spec.run.args = ArgsStyle::kKeyEqualsValue;
  CHECK(rendered(spec, assignment) == Texts{"p", "lr=1.0", "name=x"});
  spec.run.args = ArgsStyle::kNone;
  CHECK(rendered(spec, assignment) == Texts{"p"});
}

TEST_CASE("command: each style of booleans") {
  SweepSpec spec = sweep_with({"p"});
  const Assignment yes = {{"nesterov", true}};
  const Assignment no = {{"nesterov", false}};
  CHECK(rendered(spec, no) == Texts{"p", "--nesterov", "false"});
  spec.run.bools = BoolStyle::kFlag;
  CHECK(rendered(spec, yes) == Texts{"p", "--nesterov"});
  CHECK(rendered(spec, no) == Texts{"p"});
  spec.run.bools = BoolStyle::kNoFlag;
  CHECK(rendered(spec, yes) == Texts{"p", "--nesterov"});
  CHECK(rendered(spec, no) == Texts{"p", "--no-nesterov"});
  spec.run.args = ArgsStyle::kKeyEqualsValue;
  CHECK(rendered(spec, no) == Texts{"p", "nesterov=false"});
}

TEST_CASE("command: a key that is written with its dashes keeps them") {
  SweepSpec spec = sweep_with({"p"});
  CHECK(rendered(spec, {{"-k", std::int64_t{3}}, {"--deep", true}}) ==
        Texts{"p", "-k", "3", "--deep", "true"});
  spec.run.bools = BoolStyle::kNoFlag;
  CHECK(rendered(spec, {{"--deep", false}}) == Texts{"p", "--no-deep"});
}

TEST_CASE("command: ints stay ints and floats are the shortest text that reads back") {
  const Assignment assignment = {{"a", std::int64_t{1}},
                                 {"b", 1.0},
                                 {"c", 0.1 + 0.2},
                                 {"d", 1e-5},
                                 {"e", 3e22},
                                 {"f", std::int64_t{-9223372036854775807}}};
  CHECK(rendered(sweep_with({"p"}), assignment) == Texts{"p",
                                                         "--a",
                                                         "1",
                                                         "--b",
                                                         "1.0",
                                                         "--c",
                                                         "0.30000000000000004",
                                                         "--d",
                                                         "1e-05",
                                                         "--e",
                                                         "3e+22",
                                                         "--f",
                                                         "-9223372036854775807"});
}

TEST_CASE("command: ids are replaced here and what only the agent knows is left to it") {
  CHECK(rendered(sweep_with(
                     {"p", "${trial.id}", "${sweep.id}", "${outputs}/m", "${logs}", "${env.HOME}"}),
                 {}) == Texts{"p", "12/7", "12", "${outputs}/m", "${logs}", "${env.HOME}"});
}

TEST_CASE("command: the agent gets every dollar doubled that is not its placeholder's") {
  const auto sent = [](const Texts& command, const Assignment& assignment) {
    const auto argv = render_for_agent(sweep_with(command), assignment, kTrial);
    return argv ? *argv : Texts{"fault: " + argv.error().message};
  };
  const Texts command = {"p", "a$$${outputs}", "b${name}${outputs}"};
  CHECK(sent(command, {{"name", std::string("p$")}}) ==
        Texts{"p", "a$$${outputs}", "bp$$${outputs}"});
  CHECK(sent(command, {{"name", std::string("${outputs}")}}) ==
        Texts{"p", "a$$${outputs}", "b$${outputs}${outputs}"});
  CHECK(sent({"p", "$5"}, {{"name", std::string("$$")}}) == Texts{"p", "$$5", "--name", "$$$$"});
  // People see it as the program will.
  CHECK(rendered(sweep_with({"p", "$${outputs}"}), {}) == Texts{"p", "${outputs}"});
  SweepSpec shell = sweep_with({"echo $HOME ${outputs}"});
  shell.run.shell = true;
  const auto line = render_for_agent(shell, {}, kTrial);
  REQUIRE(line.ok());
  CHECK(line->back() == "echo $$HOME $${SWEEPD_OUTPUTS}");
}

TEST_CASE("command: a placeholder that has no value is an error, never empty text") {
  CHECK(rendered(sweep_with({"p", "${momentun}"})) ==
        Texts{"fault: the command names ${momentun}, which nothing defines"});
  CHECK(rendered(sweep_with({"p", "${lr}"}), {}) ==
        Texts{"fault: the command names ${lr}, which this trial does not have"});
  CHECK(rendered(sweep_with({"p", "${lr"}), {}) ==
        Texts{"fault: the placeholder `${lr` is not closed"});
  CHECK(rendered(sweep_with({"p", "x${args}"}), {}) ==
        Texts{"fault: ${args} must be an argument of its own"});
}

TEST_CASE("command: values are quoted for the shell by where they stand") {
  SweepSpec spec = sweep_with({R"(p ${name} "${name}" '${name}' $HOME | tee log)"});
  spec.run.shell = true;
  CHECK(rendered(spec, {{"name", std::string("it's $5")}}) ==
        Texts{"/bin/sh", "-c", R"(p 'it'\''s $5' "it's \$5" 'it'\''s $5' $HOME | tee log)"});
}

TEST_CASE("command: the shell finds in its environment what only the agent knows") {
  SweepSpec spec = sweep_with({"p ${outputs}/x ${logs} ${env.HOME} $$HOME ${args}; q"});
  spec.run.shell = true;
  CHECK(rendered(spec, {{"lr", 0.1}, {"name", std::string("a b")}}) ==
        Texts{"/bin/sh",
              "-c",
              "p ${SWEEPD_OUTPUTS}/x ${SWEEPD_LOGS} ${HOME} $HOME --lr 0.1 --name 'a b'; q"});
}

TEST_CASE("command: a line for the shell gets its parameters at the end") {
  SweepSpec spec = sweep_with({"p"});
  spec.run.shell = true;
  CHECK(rendered(spec, {{"lr", 0.1}}) == Texts{"/bin/sh", "-c", "p --lr 0.1"});
  CHECK(rendered(spec, {}) == Texts{"/bin/sh", "-c", "p"});
  spec.run.command = {"p", "q"};
  CHECK(rendered(spec, {}) == Texts{"fault: a command for the shell is one line, got 2"});
}

TEST_CASE("command: the parameter file is JSON with every byte escaped that needs it") {
  CHECK(params_json({}) == "{}");
  CHECK(params_json(kAssignment) ==
        R"({"lr": 0.1, "batch-size": 64, "nesterov": true, "name": "a b"})");
  CHECK(params_json({{"a\"b", std::string("\\ \n \t \x01 \x7f é")}}) ==
        "{\"a\\\"b\": \"\\\\ \\u000a \\u0009 \\u0001 \x7f é\"}");
  CHECK(params_json({{"x", std::numeric_limits<double>::infinity()},
                     {"y", std::numeric_limits<double>::quiet_NaN()},
                     {"z", 1e300}}) == R"({"x": null, "y": null, "z": 1e+300})");
}

TEST_CASE("command: each parameter is a variable, and two names never fight for one") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(
      param_environment(
          {{"batch-size", std::int64_t{64}}, {"batch_size", std::int64_t{1}}, {"optim.lr", 0.1}}) ==
      Pairs{{"SWEEPD_PARAM_batch_size", "64"}, {"SWEEPD_PARAM_optim_lr", "0.1"}});
}

TEST_CASE("command: unknown placeholders come with the nearest known name") {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(unknown_placeholders(
            sweep_with({"p", "${batchsize}", "${lr} ${xyzzy}", "${env.X}", "${outputs}"})) ==
        Pairs{{"batchsize", "batch-size"}, {"xyzzy", ""}});
  CHECK(unknown_placeholders(sweep_with({"p", "$${nope}", "${args}", "${trial.id}"})).empty());
}

TEST_CASE("command: text escaped for a command renders to itself") {
  const std::string text = "$ $$ ${x} a";
  CHECK(rendered(sweep_with({"p", escape_placeholders(text)}), {}) == Texts{"p", text});
}

TEST_CASE("command: an operator of the shell is seen where it is not quoted") {
  CHECK(shell_operator("a | b") == "|");
  CHECK(shell_operator("a && b") == "&&");
  CHECK(shell_operator("a > b") == ">");
  CHECK(shell_operator("a 2> b") == "2>");
  CHECK(shell_operator("a '|' \"&&\" \\; b").empty());
}
