#include "core/utf8.h"

/* The length of the well-formed sequence at |p| (RFC 3629 section 4), 0 when it is ill-formed. A
 * surrogate has length 3 here, so that its kind can be told. */
static size_t sequence_len(const uint8_t *p, size_t left) {
  uint8_t first = p[0];
  uint8_t low = 0x80, high = 0xbf;
  size_t len;
  if (first < 0xc2 || first > 0xf4) {
    return 0;
  }
  if (first < 0xe0) {
    len = 2;
  } else if (first < 0xf0) {
    len = 3;
    low = first == 0xe0 ? 0xa0 : 0x80;
  } else {
    len = 4;
    low = first == 0xf0 ? 0x90 : 0x80;
    high = first == 0xf4 ? 0x8f : 0xbf;
  }
  if (left < len || p[1] < low || p[1] > high) {
    return 0;
  }
  for (size_t i = 2; i < len; i++) {
    if ((p[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  return len;
}

/* The character at |p|: its kind, and its length when there is nothing wrong with it. */
static law_utf8 check_character(const uint8_t *p, size_t left, bool no_wildcards, size_t *out_len) {
  *out_len = 1;
  if (*p == 0) {
    return LAW_UTF8_NUL;
  }
  if (*p < 0x80) {
    return no_wildcards && (*p == '#' || *p == '+') ? LAW_UTF8_WILDCARD : LAW_UTF8_OK;
  }
  *out_len = sequence_len(p, left);
  if (*out_len == 0) {
    return LAW_UTF8_ILL_FORMED;
  }
  return p[0] == 0xed && p[1] >= 0xa0 ? LAW_UTF8_SURROGATE : LAW_UTF8_OK;
}

law_utf8 law_utf8_check(law_bytes text, bool no_wildcards, size_t *out_at) {
  size_t at = 0;
  while (at < text.len) {
    if (text.len - at >= LAW_BLOCK &&
        law_block_bits(law_utf8_suspicious(law_block_load(text.data + at), no_wildcards)) == 0) {
      at += LAW_BLOCK;
      continue;
    }
    size_t len;
    law_utf8 kind = check_character(text.data + at, text.len - at, no_wildcards, &len);
    if (kind != LAW_UTF8_OK) {
      *out_at = at;
      return kind;
    }
    at += len;
  }
  return LAW_UTF8_OK;
}

bool law_utf8_valid(law_bytes text) {
  size_t at;
  return law_utf8_plain(text, false) || law_utf8_check(text, false, &at) == LAW_UTF8_OK;
}
