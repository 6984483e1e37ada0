// What the stand-in for NVIDIA's library says, for as long as this lives.
#pragma once

#include "tests/blobs/folder.h"

#include <stdlib.h>

#include <cstdio>
#include <string>

namespace sweepd::agent {

class FakeGpus {
 public:
  explicit FakeGpus(const char* count) { ::setenv("FAKE_NVML", count, 1); }

  ~FakeGpus() {
    for (const char* name :
         {"FAKE_NVML", "FAKE_NVML_LOST", "FAKE_NVML_MIG", "FAKE_NVML_FAIL", "FAKE_NVML_FILE"}) {
      ::unsetenv(name);
    }
  }

  FakeGpus(const FakeGpus&) = delete;
  FakeGpus& operator=(const FakeGpus&) = delete;

  // From now on: lines as in fake_nvml.c, in programs that are started after the first call.
  void say(const std::string& lines) const {
    folder_.write("next", lines);
    ::rename((folder_ / "next").c_str(), (folder_ / "gpus").c_str());  // never read in halves
    ::setenv("FAKE_NVML_FILE", (folder_ / "gpus").c_str(), 1);
  }

 private:
  testing::Folder folder_;
};

}  // namespace sweepd::agent
