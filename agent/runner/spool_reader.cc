// Reads the reports that a shim has put into the spool of an attempt.
#include "agent/runner/spool_reader.h"

#include "agent/shim/shim.pb.h"
#include "base/frame.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sweepd::agent {

std::string SpoolReader::bytes_at_offset(std::size_t bytes_max) const {
  std::string bytes(bytes_max, '\0');
  const ssize_t got = ::pread(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
  bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return bytes;
}

std::vector<pb::Report> SpoolReader::read(std::size_t bytes_max) {
  std::vector<pb::Report> reports;
  more_ = false;
  stuck_ = false;
  if (!file_) {
    file_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    stuck_ = !file_ && errno == ENOENT;
  }
  if (!file_ || closed_) {
    return reports;
  }
  std::string bytes = bytes_at_offset(bytes_max);
  std::size_t at = take(bytes, reports);
  if (at == 0 && bytes.size() == bytes_max) {
    // One frame is larger than that.
    bytes = bytes_at_offset(kFrameHeadBytes + kFrameBodyBytesMax);
    at = take(bytes, reports);
  }
  offset_ += at;
  more_ = at > 0 && bytes.size() >= bytes_max && !closed_;
  stuck_ = at == 0;
  return reports;
}

std::size_t SpoolReader::take(const std::string& bytes, std::vector<pb::Report>& reports) {
  std::size_t at = 0;
  shimpb::SpoolEntry entry;
  while (!closed_) {
    const auto body = next_frame(bytes, at);
    if (!body || !entry.ParseFromArray(body->data(), static_cast<int>(body->size()))) {
      break;
    }
    if (entry.has_report()) {
      reports.push_back(std::move(*entry.mutable_report()));
    } else if (entry.has_closing()) {
      names_.assign(entry.closing().metric_names().begin(), entry.closing().metric_names().end());
      thinned_ = entry.closing().thinned();
      closed_ = true;
    }
  }
  return at;
}

}  // namespace sweepd::agent
