// Reports the metrics of one epoch: a line for people on stdout, a JSON line in $SWEEPD_METRICS.
#include "estimators/report.h"

#include <fmt/core.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <system_error>

namespace digits {
namespace {

void append_json(std::string& line, std::string_view name, double value) {
  if (!std::isfinite(value)) {
    return;
  }
  line += fmt::format(",\"{}\":{}", name, value);
}

void warn(const char* what) {
  const int error = errno;
  std::cerr << "$SWEEPD_METRICS: " << what << ": " << std::system_category().message(error) << '\n';
}

}  // namespace

std::string human_line(const EpochMetrics& metrics) {
  return fmt::format("epoch={} loss={:.4f} accuracy={:.4f} test_loss={:.4f}",
                     metrics.epoch,
                     metrics.loss,
                     metrics.accuracy,
                     metrics.test_loss);
}

std::string json_line(const EpochMetrics& metrics) {
  std::string line = "{\"epoch\":" + std::to_string(metrics.epoch);
  append_json(line, "loss", metrics.loss);
  append_json(line, "accuracy", metrics.accuracy);
  append_json(line, "test_loss", metrics.test_loss);
  return line + "}";
}

Reporter::Reporter() {
  const char* path = std::getenv("SWEEPD_METRICS");  // NOLINT(concurrency-mt-unsafe)
  if (path == nullptr || *path == '\0') {
    return;
  }
  fd_ = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    warn(path);
  }
}

Reporter::~Reporter() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

void Reporter::report(const EpochMetrics& metrics) {
  std::cout << human_line(metrics) << '\n' << std::flush;
  if (fd_ >= 0) {
    append(json_line(metrics) + "\n");
  }
}

void Reporter::append(std::string_view line) {
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) {
    return;
  }
  warn("a line could not be appended, reporting on stdout only");
  ::close(fd_);
  fd_ = -1;
}

}  // namespace digits
