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

/* The first thing wrong with |text|, and where. |no_wildcards|: '#' and '+' are wrong too. */
law_utf8 law_utf8_check(law_bytes text, bool no_wildcards, size_t *out_at);

/* Flags what needs a closer look: NUL, beyond ASCII, a wildcard where they are forbidden. */
LAW_INLINE law_block law_utf8_suspicious(law_block b, bool no_wildcards) {
  law_block odd = law_block_is_odd(b);
  return no_wildcards ? law_block_or(odd, law_block_is_wild(b)) : odd;
}

/* True when all of |text| is plain ASCII without NUL (and wildcards): nothing to look at. */
LAW_INLINE bool law_utf8_plain(law_bytes text, bool no_wildcards) {
  law_block hits;
  if (LAW_UNLIKELY(text.len < LAW_BLOCK)) {
    if (text.len == 0) {
      return true;
    }
    hits = law_utf8_suspicious(law_block_of_few(text.data, text.len), no_wildcards);
  } else {
    /* The last sixteen bytes, of which the loop may see some again. */
    const uint8_t *last = text.data + text.len - LAW_BLOCK;
    hits = law_utf8_suspicious(law_block_load(last), no_wildcards);
    for (const uint8_t *at = text.data; at < last; at += LAW_BLOCK) {
      hits = law_block_or(hits, law_utf8_suspicious(law_block_load(at), no_wildcards));
    }
  }
  return law_block_bits(hits) == 0;
}

/* True for well-formed text without NUL. */
bool law_utf8_valid(law_bytes text);

#endif
