#include "core/writer.h"

#include <string.h>

void law_write_u8(law_writer *w, uint8_t v) {
  if (w->len < w->cap) {
    w->data[w->len] = v;
  }
  w->len++;
}

void law_write_u16(law_writer *w, uint16_t v) {
  law_write_u8(w, (uint8_t)(v >> 8));
  law_write_u8(w, (uint8_t)v);
}

void law_write_u32(law_writer *w, uint32_t v) {
  law_write_u16(w, (uint16_t)(v >> 16));
  law_write_u16(w, (uint16_t)v);
}

void law_write_bytes(law_writer *w, law_bytes bytes) {
  if (bytes.len > 0 && w->len <= w->cap && bytes.len <= w->cap - w->len) {
    memcpy(w->data + w->len, bytes.data, bytes.len);
  }
  w->len += bytes.len;
}

void law_write_bytes16(law_writer *w, law_bytes bytes) {
  law_write_u16(w, (uint16_t)bytes.len);
  law_write_bytes(w, bytes);
}

void law_write_varint(law_writer *w, uint32_t v) {
  while (v > 0x7f) {
    law_write_u8(w, (uint8_t)(v | 0x80));
    v >>= 7;
  }
  law_write_u8(w, (uint8_t)v);
}

size_t law_varint_size(uint32_t v) {
  size_t size = 1;
  while (v > 0x7f) {
    v >>= 7;
    size++;
  }
  return size;
}
