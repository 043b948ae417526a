/* utf8.h: RFC 3629 text, checked once. */
#ifndef LAW_CORE_UTF8_H
#define LAW_CORE_UTF8_H

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

/* True for well-formed text without NUL. */
bool law_utf8_valid(law_bytes text);

#endif
