/* random.h: splitmix64: the same numbers for the same seed, on every machine. */
#ifndef FUZZ_MUTATORS_RANDOM_H
#define FUZZ_MUTATORS_RANDOM_H

#include <stdint.h>

static inline uint64_t law_random(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* From 0 to before |below|, which is not 0. */
static inline uint32_t law_random_below(uint64_t *state, uint32_t below) {
  return (uint32_t)(((law_random(state) >> 32) * below) >> 32);
}

#endif
