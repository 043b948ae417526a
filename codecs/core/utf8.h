/* utf8.h: RFC 3629 text, checked once. */
#ifndef LAW_CORE_UTF8_H
#define LAW_CORE_UTF8_H

#include <string.h>

#include "core/types.h"

typedef enum law_utf8 {
  LAW_UTF8_OK,
  LAW_UTF8_ILL_FORMED, /* overlong, above U+10FFFF, cut short, stray continuation, FE, FF */
  LAW_UTF8_SURROGATE,  /* U+D800 to U+DFFF */
  LAW_UTF8_NUL,        /* U+0000 */
  LAW_UTF8_WILDCARD,   /* '#' or '+', when they are forbidden */
} law_utf8;

/* The first thing wrong with |text|, and at which byte. |no_wildcards|: '#' and '+' are wrong too. */
law_utf8 law_utf8_check(law_bytes text, bool no_wildcards, size_t *out_at);

/* A word with |byte| in each of its eight bytes. */
#define LAW_EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Non-zero when one of the eight bytes of |v| needs a closer look: NUL, beyond ASCII, a wildcard where
 * they are forbidden. May be non-zero for nothing, never zero for something. */
LAW_INLINE uint64_t law_utf8_suspicious(uint64_t v, bool no_wildcards) {
  const uint64_t ones = LAW_EVERY(1);
  uint64_t hit = v | (v - ones);
  if (no_wildcards) {
    hit |= ((v ^ LAW_EVERY('#')) - ones) | ((v ^ LAW_EVERY('+')) - ones);
  }
  return hit & LAW_EVERY(0x80);
}

/* True when all of |text| is plain ASCII without NUL (and wildcards): nothing to look at. */
LAW_INLINE bool law_utf8_plain(law_bytes text, bool no_wildcards) {
  uint64_t word = LAW_EVERY('a'), hit = 0;
  size_t at = 0;
  if (text.len < sizeof word) {
    uint8_t copy[sizeof word];
    memcpy(copy, &word, sizeof word);
    for (size_t i = 0; i < text.len; i++) {
      copy[i] = text.data[i];
    }
    memcpy(&word, copy, sizeof word);
    return law_utf8_suspicious(word, no_wildcards) == 0;
  }
  for (; at + sizeof word <= text.len; at += sizeof word) {
    memcpy(&word, text.data + at, sizeof word);
    hit |= law_utf8_suspicious(word, no_wildcards);
  }
  /* The last eight bytes, some of them seen before. */
  memcpy(&word, text.data + text.len - sizeof word, sizeof word);
  return (hit | law_utf8_suspicious(word, no_wildcards)) == 0;
}

/* True for well-formed text without NUL. */
bool law_utf8_valid(law_bytes text);

#endif
