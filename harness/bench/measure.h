/* measure.h: interleaved rounds of the clock. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#include "bench/messages.h"
#include "bench/subject.h"

/* Nanoseconds for one decode: the fastest round, and the median of all. Negative when the subject
 * cannot decode, or refuses, this message. */
typedef struct bench_figure {
  double best, median;
} bench_figure;

/* Measures all |subjects| with |message|, in turn in each of |num_rounds| rounds, so that whatever
 * else the machine does hits all alike. Returns false when there is no memory. */
bool bench_measure(const bench_subject *subjects, size_t num_subjects, const bench_message *message,
                   size_t num_rounds, bench_figure *out);

#endif
