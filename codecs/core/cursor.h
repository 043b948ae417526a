/* cursor.h: the one way of reading bytes. Every read passes one bounds check; the first failure is
 * kept and makes every later read fail too, so that a decoder checks once, at its end. */
#ifndef LAW_CORE_CURSOR_H
#define LAW_CORE_CURSOR_H

#include <string.h>

#include "core/types.h"

/* A rule is a protocol's own small number for a check that a decoder makes; its table says which
 * requirement that is in which version. 0 means none. */
typedef uint16_t law_rule;

typedef struct law_cursor {
  const uint8_t *at;
  const uint8_t *end;
  const uint8_t *start; /* offsets count from here */
  uint32_t failed_at;
  law_rule failed; /* the first rule broken, 0 while there is none */
} law_cursor;

LAW_INLINE law_cursor law_cursor_of(law_bytes bytes) {
  law_cursor c = {bytes.data, bytes.data + bytes.len, bytes.data, 0, 0};
  return c;
}

/* |c|, failed: |rule| is broken at |where|, unless something was broken before, and the cursor ends
 * here, so that every later read fails. By value: a cursor whose address goes nowhere stays in
 * registers, which is half of a decoder's speed. Cold functions that fail a cursor do the same. */
LAW_COLD law_cursor law_cursor_failed(law_cursor c, const uint8_t *where, law_rule rule);

LAW_INLINE void law_cursor_fail_at(law_cursor *c, const uint8_t *where, law_rule rule) {
  *c = law_cursor_failed(*c, where, rule);
}

LAW_INLINE void law_cursor_fail(law_cursor *c, law_rule rule) {
  law_cursor_fail_at(c, c->at, rule);
}

LAW_INLINE size_t law_cursor_left(const law_cursor *c) { return (size_t)(c->end - c->at); }

LAW_INLINE bool law_cursor_ok(const law_cursor *c) { return c->failed == 0; }

/* The one bounds check. */
LAW_INLINE bool law_cursor_has(law_cursor *c, size_t len, law_rule rule) {
  if (LAW_LIKELY(law_cursor_left(c) >= len)) {
    return true;
  }
  law_cursor_fail(c, rule);
  return false;
}

LAW_INLINE uint8_t law_cursor_u8(law_cursor *c, law_rule rule) {
  if (!law_cursor_has(c, 1, rule)) {
    return 0;
  }
  return *c->at++;
}

LAW_INLINE uint16_t law_load_u16(const uint8_t *p) { return (uint16_t)((p[0] << 8) | p[1]); }

LAW_INLINE uint32_t law_load_u32(const uint8_t *p) {
  return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

LAW_INLINE uint16_t law_cursor_u16(law_cursor *c, law_rule rule) {
  if (!law_cursor_has(c, 2, rule)) {
    return 0;
  }
  uint16_t v = law_load_u16(c->at);
  c->at += 2;
  return v;
}

LAW_INLINE uint32_t law_cursor_u32(law_cursor *c, law_rule rule) {
  if (!law_cursor_has(c, 4, rule)) {
    return 0;
  }
  uint32_t v = law_load_u32(c->at);
  c->at += 4;
  return v;
}

/* |len| bytes as a view; an empty one on failure. */
LAW_INLINE law_bytes law_cursor_bytes(law_cursor *c, size_t len, law_rule rule) {
  if (!law_cursor_has(c, len, rule)) {
    return law_bytes_of(c->at, 0);
  }
  law_bytes b = law_bytes_of(c->at, len);
  c->at += len;
  return b;
}

/* Two bytes of length, then that many bytes. |no_length| is broken when the length itself is not there,
 * |overrun| when the bytes that it counts are not. */
LAW_INLINE law_bytes law_cursor_bytes16(law_cursor *c, law_rule no_length, law_rule overrun) {
  uint16_t len = law_cursor_u16(c, no_length);
  return law_cursor_bytes(c, len, overrun);
}

LAW_INLINE law_bytes law_cursor_rest(law_cursor *c) {
  law_bytes b = law_bytes_of(c->at, law_cursor_left(c));
  c->at = c->end;
  return b;
}

#endif
