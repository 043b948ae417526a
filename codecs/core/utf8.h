/* utf8.h: RFC 3629 text, checked once. */
#ifndef LAW_CORE_UTF8_H
#define LAW_CORE_UTF8_H

#include "core/block.h"

typedef enum law_utf8 {
  LAW_UTF8_OK,
  LAW_UTF8_ILL_FORMED, /* overlong, above U+10FFFF, cut short, stray continuation, FE, FF */
  LAW_UTF8_SURROGATE,  /* U+D800 to U+DFFF */
  LAW_UTF8_NUL,        /* U+0000 */
  LAW_UTF8_WILDCARD,   /* '#' or '+', when they are forbidden */
} law_utf8;

/* The first thing wrong with |text|, and at which byte. |no_wildcards|: '#' and '+' are wrong too. */
law_utf8 law_utf8_check(law_bytes text, bool no_wildcards, size_t *out_at);

/* Bytes of a block that need a closer look: NUL, beyond ASCII, a wildcard where they are forbidden. */
LAW_INLINE uint32_t law_utf8_suspicious(law_block b, bool no_wildcards) {
  return law_block_odd(b) | (no_wildcards ? law_block_wild(b) : 0);
}

/* True when all of |text| is plain ASCII without NUL (and wildcards): nothing to look at. */
LAW_INLINE bool law_utf8_plain(law_bytes text, bool no_wildcards) {
  if (text.len < LAW_BLOCK) {
    law_block few = law_block_few(text.data, text.len);
    return (law_utf8_suspicious(few, no_wildcards) & law_low_bits(text.len)) == 0;
  }
  /* The last sixteen bytes, of which the loop may see some again. */
  uint32_t hit = law_utf8_suspicious(law_block_load(text.data + text.len - LAW_BLOCK), no_wildcards);
  for (size_t at = 0; at + LAW_BLOCK < text.len; at += LAW_BLOCK) {
    hit |= law_utf8_suspicious(law_block_load(text.data + at), no_wildcards);
  }
  return hit == 0;
}

/* True for well-formed text without NUL. */
bool law_utf8_valid(law_bytes text);

#endif
