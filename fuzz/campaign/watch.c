#include "campaign/watch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static FILE *open_of(pid_t pid, const char *name) {
  char path[64];
  (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  return fopen(path, "re");
}

uint64_t law_usage_cpu(pid_t pid) {
  char line[1024];
  unsigned long user = 0, system = 0;
  FILE *f = open_of(pid, "stat");
  if (f == NULL) {
    return 0;
  }
  const char *read = fgets(line, sizeof line, f);
  (void)fclose(f);
  /* The name in brackets may hold anything; user and system time are fields 14 and 15. */
  const char *rest = read != NULL ? strrchr(line, ')') : NULL;
  if (rest == NULL || sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                             &system) != 2) {
    return 0;
  }
  long ticks = sysconf(_SC_CLK_TCK);
  return (uint64_t)(user + system) * (UINT64_C(1000000000) / (uint64_t)(ticks > 0 ? ticks : 100));
}

static uint32_t count_fds(pid_t pid) {
  char path[64];
  uint32_t num = 0;
  (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  DIR *folder = opendir(path);
  if (folder == NULL) {
    return 0;
  }
  while (readdir(folder) != NULL) {
    num++;
  }
  (void)closedir(folder);
  return num - 2; /* "." and ".." */
}

static void read_line(const char *line, law_usage *out) {
  unsigned long kb;
  if (sscanf(line, "VmRSS: %lu kB", &kb) == 1) {
    out->resident = (uint64_t)kb * 1024;
  } else if (sscanf(line, "VmSize: %lu kB", &kb) == 1) {
    out->virtual_size = (uint64_t)kb * 1024;
  } else if (sscanf(line, "VmPeak: %lu kB", &kb) == 1) {
    out->virtual_peak = (uint64_t)kb * 1024;
  }
}

bool law_usage_of(pid_t pid, law_usage *out) {
  char line[256];
  FILE *f = open_of(pid, "status");
  *out = (law_usage){0};
  if (f == NULL) {
    return false;
  }
  while (fgets(line, sizeof line, f) != NULL) {
    read_line(line, out);
  }
  (void)fclose(f);
  out->cpu = law_usage_cpu(pid);
  out->num_fds = count_fds(pid);
  return out->virtual_size > 0;
}

int law_watch_death(pid_t pid) { return pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1; }
