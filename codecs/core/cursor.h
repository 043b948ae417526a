/* cursor.h: the one way of reading bytes. Every read passes one bounds check; the first failure is
 * kept and makes every later read fail too, so that a decoder checks once, at its end. */
#ifndef LAW_CORE_CURSOR_H
#define LAW_CORE_CURSOR_H

#include <string.h>

#include "core/types.h"

/* A rule is a protocol's own small number for a check that a decoder makes; its table says which
 * requirement that is in which version. 0 means none. */
typedef uint16_t law_rule;

/* What a check found: a rule and the byte at which it is broken, or rule 0. */
typedef struct law_breach {
  const uint8_t *where;
  law_rule rule;
} law_breach;

typedef struct law_cursor {
  const uint8_t *at;
  const uint8_t *end;
  const uint8_t *start; /* offsets count from here */
  uint32_t failed_at;
  law_rule failed; /* the first rule broken, 0 while there is none */
} law_cursor;

LAW_INLINE law_breach law_breach_at(const uint8_t *where, law_rule rule) {
  law_breach breach = {where, rule};
  return breach;
}

LAW_INLINE law_cursor law_cursor_of(law_bytes bytes) {
  law_cursor c = {bytes.data, bytes.data + bytes.len, bytes.data, 0, 0};
  return c;
}

/* Records that |rule| is broken at |where| unless something was broken before, and ends the cursor,
 * so that every later read fails. Inline, as all that takes a cursor's address should be: one whose
 * address goes nowhere stays in registers. What is too long for that returns a law_breach. */
LAW_INLINE void law_cursor_fail_at(law_cursor *c, const uint8_t *where, law_rule rule) {
  if (c->failed == 0) {
    c->failed = rule;
    c->failed_at = (uint32_t)(where - c->start);
  }
  c->end = c->at;
}

LAW_INLINE void law_cursor_note(law_cursor *c, law_breach breach) {
  if (LAW_UNLIKELY(breach.rule != 0)) {
    law_cursor_fail_at(c, breach.where, breach.rule);
  }
}

LAW_INLINE void law_cursor_fail(law_cursor *c, law_rule rule) {
  law_cursor_fail_at(c, c->at, rule);
}

LAW_INLINE size_t law_cursor_left(const law_cursor *c) { return (size_t)(c->end - c->at); }

LAW_INLINE bool law_cursor_ok(const law_cursor *c) { return c->failed == 0; }

/* What |c| found broken, as its own caller may want it. */
LAW_INLINE law_breach law_cursor_breach(const law_cursor *c) {
  return law_breach_at(c->start + c->failed_at, c->failed);
}

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

/* Two bytes of length, then that many bytes. |no_length| is broken when the length itself is not
 * there, |overrun| when the bytes that it counts are not. */
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
