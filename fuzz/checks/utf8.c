#include "core/utf8.h"

#include "checks/checks.h"
#include "checks/require.h"

/* The well-formed sequences of the Unicode standard, table 3-7, with surrogates taken as such. */
typedef struct row {
  uint8_t first_low, first_high, second_low, second_high;
  size_t len;
} row;

static const row rows[] = {
    {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
    {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static bool fits(const row *r, const uint8_t *p, size_t left) {
  if (p[0] < r->first_low || p[0] > r->first_high || left < r->len) {
    return false;
  }
  for (size_t i = 1; i < r->len; i++) {
    uint8_t low = i == 1 ? r->second_low : 0x80, high = i == 1 ? r->second_high : 0xbf;
    if (p[i] < low || p[i] > high) {
      return false;
    }
  }
  return true;
}

static size_t sequence_len(const uint8_t *p, size_t left) {
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    if (fits(&rows[i], p, left)) {
      return rows[i].len;
    }
  }
  return 0;
}

static law_utf8 reference(law_bytes text, bool no_wildcards, size_t *out_at) {
  for (size_t at = 0; at < text.len;) {
    const uint8_t *p = text.data + at;
    size_t len = sequence_len(p, text.len - at);
    *out_at = at;
    if (*p == 0) {
      return LAW_UTF8_NUL;
    }
    if (len == 0) {
      return LAW_UTF8_ILL_FORMED;
    }
    if (len == 3 && p[0] == 0xed && p[1] >= 0xa0) {
      return LAW_UTF8_SURROGATE;
    }
    if (no_wildcards && (*p == '#' || *p == '+')) {
      return LAW_UTF8_WILDCARD;
    }
    at += len;
  }
  return LAW_UTF8_OK;
}

static bool is_ascii(law_bytes text) {
  for (size_t i = 0; i < text.len; i++) {
    if (text.data[i] >= 0x80) {
      return false;
    }
  }
  return true;
}

void fuzz_check_utf8(law_bytes text) {
  for (int no_wildcards = 0; no_wildcards <= 1; no_wildcards++) {
    size_t at = 0, want_at = 0;
    law_utf8 have = law_utf8_check(text, no_wildcards != 0, &at);
    law_utf8 want = reference(text, no_wildcards != 0, &want_at);
    FUZZ_REQUIRE(have == want);
    FUZZ_REQUIRE(have == LAW_UTF8_OK || at == want_at);
    FUZZ_REQUIRE(law_utf8_plain(text, no_wildcards != 0) ==
                 (want == LAW_UTF8_OK && is_ascii(text)));
    FUZZ_REQUIRE(no_wildcards != 0 || law_utf8_valid(text) == (want == LAW_UTF8_OK));
  }
}
