// Reads the reports that a shim has put into the spool of an attempt.
#pragma once

#include "agent/runner/shim_socket.h"
#include "wire/sweepd.pb.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sweepd::agent {

class SpoolReader {
 public:
  explicit SpoolReader(std::string path) : path_(std::move(path)) {}

  // The next reports, in order, about `bytes_max` bytes of them; none when there is nothing whole.
  std::vector<pb::Report> read(std::size_t bytes_max);

  // Whether the last frame was read: the program is over, and everything it said is in here.
  bool closed() const { return closed_; }

  // Whether the last read stopped at `bytes_max`.
  bool more() const { return more_; }

  // Whether the last read found bytes, or no file, where a whole frame should be: once nothing is
  // written any more and `closed` is false, the disk did not keep it.
  bool stuck() const { return stuck_; }

  // Every metric that was seen; known when the spool is closed.
  const std::vector<std::string>& metric_names() const { return names_; }

  // How many reports came too fast and were merged into later ones; known when the spool is closed.
  std::uint64_t thinned() const { return thinned_; }

 private:
  std::string bytes_at_offset(std::size_t bytes_max) const;
  std::size_t take(const std::string& bytes, std::vector<pb::Report>& reports);

  std::string path_;
  Fd file_;
  std::uint64_t offset_ = 0;
  bool more_ = false;
  bool closed_ = false;
  bool stuck_ = false;
  std::vector<std::string> names_;
  std::uint64_t thinned_ = 0;
};

}  // namespace sweepd::agent
