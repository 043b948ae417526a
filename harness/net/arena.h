/* arena.h: the memory that events point into: filled while events are gathered, given back at once.
 * Blocks are kept from round to round, so that a loop at work allocates nothing. */
#ifndef LAW_NET_ARENA_H
#define LAW_NET_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  LAW_ARENA_BLOCK = 256 * 1024, /* no allocation can be larger */
  LAW_ARENA_SPACE = 65535 - 40, /* what law_arena_space gives at most: one packet of a capture */
};

typedef struct law_arena {
  uint8_t **blocks;
  size_t num_blocks;
  size_t current; /* index of the block that is being filled */
  size_t used;    /* bytes of it */
} law_arena;

/* A zeroed law_arena is empty. */
void law_arena_free(law_arena *a);

/* Room for bytes of a size not known yet: 16 KiB or more. NULL: no memory. */
uint8_t *law_arena_space(law_arena *a, size_t *out_cap);
/* Keeps the first |len| bytes of the space last given. */
void law_arena_keep(law_arena *a, size_t len);

/* |len| bytes, aligned for any type. NULL: no memory. */
void *law_arena_alloc(law_arena *a, size_t len);
/* NUL-terminated copy, cut at the size of a block; "" without memory. */
const char *law_arena_text(law_arena *a, const char *text);

/* Gives all back. Whoever still looks at it is caught by AddressSanitizer. */
void law_arena_reset(law_arena *a);

#endif
