/* buffer.h: bytes that grow at the end. */
#ifndef LAW_PEERS_BUFFER_H
#define LAW_PEERS_BUFFER_H

#include "core/types.h"

typedef struct law_buffer {
  uint8_t *data;
  size_t len, cap;
} law_buffer;

/* Room for |len| more bytes; returns where they go. The caller adds to |len| what it wrote. */
uint8_t *law_buffer_reserve(law_buffer *b, size_t len);
void law_buffer_add(law_buffer *b, law_bytes bytes);
law_bytes law_buffer_bytes(const law_buffer *b);
/* Empties it; keeps its memory unless that has become large. */
void law_buffer_clear(law_buffer *b);
void law_buffer_free(law_buffer *b);

#endif
