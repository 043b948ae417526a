/* grammar.h: what the inputs of one target are, set by its build: FUZZ_PROTOCOL, a law_protocol;
 * FUZZ_GRAMMAR_VARIANT, one of its variants or NULL for any; FUZZ_SEQUENCE, whether an input is a
 * conversation. */
#ifndef FUZZ_MUTATORS_GRAMMAR_H
#define FUZZ_MUTATORS_GRAMMAR_H

#include "coap/coap.h"
#include "monitors/mqtt/mqtt.h"
#include "mutators/mutate.h"

static law_mutator fuzz_mutator;

static inline law_mutator *fuzz_the_mutator(void) {
  if (fuzz_mutator.protocol == NULL) {
    law_mutator_init(&fuzz_mutator, &FUZZ_PROTOCOL, FUZZ_GRAMMAR_VARIANT);
  }
  return &fuzz_mutator;
}

static inline size_t fuzz_mutate(uint8_t *data, size_t len, size_t cap, uint64_t seed) {
  law_mutator *m = fuzz_the_mutator();
  return FUZZ_SEQUENCE ? law_mutate_sequence(m, data, len, cap, seed)
                       : law_mutate(m, data, len, cap, seed);
}

#endif
