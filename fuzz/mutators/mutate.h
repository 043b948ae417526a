/* mutate.h: one way of changing messages, for all fuzzers: by their span maps and by the tables of
 * their protocol. No allocation; the same seed makes the same bytes.
 *
 * What it does to a message: numbers take boundary values, those that the tables name, and any
 * other; texts and lists grow, shrink, go; lengths are repaired or not, or lie; parts are dropped,
 * doubled, exchanged, put elsewhere; items that the tables know are put where they may stand or
 * may not; varints get longer than needed; the message ends at any byte. Streams and conversations
 * get messages, lose them, change their order, and take parts of others. */
#ifndef FUZZ_MUTATORS_MUTATE_H
#define FUZZ_MUTATORS_MUTATE_H

#include "core/protocol.h"

enum { LAW_MUTATE_SPANS = 256, LAW_MUTATE_ROOM = 4096 };

/* What is mutated, and the memory for it. Some 20 KB: static, or the caller's. */
typedef struct law_mutator {
  const law_protocol *protocol;
  const char *variant; /* NULL: any of the protocol's, drawn each time */
  uint64_t random;
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  size_t len, num;
  law_span spans[LAW_MUTATE_SPANS];
  uint8_t room[LAW_MUTATE_ROOM];
  uint8_t arena[LAW_MUTATE_ROOM / 2];
} law_mutator;

void law_mutator_init(law_mutator *m, const law_protocol *protocol, const char *variant);

/* Changes a stream of messages in place, mostly one of them; writes one where there is none.
 * Returns the new length, from 1 to |cap|. |cap| is not 0, |len| at most |cap|. */
size_t law_mutate(law_mutator *m, uint8_t *wire, size_t len, size_t cap, uint64_t seed);

/* The same for a conversation, see seq/seq.h. */
size_t law_mutate_sequence(law_mutator *m, uint8_t *wire, size_t len, size_t cap, uint64_t seed);

/* Messages, or records when |sequence|, from the beginning of |a| and the end of |b|, cut between
 * them. Returns the length, at most |cap|; |out| is neither of the two. */
size_t law_mutate_cross(law_mutator *m, uint8_t *out, size_t cap, law_bytes a, law_bytes b,
                        bool sequence, uint64_t seed);

/* A message of any type, written by the tables, good or nearly so. Its length; 0: no room. */
size_t law_mutate_generate(law_mutator *m, uint8_t *out, size_t cap, uint64_t seed);

#endif
