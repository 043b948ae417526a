/* mutate_internal.h: what the parts of the mutator tell each other. */
#ifndef FUZZ_MUTATORS_MUTATE_INTERNAL_H
#define FUZZ_MUTATORS_MUTATE_INTERNAL_H

#include "mutators/mutate.h"
#include "mutators/random.h"

LAW_INLINE uint32_t law_draw(law_mutator *m, uint32_t below) {
  return law_random_below(&m->random, below);
}

/* True once in |times|. */
LAW_INLINE bool law_once_in(law_mutator *m, uint32_t times) { return law_draw(m, times) == 0; }

/* values.c: numbers and texts that decoders get wrong. */
uint64_t law_odd_number(law_mutator *m);
/* Of a property: its limits and their neighbours, too. */
uint64_t law_number_for(law_mutator *m, const law_field *field, const law_item *item);
law_bytes law_odd_text(law_mutator *m);

/* generate.c: one item of a list as bytes, into |out|; its length, 0 when there is no room. */
size_t law_generate_item(law_mutator *m, const law_field *list, uint8_t *out, size_t cap);
/* One message into m->room; sets m->len. */
void law_generate_message(law_mutator *m);

/* message.c: changes the message in m->room. */
void law_mutate_message(law_mutator *m);

/* stream.c: the length of the first message or record of |rest|; all of it when it has no end. */
size_t law_first_unit(law_mutator *m, law_bytes rest, bool sequence);
/* Replaces |old_len| bytes at |at| of |wire| by |with|, cutting what does not fit. */
size_t law_replace(uint8_t *wire, size_t len, size_t cap, size_t at, size_t old_len,
                   law_bytes with);

void law_mutator_begin(law_mutator *m, uint64_t seed);

#endif
