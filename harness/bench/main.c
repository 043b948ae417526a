/* wirelaw-bench: nanoseconds for one packet, ours and peers' shared objects side by side.
 *
 * Prints a line for each subject, "subject <tab> name <tab> checks", then one for each figure,
 * "figure <tab> message <tab> name <tab> best <tab> median", for all that a subject can decode. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"

enum { MAX_SUBJECTS = 32, DEFAULT_ROUNDS = 400, MAX_ROUNDS = 100000, EXIT_USAGE = 2 };

typedef struct options {
  bench_subject subjects[MAX_SUBJECTS];
  size_t num_subjects;
  size_t num_rounds;
} options;

static int usage(void) {
  fputs("usage: wirelaw-bench [--rounds N] [--peer FILE.so]...\n", stderr);
  return EXIT_USAGE;
}

static bool add_peer(options *o, const char *path) {
  const char *why = "there are too many";
  if (o->num_subjects < MAX_SUBJECTS) {
    why = bench_load_peer(path, &o->subjects[o->num_subjects]);
  }
  if (why != NULL) {
    fprintf(stderr, "wirelaw-bench: the peer %s cannot be loaded: %s\n", path, why);
    return false;
  }
  o->num_subjects++;
  return true;
}

static bool set_rounds(options *o, const char *text) {
  char *end;
  o->num_rounds = strtoul(text, &end, 10);
  return *end == '\0' && o->num_rounds > 0 && o->num_rounds <= MAX_ROUNDS;
}

/* Returns 0, or the exit status. */
static int read_options(options *o, int argc, char **argv) {
  o->subjects[0] = bench_wirelaw;
  o->num_subjects = 1;
  o->num_rounds = DEFAULT_ROUNDS;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc) {
      return usage();
    }
    if (strcmp(argv[i], "--peer") == 0) {
      if (!add_peer(o, argv[i + 1])) {
        return EXIT_USAGE;
      }
    } else if (strcmp(argv[i], "--rounds") != 0 || !set_rounds(o, argv[i + 1])) {
      return usage();
    }
  }
  return 0;
}

/* Stays on the processor it is on. Where that is not allowed, figures are a little less steady. */
static void pin(void) {
  int here = sched_getcpu();
  if (here >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)here, &set);
    (void)sched_setaffinity(0, sizeof set, &set);
  }
}

static bool run_message(const options *o, const bench_message *message) {
  bench_figure figures[MAX_SUBJECTS];
  if (!bench_measure(o->subjects, o->num_subjects, message, o->num_rounds, figures)) {
    fputs("wirelaw-bench: there is no memory for the figures\n", stderr);
    return false;
  }
  for (size_t i = 0; i < o->num_subjects; i++) {
    if (figures[i].best >= 0) {
      printf("figure\t%s\t%s\t%.2f\t%.2f\n", message->name, o->subjects[i].name, figures[i].best,
             figures[i].median);
    }
  }
  return true;
}

int main(int argc, char **argv) {
  options o;
  int status = read_options(&o, argc, argv);
  if (status != 0) {
    return status;
  }
  pin();
  for (size_t i = 0; i < o.num_subjects; i++) {
    printf("subject\t%s\t%s\n", o.subjects[i].name, o.subjects[i].checks);
  }
  for (size_t i = 0; i < BENCH_NUM_MESSAGES; i++) {
    if (!run_message(&o, &bench_messages[i])) {
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}
