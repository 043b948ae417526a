/* codec.h: the inside of law_codec. */
#ifndef LAW_BINDING_CODEC_H
#define LAW_BINDING_CODEC_H

#include "binding/facade.h"
#include "core/build.h"

typedef struct law_bin {
  uint8_t *data;
  size_t cap, len;
} law_bin;

typedef struct law_arena {
  struct law_arena *next;
  uint8_t data[];
} law_arena;

struct law_codec {
  const law_protocol *protocol;
  uint64_t start[LAW_MAX_CONTEXT_SIZE / 8]; /* the context before the first message */
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  law_builder builder;
  law_arena *arenas; /* of values too large for |arena| */
  const law_type *type;
  law_bin wire, text;
  size_t num_spans;
  law_span spans[LAW_MAX_SPANS];
  uint8_t arena[1 << 18]; /* all properties and filters of a message fit: each is below 64 KiB */
};

#endif
