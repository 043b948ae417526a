#include "peers/base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "peers/base/memory.h"

enum { KEEP = 64 * 1024 };

uint8_t *law_buffer_reserve(law_buffer *b, size_t len) {
  if (b->cap - b->len < len) {
    size_t cap = b->cap > 0 ? b->cap : 256;
    while (cap - b->len < len) {
      cap *= 2;
    }
    b->data = law_resize(b->data, cap);
    b->cap = cap;
  }
  return b->data + b->len;
}

void law_buffer_add(law_buffer *b, law_bytes bytes) {
  if (bytes.len > 0) {
    memcpy(law_buffer_reserve(b, bytes.len), bytes.data, bytes.len);
    b->len += bytes.len;
  }
}

law_bytes law_buffer_bytes(const law_buffer *b) { return law_bytes_of(b->data, b->len); }

void law_buffer_clear(law_buffer *b) {
  b->len = 0;
  if (b->cap > KEEP) {
    law_buffer_free(b);
  }
}

void law_buffer_free(law_buffer *b) {
  free(b->data);
  *b = (law_buffer){0};
}
