/* watch.h: an IUT's process from outside: memory, descriptors, processor time, its end. */
#ifndef FUZZ_CAMPAIGN_WATCH_H
#define FUZZ_CAMPAIGN_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What /proc says. Bytes and ns. */
typedef struct law_usage {
  uint64_t resident, virtual_size, virtual_peak;
  uint64_t cpu;
  uint32_t num_fds; /* 0: not allowed to look */
} law_usage;

/* False when the process is gone. */
bool law_usage_of(pid_t pid, law_usage *out);
/* The cheap half: processor time only. */
uint64_t law_usage_cpu(pid_t pid);
/* Readable when the process has ended; -1 when there is none. */
int law_watch_death(pid_t pid);

#endif
