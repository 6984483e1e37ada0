// Reports the metrics of one epoch: a line for people on stdout, a JSON line in $SWEEPD_METRICS.
#include "estimators/report.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace digits {
namespace {

void append_json(std::string& line, std::string_view name, double value) {
  if (!std::isfinite(value)) {
    return;
  }
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  line.append(",\"").append(name).append("\":").append(text.data(), end);
}

void warn(const char* what) {
  std::fprintf(stderr, "$SWEEPD_METRICS: %s: %s\n", what, std::strerror(errno));
}

}  // namespace

std::string human_line(const EpochMetrics& metrics) {
  std::array<char, 160> text{};
  std::snprintf(text.data(),
                text.size(),
                "epoch=%d loss=%.4f accuracy=%.4f test_loss=%.4f",
                metrics.epoch,
                metrics.loss,
                metrics.accuracy,
                metrics.test_loss);
  return text.data();
}

std::string json_line(const EpochMetrics& metrics) {
  std::string line = "{\"epoch\":" + std::to_string(metrics.epoch);
  append_json(line, "loss", metrics.loss);
  append_json(line, "accuracy", metrics.accuracy);
  append_json(line, "test_loss", metrics.test_loss);
  return line + "}";
}

Reporter::Reporter() {
  const char* path = std::getenv("SWEEPD_METRICS");
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
  std::printf("%s\n", human_line(metrics).c_str());
  std::fflush(stdout);
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
