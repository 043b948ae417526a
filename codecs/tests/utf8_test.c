#include "core/utf8.h"

#include "support.h"

/* RFC 3629 section 3, written from its table: the reference. Surrogates are encoded like others. */
static size_t encode(uint32_t c, uint8_t *out) {
  if (c < 0x80) {
    out[0] = (uint8_t)c;
    return 1;
  }
  size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = len; i-- > 1; c >>= 6) {
    out[i] = (uint8_t)(0x80 | (c & 0x3f));
  }
  out[0] = (uint8_t)((0xf00 >> len & 0xff) | c);
  return len;
}

static law_utf8 expected_kind(uint32_t c) {
  return c == 0 ? LAW_UTF8_NUL : c >= 0xd800 && c <= 0xdfff ? LAW_UTF8_SURROGATE : LAW_UTF8_OK;
}

static void every_code_point(void **state) {
  (void)state;
  for (uint32_t c = 0; c <= 0x10ffff; c++) {
    uint8_t bytes[4];
    size_t at = 99, len = encode(c, bytes);
    law_utf8 kind = law_utf8_check(law_bytes_of(bytes, len), false, &at);
    if (kind != expected_kind(c) || (kind != LAW_UTF8_OK && at != 0)) {
      fail_msg("U+%04X gives %d at %zu", c, kind, at);
    }
  }
}

/* Is there a code point of which |p| is the encoding, and how long is it? */
static size_t reference_len(const uint8_t *p, size_t left) {
  size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
  uint8_t again[4];
  if (left < len) {
    return 0;
  }
  uint32_t c = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
  for (size_t i = 1; i < len; i++) {
    c = c << 6 | (p[i] & 0x3f);
  }
  if (c > 0x10ffff || encode(c, again) != len || memcmp(again, p, len) != 0) {
    return 0;
  }
  return len;
}

static law_utf8 reference(law_bytes text, size_t *out_at) {
  size_t len;
  for (size_t at = 0; at < text.len; at += len) {
    *out_at = at;
    len = reference_len(text.data + at, text.len - at);
    if (len == 0) {
      return LAW_UTF8_ILL_FORMED;
    }
    if (text.data[at] == 0) {
      return LAW_UTF8_NUL;
    }
    if (len == 3 && text.data[at] == 0xed && text.data[at + 1] >= 0xa0) {
      return LAW_UTF8_SURROGATE;
    }
  }
  return LAW_UTF8_OK;
}

static void agrees(law_bytes text) {
  size_t at = 0, want_at = 0;
  law_utf8 want = reference(text, &want_at);
  law_utf8 kind = law_utf8_check(text, false, &at);
  if (kind != want || (kind != LAW_UTF8_OK && at != want_at)) {
    fail_msg("%s gives %d at %zu, expected %d at %zu", to_hex(text), kind, at, want, want_at);
  }
  assert_int_equal(law_utf8_valid(text), want == LAW_UTF8_OK);
  if (law_utf8_plain(text, false)) {
    assert_int_equal(want, LAW_UTF8_OK);
  }
}

static void every_three_bytes(void **state) {
  (void)state;
  for (uint32_t n = 0; n < 0x1000000; n += n < 0x800000 ? 0x3fb : 1) {
    /* All lead bytes beyond ASCII with everything behind them; a sample of the rest. */
    uint8_t bytes[3] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    if (n >= 0x800000 && (n & 0xff) != 0 && (n & 0x3f) != 0x3f && (n & 0x3f) != 0) {
      continue;
    }
    agrees(law_bytes_of(bytes, sizeof bytes));
  }
}

static void four_bytes_at_the_edges(void **state) {
  (void)state;
  static const uint8_t edge[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};
  for (unsigned lead = 0x80; lead < 0x100; lead++) {
    for (size_t i = 0; i < 1000; i++) {
      uint8_t bytes[] = {(uint8_t)lead, edge[i / 100], edge[i / 10 % 10], edge[i % 10]};
      agrees(law_bytes_of(bytes, sizeof bytes));
    }
  }
}

/* Something odd at each place of a text of each length: found there, and nothing is read behind it.
 * */
static void at_every_place(void **state) {
  (void)state;
  static const char *const odd[] = {"\xff", "\xc3\xa9", "\xf0\x9f\x98\x80", "\x80", "#", "+",
                                    "",     "\x7f"};
  for (size_t len = 1; len <= 70; len++) {
    for (size_t at = 0; at < len; at++) {
      for (size_t k = 0; k < sizeof odd / sizeof odd[0]; k++) {
        size_t odd_len = odd[k][0] == '\0' ? 1 : strlen(odd[k]);
        if (at + odd_len > len) {
          continue;
        }
        uint8_t *text = malloc(len);
        assert_non_null(text);
        memset(text, 'a', len);
        memcpy(text + at, odd[k], odd_len);
        agrees(law_bytes_of(text, len));
        bool wild = odd[k][0] == '#' || odd[k][0] == '+';
        size_t found = 0;
        law_utf8 kind = law_utf8_check(law_bytes_of(text, len), true, &found);
        assert_int_equal(kind == LAW_UTF8_WILDCARD, wild);
        assert_int_equal(law_utf8_plain(law_bytes_of(text, len), true), odd[k][0] == 0x7f);
        assert_int_equal(law_utf8_plain(law_bytes_of(text, len), false), wild || odd[k][0] == 0x7f);
        if (wild) {
          assert_int_equal(found, at);
        }
        free(text);
      }
    }
  }
}

static void nothing_is_text(void **state) {
  (void)state;
  assert_true(law_utf8_valid(law_bytes_of("", 0)));
  assert_true(law_utf8_plain(law_bytes_of("", 0), true));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_code_point), cmocka_unit_test(every_three_bytes),
      cmocka_unit_test(four_bytes_at_the_edges), cmocka_unit_test(at_every_place),
      cmocka_unit_test(nothing_is_text)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
