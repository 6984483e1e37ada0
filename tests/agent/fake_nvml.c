// A stand-in for libnvidia-ml.so.1: FAKE_NVML GPUs, FAKE_NVML_LOST=i one lost, FAKE_NVML_MIG=1 sliced, FAKE_NVML_FAIL=n.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int number(const char* name) {
  const char* text = getenv(name);
  return text != NULL ? atoi(text) : 0;
}

struct memory {
  unsigned long long total, free, used;
};

int nvmlInit_v2(void) { return number("FAKE_NVML_FAIL"); }
int nvmlShutdown(void) { return 0; }
const char* nvmlErrorString(int code) { return code == 9 ? "driver not loaded" : code == 15 ? "GPU is lost" : "error"; }

int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  snprintf(text, size, "535.00");
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = (unsigned)number("FAKE_NVML");
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
  if (getenv("FAKE_NVML_LOST") != NULL && (int)index == number("FAKE_NVML_LOST")) {
    return 15;
  }
  *handle = (void*)(size_t)(index + 1);
  return 0;
}

int nvmlDeviceGetUUID(void* handle, char* text, unsigned size) {
  const size_t id = (size_t)handle;
  snprintf(text, size, id > 100 ? "MIG-%zu" : "GPU-%zu", id);
  return 0;
}

int nvmlDeviceGetName(void* handle, char* text, unsigned size) {
  (void)handle;
  snprintf(text, size, "Fake H200");
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* handle, struct memory* memory) {
  (void)handle;
  memset(memory, 0, sizeof *memory);
  memory->total = 1ULL << 37;
  return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void* handle, unsigned* count, void* processes) {
  (void)processes;
  *count = (size_t)handle == 1 ? 2 : 0;
  return *count > 0 ? 7 : 0;
}

int nvmlDeviceGetMigMode(void* handle, unsigned* now, unsigned* later) {
  (void)handle;
  *now = *later = (unsigned)number("FAKE_NVML_MIG");
  return 0;
}

int nvmlDeviceGetMaxMigDeviceCount(void* handle, unsigned* count) {
  (void)handle;
  *count = 3;
  return 0;
}

int nvmlDeviceGetMigDeviceHandleByIndex(void* handle, unsigned index, void** slice) {
  if (index == 1) {
    return 6;  // an empty place
  }
  *slice = (void*)((size_t)handle * 100 + index + 1);
  return 0;
}
