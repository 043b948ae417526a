#include "core/match.h"

#include <string.h>

/* A property by its own name, in a list that is no part of another. */
static size_t find_item(const law_span *spans, size_t num, const char *name) {
  for (size_t i = 0; i < num; i++) {
    if (spans[i].item != NULL && spans[spans[i].parent].parent == 0 &&
        strcmp(spans[i].item->name, name) == 0) {
      return i;
    }
  }
  return num;
}

/* A tagged item stands for its value; for a pair, for all of it after the tag. */
static law_span value_of(const law_span *spans, size_t num, size_t i) {
  law_span span = spans[i];
  if (span.item == NULL) {
    return span;
  }
  if (span.item->kind == LAW_KIND_PAIR && i + 1 < num) {
    static const law_field pair = {.name = "pair", .kind = LAW_KIND_VALUE};
    uint32_t tag = spans[i + 1].len;
    return (law_span){&pair, NULL, span.at + tag, span.len - tag, span.parent};
  }
  size_t value = law_span_of_value(spans, num, i);
  return value < num ? spans[value] : span;
}

static bool compare_number(law_want_op op, uint64_t have, uint64_t want) {
  switch (op) {
    case LAW_WANT_EQ:
      return have == want;
    case LAW_WANT_NE:
      return have != want;
    case LAW_WANT_GE:
      return have >= want;
    case LAW_WANT_LE:
      return have <= want;
    default:
      return true;
  }
}

static bool compare_bytes(law_want_op op, law_bytes have, law_bytes want) {
  bool same =
      have.len == want.len && (have.len == 0 || memcmp(have.data, want.data, have.len) == 0);
  return op == LAW_WANT_NE ? !same : same;
}

static bool holds(const law_span *spans, size_t num, law_bytes wire, const law_want *want) {
  size_t i = law_span_find(spans, num, want->path);
  if (i == num) {
    i = find_item(spans, num, want->path);
  }
  if (want->op == LAW_WANT_PRESENT || want->op == LAW_WANT_ABSENT) {
    return (i < num) == (want->op == LAW_WANT_PRESENT);
  }
  if (i == num) {
    return want->op == LAW_WANT_NE;
  }
  law_span span = value_of(spans, num, i);
  if (want->is_number) {
    return law_kind_is_number(span.field->kind) &&
           compare_number(want->op, law_span_number(&span, wire), want->number);
  }
  return compare_bytes(want->op, law_span_value(&span, wire), want->bytes);
}

bool law_match(const law_span *spans, size_t num, law_bytes wire, const law_want *wants,
               size_t num_wants, size_t *out_failed) {
  for (size_t i = 0; i < num_wants; i++) {
    if (!holds(spans, num, wire, &wants[i])) {
      *out_failed = i;
      return false;
    }
  }
  return true;
}
