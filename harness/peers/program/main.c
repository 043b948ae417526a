/* wirelaw-peer: hosts the reference peers. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "peers/program/verbs.h"

typedef struct verb {
  const char *name;
  int (*run)(const law_options *o);
} verb;

static const verb verbs[] = {
    {"broker", law_verb_broker}, {"client", law_verb_client}, {"null", law_verb_null},
    {"matrix", law_verb_matrix}, {"faults", law_verb_faults},
};

/* Thousands of connections need as many descriptors as the system lets us have. */
static void raise_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int main(int argc, char **argv) {
  static law_options o;
  if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
    law_options_usage(argc < 2 ? stderr : stdout);
    return argc < 2 ? 2 : 0;
  }
  if (strcmp(argv[1], "--version") == 0) {
    puts("wirelaw-peer " WIRELAW_VERSION);
    return 0;
  }
  if (!law_options_read(&o, argc - 1, argv + 1)) {
    return 2;
  }
  raise_descriptors();
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(verbs[i].name, o.verb) == 0) {
      return verbs[i].run(&o);
    }
  }
  fprintf(stderr, "wirelaw-peer: %s: no such verb; see wirelaw-peer --help\n", o.verb);
  return 2;
}
