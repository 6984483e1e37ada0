// A stand-in for libnvidia-ml.so.1: FAKE_NVML GPUs, FAKE_NVML_LOST=i one lost, FAKE_NVML_MIG=1 sliced, FAKE_NVML_FAIL=n.
// FAKE_NVML_FILE names a file that is read anew at each call, with lines
//   processes GPU PID…   what computes on it (without a file: two processes on GPU 0)
//   free GPU MIB         of its memory
//   lost GPU             it has fallen off the bus
//   fail CODE            the driver is gone: nothing answers, and the library does not start
//   hang MS              every look takes so long
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int number(const char* name) {
  const char* text = getenv(name);
  return text != NULL ? atoi(text) : 0;
}

// The rest of the file's line that begins with `word`, and with `gpu` unless that is negative; NULL: there is none.
static char* said(const char* word, int gpu, char* line, int size) {
  const char* path = getenv("FAKE_NVML_FILE");
  FILE* file = path != NULL ? fopen(path, "r") : NULL;
  char start[64];
  snprintf(start, sizeof start, gpu < 0 ? "%s" : "%s %d", word, gpu);
  char* rest = NULL;
  while (file != NULL && rest == NULL && fgets(line, size, file) != NULL) {
    if (strncmp(line, start, strlen(start)) == 0) {
      rest = line + strlen(start);
    }
  }
  if (file != NULL) {
    fclose(file);
  }
  return rest;
}

static int failure(void) {
  char line[256];
  const char* code = said("fail", -1, line, sizeof line);
  return code != NULL ? atoi(code) : number("FAKE_NVML_FAIL");
}

struct process {
  unsigned pid;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};

struct memory {
  unsigned long long total, free, used;
};

int nvmlInit_v2(void) { return failure(); }
int nvmlShutdown(void) { return 0; }
const char* nvmlErrorString(int code) { return code == 9 ? "driver not loaded" : code == 15 ? "GPU is lost" : "error"; }

int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  snprintf(text, size, "535.00");
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = (unsigned)number("FAKE_NVML");
  char line[256];
  const char* hang = said("hang", -1, line, sizeof line);
  if (hang != NULL) {
    usleep(1000 * (unsigned)atoi(hang));
  }
  return failure();
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
  char line[256];
  if ((getenv("FAKE_NVML_LOST") != NULL && (int)index == number("FAKE_NVML_LOST")) ||
      said("lost", (int)index, line, sizeof line) != NULL) {
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
  memset(memory, 0, sizeof *memory);
  memory->total = memory->free = 1ULL << 37;
  char line[256];
  const char* mib = said("free", (int)(size_t)handle - 1, line, sizeof line);
  if (mib != NULL) {
    memory->free = (unsigned long long)atoi(mib) << 20;
  }
  return 0;
}

int nvmlDeviceGetComputeRunningProcesses_v3(void* handle, unsigned* count, struct process* processes) {
  char line[256] = " 4711 4712";
  const int gpu = (int)(size_t)handle - 1;
  char* rest = getenv("FAKE_NVML_FILE") != NULL ? said("processes", gpu, line, sizeof line) : gpu == 0 ? line : NULL;
  const unsigned room = *count;
  *count = 0;
  for (char* pid = rest != NULL ? strtok(rest, " \n") : NULL; pid != NULL; pid = strtok(NULL, " \n")) {
    if (*count < room) {
      memset(&processes[*count], 0, sizeof *processes);
      processes[*count].pid = (unsigned)atoi(pid);
    }
    ++*count;
  }
  return *count > room ? 7 : 0;
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
