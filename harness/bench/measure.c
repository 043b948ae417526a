#include "bench/measure.h"

#include <stdlib.h>
#include <time.h>

/* Short rounds: most of them end before anybody else wants the processor. */
static const double round_ns = 50000;

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds for one of |num_calls| calls. */
static double time_calls(const bench_subject *subject, const bench_message *m, size_t num_calls) {
  double start = now_ns();
  for (size_t i = 0; i < num_calls; i++) {
    int answer = subject->decode(m->bytes, m->len, m->version);
    __asm__ volatile("" : : "r"(answer) : "memory");
  }
  return (now_ns() - start) / (double)num_calls;
}

/* How many calls fill a round. Warms up caches and predictors, too. */
static size_t calls_in_a_round(const bench_subject *subject, const bench_message *m) {
  size_t num_calls = 16;
  while (time_calls(subject, m, num_calls) * (double)num_calls < round_ns) {
    num_calls *= 2;
  }
  return num_calls;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static bench_figure figure_of(double *times, size_t num) {
  qsort(times, num, sizeof *times, compare);
  bench_figure f = {times[0], times[num / 2]};
  return f;
}

/* |times| has a row of |num_rounds| for each subject, |num_calls| 0 for those that cannot. */
static void run_rounds(const bench_subject *subjects, size_t num_subjects, const bench_message *m,
                       size_t num_rounds, const size_t *num_calls, double *times) {
  for (size_t round = 0; round < num_rounds; round++) {
    for (size_t i = 0; i < num_subjects; i++) {
      if (num_calls[i] > 0) {
        times[i * num_rounds + round] = time_calls(&subjects[i], m, num_calls[i]);
      }
    }
  }
}

bool bench_measure(const bench_subject *subjects, size_t num_subjects, const bench_message *message,
                   size_t num_rounds, bench_figure *out) {
  size_t *num_calls = calloc(num_subjects, sizeof *num_calls);
  double *times = calloc(num_subjects * num_rounds, sizeof *times);
  bool ready = num_calls != NULL && times != NULL;
  if (ready) {
    for (size_t i = 0; i < num_subjects; i++) {
      int answer = subjects[i].decode(message->bytes, message->len, message->version);
      num_calls[i] = answer == BENCH_ACCEPTS ? calls_in_a_round(&subjects[i], message) : 0;
      out[i] = (bench_figure){-1, -1};
    }
    run_rounds(subjects, num_subjects, message, num_rounds, num_calls, times);
    for (size_t i = 0; i < num_subjects; i++) {
      if (num_calls[i] > 0) {
        out[i] = figure_of(times + i * num_rounds, num_rounds);
      }
    }
  }
  free(num_calls);
  free(times);
  return ready;
}
