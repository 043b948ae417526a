#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "core/match.h"

static uint32_t end_of(const law_span *span) { return span->at + span->len; }

static bool is_bits(const law_span *span) { return span->field->kind == LAW_KIND_BITS; }

static bool is_root(const fuzz_packet *p, size_t i) { return i == 0 && p->spans[i].parent == 0; }

/* Inside its parent, behind its elder sibling. */
static void check_place(const fuzz_packet *p, size_t i) {
  const law_span *span = &p->spans[i], *parent = &p->spans[span->parent];
  FUZZ_REQUIRE(span->parent < i);
  FUZZ_REQUIRE(span->at >= parent->at && end_of(span) <= end_of(parent));
  for (size_t k = i - 1; k > span->parent; k--) {
    if (p->spans[k].parent == span->parent && !is_bits(&p->spans[k])) {
      FUZZ_REQUIRE(is_bits(span) ? span->at == p->spans[k].at : span->at == end_of(&p->spans[k]));
      return;
    }
  }
}

static bool matches(const fuzz_packet *p, law_want want, law_want_op op) {
  size_t failed = 1;
  want.op = op;
  bool holds = law_match(p->spans, p->num, p->wire, &want, 1, &failed);
  FUZZ_REQUIRE(holds || failed == 0);
  return holds;
}

/* A span holds its own value, and no other one. */
static void check_match(const fuzz_packet *p, size_t i, const char *path) {
  const law_span *span = &p->spans[i];
  law_want want = {.path = path,
                   .is_number = law_kind_is_number(span->field->kind),
                   .number = law_span_number(span, p->wire),
                   .bytes = law_span_value(span, p->wire)};
  FUZZ_REQUIRE(matches(p, want, LAW_WANT_PRESENT) && !matches(p, want, LAW_WANT_ABSENT));
  if (span->item == NULL) { /* an item stands for its value, which has a span of its own */
    FUZZ_REQUIRE(matches(p, want, LAW_WANT_EQ) && !matches(p, want, LAW_WANT_NE));
    FUZZ_REQUIRE(matches(p, want, LAW_WANT_GE) && matches(p, want, LAW_WANT_LE));
    want.number++;
    FUZZ_REQUIRE(!want.is_number || want.number == 0 || !matches(p, want, LAW_WANT_GE));
  } else {
    (void)matches(p, want, LAW_WANT_EQ);
    want.path = span->item->name;
    FUZZ_REQUIRE(p->spans[span->parent].parent != 0 || matches(p, want, LAW_WANT_PRESENT));
  }
}

static void check_path(const fuzz_packet *p, size_t i) {
  if (i == 0) {
    return; /* the whole has no name */
  }
  char path[256];
  size_t len = law_span_path(p->spans, p->num, i, path, sizeof path);
  FUZZ_REQUIRE(len < sizeof path && path[len] == '\0');
  FUZZ_REQUIRE(law_span_find(p->spans, p->num, path) == i);
  check_match(p, i, path);
}

/* The last child of each parent ends where the parent does. */
static void check_no_byte_left_out(const fuzz_packet *p, size_t parent) {
  size_t last = 0;
  for (size_t k = parent + 1; k < p->num; k++) {
    last = p->spans[k].parent == parent && !is_bits(&p->spans[k]) ? k : last;
  }
  FUZZ_REQUIRE(last == 0 || end_of(&p->spans[last]) == end_of(&p->spans[parent]));
}

enum { LOOKED_AT = 32, PATHS = 3 }; /* these take time in the square of the spans' number */

static void check_paths(const fuzz_packet *p) {
  uint64_t draw = fuzz_seed_of(p->wire);
  for (size_t n = 0; n < PATHS; n++) {
    check_path(p, (size_t)(draw % p->num));
    draw >>= 12;
  }
}

void fuzz_check_spans(const fuzz_packet *p) {
  if (p->num == 0) {
    return;
  }
  FUZZ_REQUIRE(is_root(p, 0) && p->spans[0].at == 0 && p->spans[0].len == p->wire.len);
  for (size_t i = 1; i < p->num; i++) {
    law_bytes value = law_span_value(&p->spans[i], p->wire);
    check_place(p, i);
    FUZZ_REQUIRE(value.len <= p->spans[i].len);
    FUZZ_REQUIRE(value.data + value.len == p->wire.data + end_of(&p->spans[i]));
  }
  if (p->num > 1) {
    check_paths(p);
  }
  for (size_t i = 0; i < p->num && i < LOOKED_AT && p->num < FUZZ_MAX_SPANS; i++) {
    check_no_byte_left_out(p, i);
  }
}

/* ---- strict and tolerant ---- */

static void check_number(const uint8_t *a, const uint8_t *b, size_t size) {
  FUZZ_REQUIRE(memcmp(a, b, size) == 0);
}

static void check_view(const uint8_t *a, const uint8_t *b) {
  law_bytes x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  FUZZ_REQUIRE(x.len == y.len && (x.len == 0 || x.data == y.data));
}

static void check_list(const uint8_t *a, const uint8_t *b) {
  law_list x, y;
  memcpy(&x, a, sizeof x);
  memcpy(&y, b, sizeof y);
  FUZZ_REQUIRE(x.len == y.len && x.count == y.count && (x.len == 0 || x.data == y.data));
}

static void check_member(const fuzz_packet *p, const law_field *field) {
  const uint8_t *a = (const uint8_t *)p->message + field->member;
  const uint8_t *b = (const uint8_t *)p->walked + field->member;
  switch (field->kind) {
    case LAW_KIND_U8:
      check_number(a, b, 1);
      break;
    case LAW_KIND_U16:
      check_number(a, b, 2);
      break;
    case LAW_KIND_U32:
    case LAW_KIND_VARINT:
      check_number(a, b, 4);
      break;
    case LAW_KIND_STRING:
    case LAW_KIND_BINARY:
    case LAW_KIND_REST:
    case LAW_KIND_TOKEN:
      check_view(a, b);
      break;
    case LAW_KIND_TAGGED:
    case LAW_KIND_ITEMS:
    case LAW_KIND_OPTIONS:
      check_list(a, b);
      break;
    default: /* bits are parts of a byte, lengths are no values */
      break;
  }
}

void fuzz_check_same_values(const fuzz_packet *p) {
  if (p->status != LAW_OK || p->num == FUZZ_MAX_SPANS) {
    return;
  }
  for (size_t i = 1; i < p->num; i++) {
    FUZZ_REQUIRE(p->spans[i].field->kind != LAW_KIND_UNPARSED);
    if (p->spans[i].parent == 0) {
      check_member(p, p->spans[i].field);
    }
  }
}
