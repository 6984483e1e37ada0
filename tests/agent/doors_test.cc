// The doors: what is found in lines that people print, and which door wins.
#include "agent/doors/jsonl.h"
#include "agent/doors/metric_mux.h"
#include "agent/doors/stdout_rules.h"
#include "agent/doors/stdout_scan.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

using namespace sweepd;
using namespace sweepd::agent;

namespace {

std::string shown(const Points& points) {
  std::string out;
  for (const Point& point : points) {
    out += fmt::format("{}{}={}", out.empty() ? "" : " ", point.name, point.value);
  }
  return out;
}

StdoutRules rules_for(std::string objective, std::vector<UserRule> user = {}) {
  return *StdoutRules::make({true, std::move(objective), std::move(user)});
}

struct Line {
  const char* text;
  const char* objective;
  const char* found;
};

}  // namespace

TEST_CASE("stdout: metrics are found in the lines that scripts typically print") {
  const std::vector<Line> lines = {
      {"epoch=1, batch= 2000: loss 2.19", "loss", "loss=2.19 epoch=1 batch=2000"},
      {"938/938 [====] - 3s 3ms/step - loss: 0.2593 - val_accuracy: 0.9610",
       "val_accuracy",
       "val_accuracy=0.961 loss=0.2593"},
      {"Train Epoch: 1 [640/60000 (1%)]\tLoss: 2.293032", "loss", "loss=2.293032 epoch=1"},
      {"loss=nan", "loss", "loss=nan"},
      {"{'loss': 0.4231, 'epoch': 0.5}", "loss", "loss=0.4231 epoch=0.5"},
      {"{\"eval_loss\": 1e-05, \"step\": 500}", "eval_loss", "eval_loss=1e-05 step=500"},
      {"Accuracy is 0.99", "accuracy", "accuracy=0.99"},
      {"Accuracy is 0.99", "loss", ""},
      {"Test set: Average loss: 0.0443, Accuracy: 9856/10000 (99%)",
       "Accuracy",
       "Accuracy=0.9856 loss=0.0443"},
      {"Test set: Average loss: 0.0443, Accuracy: 9856/10000 (99%)", "loss", "loss=0.0443"},
      {"[2026-11-21 10:30:22] INFO step 100: lr=3e-4 loss=1.5",
       "loss",
       "loss=1.5 step=100 lr=0.0003"},
      {"Epoch [3/10], Step [100/600], Loss: 0.1234", "Loss", "Loss=0.1234 epoch=3 step=100"},
      {"val/acc: 97.3%", "val/acc", "val/acc=97.3"},
      {"best_score = -0.75", "best_score", "best_score=-0.75"},
      {"elapsed: 3s, version: 1.2.3, host: 10.0.0.1:8080", "loss", ""},
      {"F1 (macro): 0.81", "F1 (macro)", "F1 (macro)=0.81"},
      {"\x1b[32mloss\x1b[0m: \x1b[1m0.5\x1b[0m", "loss", "loss=0.5"},
      {" 10%|# | 1/10\r 50%|## | 5/10, loss=0.7\r100%|###| 10/10, loss=0.6\r", "loss", "loss=0.6"},
      {"val_loss: 0.3", "loss", "val_loss=0.3"},
      {"loss: 3. Next", "loss", "loss=3"},
      {"http://127.0.0.1:5000/a=b", "loss", ""},
      {"SWEEPD_TRIAL_ID=7", "loss", ""},
      {"loss: 1e999 acc: -inf", "loss", "loss=inf acc=-inf"},
  };
  for (const Line& line : lines) {
    CAPTURE(line.text);
    CHECK_EQ(shown(rules_for(line.objective).read_line(line.text)), line.found);
  }
}

TEST_CASE("stdout: what scripts print about themselves is no metric") {
  const std::vector<Line> lines = {
      {"Namespace(lr=0.1, epochs=3, data='x')", "loss", ""},
      {"args: Namespace(lr=0.1, size=(3, 4), drop=0.5) seed=7", "loss", "seed=7"},
      {"Linear(in_features=784, out_features=10, bias=True)", "loss", ""},
      {"[Parallel(n_jobs=2)]: Done 5 tasks", "loss", ""},
      {"Adam (lr: 0.1)", "loss", "lr=0.1"},
      {"Metrics(loss=0.5, acc=0.9)", "loss", "loss=0.5"},
      {"Namespace(lr=0.1,", "loss", "lr=0.1"},
      {"Epoch(s done, loss2=0.4", "loss", "loss2=0.4"},
      {"Epoch 10(train_loss: 0.31, val_loss: 0.4)",
       "loss",
       "epoch=10 train_loss=0.31 val_loss=0.4"},
      {"[100/500] step 100(loss2=0.3)", "loss", "step=100 loss2=0.3"},
      {"conv2d(in=3) nn.Conv2d(in=3, size=(3, 3)) _f1(a=1) a(b(c=1", "loss", "c=1"},
      {"val (top1=0.9) top5=0.99", "loss", "top1=0.9 top5=0.99"},
      {"Downloading: 100%|#####| 170M/170M [00:02<00:00, 60.1MB/s]", "loss", ""},
      {"Epoch 3:  42%|####      | 42/100 [00:01<00:02, 30.00it/s, loss=0.7]",
       "loss",
       "loss=0.7 epoch=3"},
      {"Epoch: 42%|####| loss: 0.5", "loss", "loss=0.5"},
      {"accuracy: 42%", "loss", "accuracy=42"},
      {"elapsed: 3.2 s, total: 5 minutes, eta: 0:10:30", "loss", ""},
      {"time: 3.2", "loss", "time=3.2"},
      {"latency: 12.5 ms", "latency", "latency=12.5"},
      {"a: 1 s: 2", "loss", "a=1 s=2"},
  };
  for (const Line& line : lines) {
    CAPTURE(line.text);
    CHECK_EQ(shown(rules_for(line.objective).read_line(line.text)), line.found);
  }
}

TEST_CASE("stdout: hyperparameters that are printed back are no metrics, in JSON or not") {
  StdoutOptions options;
  options.objective = "loss";
  options.given = {{"lr", 0.012345678}, {"weight_decay", 0.0}, {"width", 64}, {"loss", 0.5}};
  StdoutRules rules = *StdoutRules::make(options);
  CHECK(rules.read_line(R"({"lr": 0.012345678, "weight-decay": 0.0, "width": 64})").empty());
  CHECK(rules.read_line("lr: 0.01235").empty());
  CHECK_EQ(shown(rules.read_line("{'lr': 0.001, 'seed': 7}")), "lr=0.001 seed=7");
  CHECK_EQ(shown(rules.read_line("weight_decay=0.1")), "weight_decay=0.1");
  CHECK_EQ(shown(rules.read_line("loss=0.5 lr=0.0123457")), "loss=0.5");
}

TEST_CASE("stdout: a hyperparameter is known by any rounding that it is printed with, no other") {
  StdoutOptions options;
  options.given = {{"lr", 0.001234567}, {"drop", 0.304}, {"wd", 1e-4}, {"width", 100'000}};
  StdoutRules rules = *StdoutRules::make(options);
  for (const char* echo : {"lr: 0.0012",
                           "lr: 1.23e-03",
                           "lr: 1.2346E-3",
                           "lr: 1e-3",
                           "lr: 0.00",
                           "lr: 0.001234567",
                           "drop: 0.30",
                           "drop: 30.4e-2",
                           "wd: 9.9999997e-05",
                           "wd: 0.00009999999747378752",
                           "width: 100000",
                           "width: 1e+05",
                           "width: 100000.0"}) {
    CAPTURE(echo);
    CHECK_EQ(shown(rules.read_line(echo)), "");
  }
  for (const char* metric :
       {"lr=0.0013", "lr=0.001234", "lr=0", "drop=0.305", "drop=inf", "width=100001"}) {
    CAPTURE(metric);
    CHECK_EQ(shown(rules.read_line(metric)), metric);
  }
  CHECK_EQ(shown(rules.read_line("drop: 0.300")), "drop=0.3");
}

TEST_CASE("stdout: a count that has reached the given one is how far the trial is") {
  StdoutOptions options;
  options.objective = "loss";
  options.given = {{"epoch", 10}, {"steps", 500}, {"batch", 64}};
  StdoutRules rules = *StdoutRules::make(options);
  CHECK_EQ(shown(rules.read_line("epoch 9 loss 0.4")), "loss=0.4 epoch=9");
  CHECK_EQ(shown(rules.read_line("epoch 10 loss 0.3")), "loss=0.3 epoch=10");
  CHECK_EQ(shown(rules.read_line("steps: 500 batch: 64 loss: 0.2")), "loss=0.2 steps=500 batch=64");
  CHECK(rules.read_line("Epoch 10/10").empty());
  CHECK_EQ(shown(rules.read_line("loss 0.1")), "loss=0.1 epoch=10");
}

TEST_CASE("stdout: counts on a line of their own accompany what follows") {
  StdoutRules rules = rules_for("loss");
  CHECK(rules.read_line("Epoch 1/10").empty());
  CHECK_EQ(shown(rules.read_line("loss: 0.5")), "loss=0.5 epoch=1");
  CHECK_EQ(shown(rules.read_line("loss: 0.4 epoch: 7")), "loss=0.4 epoch=7");
  CHECK(rules.read_line("Epoch 2/10").empty());
  CHECK_EQ(shown(rules.read_line("loss: 0.3")), "loss=0.3 epoch=2");
  CHECK_EQ(shown(rules_for("step").read_line("step: 4")), "step=4");
}

TEST_CASE("stdout: azureml's two lines are one report") {
  StdoutRules rules = rules_for("accuracy");
  CHECK(rules.read_line("Attempted to log scalar metric accuracy:").empty());
  CHECK_EQ(shown(rules.read_line("0.7915742793791575")), "accuracy=0.7915742793791575");
  CHECK(rules.read_line("0.5").empty());
  CHECK(rules.read_line("Attempted to log scalar metric loss:").empty());
  CHECK_EQ(shown(rules.read_line("loss: 0.25")), "loss=0.25");
}

TEST_CASE("stdout: a user's patterns name the metric by group, by rule or by match") {
  StdoutRules rules = rules_for("x",
                                {{"reached (?P<auc>[0-9.]+) AUC", ""},
                                 {"(?P<name>[a-z]+)\\s*->\\s*(?P<value>[0-9.]+)", ""},
                                 {"total of ([0-9]+) errors", "errors"}});
  CHECK_EQ(shown(rules.read_line("reached 0.9 AUC")), "auc=0.9");
  CHECK_EQ(shown(rules.read_line("a -> 1, b -> 2.5")), "a=1 b=2.5");
  CHECK_EQ(shown(rules.read_line("total of 12 errors")), "errors=12");
  CHECK(rules.read_line("nothing here").empty());
  const auto bad = StdoutRules::make({true, "x", {{"(", ""}}});
  REQUIRE_FALSE(bad.ok());
  CHECK(bad.error().message.find("stdout pattern '('") != std::string::npos);
}

TEST_CASE("jsonl: numbers are metrics, and what people write for numbers, nothing else") {
  CHECK_EQ(
      shown(*read_json_line(R"({"loss": 0.5, "epoch": 3, "name": "x", "ok": true, "n": null})")),
      "loss=0.5 epoch=3");
  CHECK_EQ(
      shown(*read_json_line(R"({"a": NaN, "b": -Infinity, "c": "NaN", "d": "inf", "e": [NaN]})")),
      "a=nan b=-inf c=nan d=inf");
  CHECK_EQ(shown(*read_json_line(R"({"say \"NaN": 1, "text": "Infinity war"})")), "say \"NaN=1");
  CHECK_FALSE(read_json_line("[1, 2]"));
  CHECK_FALSE(read_json_line("{\"loss\": 0.5"));
  CHECK_FALSE(read_json_line(""));
  CHECK_FALSE(read_json_line(std::string(20, '[') + std::string(20, ']')));
  CHECK_FALSE(read_json_line("{\"a\": " + std::string(100'000, '1') + "}"));
}

TEST_CASE("mux: what JSONL reports within the hold is not reported by stdout, too") {
  MetricMux mux("loss");
  const Instant start{1'000'000};
  mux.add(MetricDoor::kStdout, start, {1}, {{"loss", 0.3}, {"acc", 0.9}, {"epoch", 1}});
  CHECK(mux.take(start).empty());
  CHECK_EQ(*mux.next_wake(), start + kStdoutHold);
  mux.add(MetricDoor::kJsonl, start + milliseconds(50), {2}, {{"loss", 0.3125}, {"epoch", 1}});
  const auto first = mux.take(start + milliseconds(50));
  REQUIRE_EQ(first.size(), 1);
  CHECK_EQ(shown(first.front().points), "loss=0.3125 epoch=1");
  const auto second = mux.take(start + kStdoutHold);
  REQUIRE_EQ(second.size(), 1);
  CHECK_EQ(shown(second.front().points), "acc=0.9 epoch=1");
  mux.add(MetricDoor::kStdout, start, {3}, {{"loss", 0.2}, {"epoch", 2}});
  CHECK(mux.take(start, true).empty());
  CHECK_EQ(mux.names().size(), 3);
}

TEST_CASE("mux: names beyond the limits are refused, the objective never") {
  MetricMux mux("loss");
  Points many;
  for (int i = 0; i < 1000; ++i) {
    many.push_back({fmt::format("m{}", i), 1.0});
  }
  many.push_back({std::string(129, 'x'), 1.0});
  mux.add(MetricDoor::kJsonl, {}, {}, many);
  mux.add(MetricDoor::kJsonl, {}, {}, {{"loss", 1.0}});
  const auto reports = mux.take({});
  REQUIRE_EQ(reports.size(), 2);
  CHECK_EQ(reports[0].points.size(), 511);
  CHECK_EQ(shown(reports[1].points), "loss=1");
  CHECK_EQ(mux.refused(), 490);
}
