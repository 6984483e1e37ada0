/* A disk that loses what it was given: syncs of files whose path holds a text fail with EIO.
   Preloaded into the daemon; the text is read from the file that $BAD_DISK names, when there is one. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int fails(int fd) {
  const char* name = getenv("BAD_DISK");
  char text[256];
  char link[64];
  char path[4096];
  int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) {
    return 0;
  }
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[size > 0 ? size : 0] = 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  size = readlink(link, path, sizeof path - 1);
  path[size > 0 ? size : 0] = 0;
  return text[0] != 0 && strstr(path, text) != NULL;
}

int fsync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return fails(fd) ? (errno = EIO, -1) : real(fd);
}

int fdatasync(int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  return fails(fd) ? (errno = EIO, -1) : real(fd);
}
