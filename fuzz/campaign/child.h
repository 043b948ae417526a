/* child.h: a client IUT's process: started with a port, its output in a file, its end. */
#ifndef FUZZ_CAMPAIGN_CHILD_H
#define FUZZ_CAMPAIGN_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct law_child {
  pid_t pid; /* its own process group; 0: none */
  bool ended;
  int status; /* of waitpid */
} law_child;

/* Starts |argv|, NULL-terminated, with "{port}" replaced in each of its words. Its output goes to
 * |log|, emptied before; its input is |script|, or nothing when that is NULL. It dies with us. False:
 * errno says why. */
bool law_child_start(law_child *c, char *const *argv, uint16_t port, const char *log,
                     const char *script);
/* Takes note of its end; true when it has ended. */
bool law_child_poll(law_child *c);
/* Kills it and all of its group, and waits for it. */
void law_child_kill(law_child *c);
/* Whether it ended as no program should: by a signal, or with words of a sanitizer, of a panic, or
 * of an exception that nobody caught in its log. */
bool law_child_crashed(const law_child *c, const char *log);

#endif
