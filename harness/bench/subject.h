/* subject.h: a codec under the clock: ours, or a peer's shared object. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_subject {
  const char *name;
  const char *checks; /* what it validates, in words */
  /* Frames and decodes one packet: BENCH_ACCEPTS, BENCH_REFUSES, or BENCH_CANNOT. */
  int (*decode)(const uint8_t *bytes, size_t len, int version);
} bench_subject;

/* What decode answers; BENCH_CANNOT: it has no decoder for this type or version. */
enum { BENCH_CANNOT = -1, BENCH_ACCEPTS = 0, BENCH_REFUSES = 1 };

/* The codec of this project. */
extern const bench_subject bench_wirelaw;

/* Loads a peer: a shared object that exports what peer.h says. Returns NULL, or why not. */
const char *bench_load_peer(const char *path, bench_subject *out);

#endif
