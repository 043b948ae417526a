/* writer.h: appends bytes to the caller's buffer. Counts on past the end, so that one pass gives
 * the size that would have been needed. */
#ifndef LAW_CORE_WRITER_H
#define LAW_CORE_WRITER_H

#include "core/types.h"

typedef struct law_writer {
  uint8_t *data;
  size_t cap;
  size_t len; /* bytes that were to be written; more than |cap| when they did not fit */
} law_writer;

LAW_INLINE law_writer law_writer_of(uint8_t *data, size_t cap) {
  law_writer w = {data, cap, 0};
  return w;
}

LAW_INLINE bool law_writer_ok(const law_writer *w) { return w->len <= w->cap; }

void law_write_u8(law_writer *w, uint8_t v);
void law_write_u16(law_writer *w, uint16_t v);
void law_write_u32(law_writer *w, uint32_t v);
void law_write_bytes(law_writer *w, law_bytes bytes);
/* Two bytes of length, then the bytes. A length over 65,535 is written modulo 65,536. */
void law_write_bytes16(law_writer *w, law_bytes bytes);
/* MQTT's variable byte integer (5.0 section 1.5.5, 3.1.1 section 2.2.3), shortest form, up to four
 * bytes; values over 268,435,455 take a fifth byte, which no decoder may accept. */
void law_write_varint(law_writer *w, uint32_t v);
size_t law_varint_size(uint32_t v);

#endif
