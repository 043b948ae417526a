/* peer.h: what a peer's shared object exports. Its glue is a C file that includes this and calls
 * the peer as its documentation says, framing included; see docs/bench.md. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "bench/subject.h"

#define BENCH_EXPORT __attribute__((visibility("default")))

extern BENCH_EXPORT const char bench_peer_name[];
extern BENCH_EXPORT const char bench_peer_checks[]; /* what it validates, in words */
BENCH_EXPORT int bench_peer_decode(const uint8_t *bytes, size_t len, int version);

/* Makes the compiler believe that somebody reads |*result|. */
#define BENCH_KEEP(result) __asm__ volatile("" : : "r"(result) : "memory")

#endif
