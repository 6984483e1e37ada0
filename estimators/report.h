// Reports the metrics of one epoch: a line for people on stdout, a JSON line in $SWEEPD_METRICS.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace digits {

struct EpochMetrics {
  int epoch = 0;
  double loss = 0;       // mean training loss of the epoch
  double accuracy = 0;   // share of the test images that are classified rightly
  double test_loss = 0;  // mean loss on the test images
};

// `epoch=3 loss=0.1234 accuracy=0.9700 test_loss=0.1020`
std::string human_line(const EpochMetrics& metrics);

// `{"epoch":3,"loss":0.1234,"accuracy":0.97,"test_loss":0.102}`, doubles in shortest round-trip
// form. A value that is not finite is left out, because JSON cannot write it.
std::string json_line(const EpochMetrics& metrics);

// Where reports go. The file is only appended to, with one write() a line, so that a reader that
// tails it sees whole lines even when several processes of a trial report.
class Reporter {
 public:
  // Takes the file from $SWEEPD_METRICS; without it only stdout is used.
  Reporter();
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  // Never fails: a trial is not lost because its metrics file is; says so on stderr instead, once.
  void report(const EpochMetrics& metrics);

 private:
  void append(std::string_view line);

  int fd_ = -1;
};

}  // namespace digits
