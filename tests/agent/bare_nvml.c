// A stand-in for an NVIDIA library that has nothing but what listing GPUs needs.
#include <stdio.h>

int nvmlInit_v2(void) { return 0; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 1;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** handle) {
  *handle = (void*)(unsigned long)(index + 1);
  return 0;
}

int nvmlDeviceGetUUID(void* handle, char* text, unsigned size) {
  (void)handle;
  snprintf(text, size, "GPU-bare");
  return 0;
}
