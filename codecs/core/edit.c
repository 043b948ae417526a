#include "core/edit.h"

#include <string.h>

#include "core/edit_internal.h"
#include "core/options.h"
#include "core/writer.h"

enum { MAX_VARINT = 5, NOWHERE = 0, MAX_DUPLICATE = 2048 };

static uint32_t end_of(const law_span *span) { return span->at + span->len; }

/* Is |i| inside |ancestor|, at any depth? */
static bool is_inside(const law_span *spans, size_t i, size_t ancestor) {
  while (i != 0) {
    i = spans[i].parent;
    if (i == ancestor) {
      return true;
    }
  }
  return false;
}

/* Takes the spans from |first| to before |last|, none of which has children elsewhere, out of the
 * map. */
static void remove_spans(law_span *spans, size_t *num, size_t first, size_t last) {
  size_t gone = last - first;
  for (size_t k = last; k < *num; k++) {
    spans[k - gone] = spans[k];
    if (spans[k - gone].parent >= last) {
      spans[k - gone].parent -= (uint32_t)gone;
    }
  }
  *num -= gone;
}

/* Takes the spans inside |i| out of the map. They follow |i| without a break. */
static void drop_descendants(law_span *spans, size_t *num, size_t i) {
  size_t last = i + 1;
  while (last < *num && is_inside(spans, last, i)) {
    last++;
  }
  remove_spans(spans, num, i + 1, last);
}

/* Moves what lies after |i| by |delta|, and lets its ancestors grow by it. */
static void shift(law_span *spans, size_t num, size_t i, int64_t delta) {
  uint32_t old_end = end_of(&spans[i]);
  for (size_t k = 0; k < num; k++) {
    bool ancestor = k == 0 || is_inside(spans, i, k);
    if (k == i || (ancestor && k != i)) {
      spans[k].len = (uint32_t)(spans[k].len + delta);
    } else if (spans[k].at >= old_end && k > i) {
      spans[k].at = (uint32_t)(spans[k].at + delta);
    }
  }
}

static bool is_length(const law_span *span) {
  return span->field->kind == LAW_KIND_LENGTH || span->field->kind == LAW_KIND_LENGTH16;
}

/* The length field among the children of |parent|, or NOWHERE. */
static size_t length_field(const law_span *spans, size_t num, size_t parent) {
  for (size_t k = parent + 1; k < num; k++) {
    if (spans[k].parent == parent && is_length(&spans[k])) {
      return k;
    }
  }
  return NOWHERE;
}

size_t law_edit_replace(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                        size_t i, law_bytes with) {
  uint32_t at = spans[i].at, old_len = spans[i].len;
  size_t new_len = len - old_len + with.len;
  if (new_len > cap) {
    return SIZE_MAX;
  }
  memmove(wire + at + with.len, wire + at + old_len, len - at - old_len);
  if (with.len > 0) {
    memmove(wire + at, with.data, with.len);
  }
  shift(spans, num, i, (int64_t)with.len - old_len);
  return new_len;
}

static law_writer length_bytes(law_kind kind, uint32_t value, uint8_t *out) {
  law_writer w = law_writer_of(out, MAX_VARINT);
  if (kind == LAW_KIND_LENGTH16) {
    law_write_u16(&w, (uint16_t)value);
  } else {
    law_write_varint(&w, value);
  }
  return w;
}

/* Rewrites each length field that counts span |i|, from the inside out. */
static size_t fix_lengths_above(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                                size_t i) {
  while (i != 0 && len != SIZE_MAX) {
    size_t parent = spans[i].parent;
    size_t counter = length_field(spans, num, parent);
    if (law_edit_is_option(spans, parent) && i == law_span_of_value(spans, num, parent)) {
      len = law_edit_fix_option(wire, len, cap, spans, num, parent);
    } else if (spans[i].field->kind == LAW_KIND_TOKEN) {
      law_edit_fix_token(wire, spans, i);
    } else if (counter != NOWHERE && counter < i) {
      uint8_t bytes[MAX_VARINT];
      uint32_t counted = end_of(&spans[parent]) - end_of(&spans[counter]);
      law_writer w = length_bytes(spans[counter].field->kind, counted, bytes);
      len = law_edit_replace(wire, len, cap, spans, num, counter, law_bytes_of(bytes, w.len));
    }
    i = parent;
  }
  return len;
}

static bool is_bits(const law_span *span) { return span->field->kind == LAW_KIND_BITS; }

/* Bit fields lie on the byte of the field before them: without that byte they are gone. */
static void drop_bits_after(law_span *spans, size_t *num, size_t i) {
  size_t last = i + 1;
  while (last < *num && is_bits(&spans[last]) &&
         spans[last].parent == spans[i].parent && spans[last].at == spans[i].at) {
    last++;
  }
  remove_spans(spans, num, i + 1, last);
}

size_t law_splice(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t *num, size_t i,
                  law_bytes with, bool fix_lengths) {
  /* Lengths may grow, too: ask for that room first, so that nothing is changed when it is not
   * there. */
  size_t room = fix_lengths ? 4 * MAX_VARINT : 0;
  if (i >= *num || len - spans[i].len + with.len + room > cap ||
      (is_bits(&spans[i]) && with.len != 1)) {
    return SIZE_MAX;
  }
  law_edit_follower next = {0, 0, 0};
  bool is_option = fix_lengths && law_edit_is_option(spans, i);
  if (is_option) {
    next = law_edit_follower_of(spans, *num, law_bytes_of(wire, len), i);
  }
  drop_descendants(spans, num, i);
  if ((with.len != 1 && spans[i].field->kind == LAW_KIND_U8) ||
      (with.len == 0 && spans[i].field->kind == LAW_KIND_HEAD)) {
    drop_bits_after(spans, num, i);
  }
  len = law_edit_replace(wire, len, cap, spans, *num, i, with);
  if (is_option) {
    return law_edit_fix_follower(wire, len, cap, spans, *num, i, &next);
  }
  return fix_lengths ? fix_lengths_above(wire, len, cap, spans, *num, i) : len;
}

/* ---- edits in terms of splices ---- */

typedef struct target {
  uint8_t *wire;
  size_t len, cap;
  law_span *spans;
  size_t *num;
} target;

static size_t splice(const target *t, size_t i, law_bytes with, bool fix) {
  return law_splice(t->wire, t->len, t->cap, t->spans, t->num, i, with, fix);
}

/* The span that holds a value: the value child of a string, the value of an item, itself otherwise
 * (an earlier edit may have taken the children away). */
static size_t value_span(const target *t, size_t i) {
  law_kind kind = t->spans[i].field->kind;
  if (law_edit_is_option(t->spans, i)) {
    size_t value = law_span_of_value(t->spans, *t->num, i);
    return value < *t->num ? value : i;
  }
  if (i + 2 >= *t->num || t->spans[i + 2].parent != i) {
    return i;
  }
  if (kind == LAW_KIND_STRING || kind == LAW_KIND_BINARY) {
    return i + 2;
  }
  return t->spans[i].item != NULL ? value_span(t, i + 2) : i;
}

static void write_big_endian(law_writer *w, uint64_t number, uint32_t size) {
  while (size-- > 0) {
    law_write_u8(w, (uint8_t)(number >> (8 * size)));
  }
}

static size_t set_number(const target *t, size_t i, uint64_t number, bool fix) {
  uint8_t bytes[8];
  law_writer w = law_writer_of(bytes, sizeof bytes);
  const law_span *span = &t->spans[i];
  uint32_t size = span->len;
  uint8_t mask;
  if (span->len > sizeof bytes) { /* after a resize */
    return SIZE_MAX;
  }
  switch (span->field->kind) {
    case LAW_KIND_BITS:
      mask = (uint8_t)(((1u << span->field->width) - 1) << span->field->shift);
      law_write_u8(&w, (uint8_t)((t->wire[span->at] & ~mask) |
                                 ((uint8_t)(number << span->field->shift) & mask)));
      break;
    case LAW_KIND_VARINT:
    case LAW_KIND_LENGTH:
    case LAW_KIND_TAG:
      law_write_varint(&w, (uint32_t)number);
      break;
    case LAW_KIND_UINT:
      if (fix) { /* as short as it can be */
        size = 0;
        while (size < sizeof bytes && number >> (8 * size) != 0) {
          size++;
        }
      }
      write_big_endian(&w, number, size);
      break;
    case LAW_KIND_U8:
    case LAW_KIND_U16:
    case LAW_KIND_U32:
    case LAW_KIND_LENGTH16:
      write_big_endian(&w, number, size);
      break;
    default:
      return SIZE_MAX;
  }
  return splice(t, i, law_bytes_of(bytes, w.len), fix);
}

/* A varint written in |size| bytes, the last of them zero where it is longer than needed. */
static size_t stretch_varint(const target *t, size_t i, uint64_t size, bool fix) {
  uint8_t bytes[8];
  law_span span = t->spans[i];
  if (span.field->kind != LAW_KIND_LENGTH && span.field->kind != LAW_KIND_VARINT &&
      span.field->kind != LAW_KIND_TAG) {
    return SIZE_MAX;
  }
  uint64_t value = law_span_number(&span, law_bytes_of(t->wire, t->len));
  if (size == 0 || size > sizeof bytes || (size < 8 && value >> (7 * size) != 0)) {
    return SIZE_MAX;
  }
  for (size_t k = 0; k < size; k++) {
    bytes[k] = (uint8_t)((value & 0x7f) | (k + 1 < size ? 0x80 : 0));
    value >>= 7;
  }
  /* Its own parent's length does count it only when it is no length of that parent itself. */
  return splice(t, i, law_bytes_of(bytes, size), fix);
}

/* |first| then |second| as one replacement of span |i|; they may lie in the wire itself. */
static size_t splice_two(const target *t, size_t i, law_bytes first, law_bytes second, bool fix) {
  size_t old_len = t->spans[i].len;
  size_t with_len = first.len + second.len;
  size_t room = fix ? 4 * MAX_VARINT : 0;
  if (t->len - old_len + with_len + room + with_len > t->cap) {
    return SIZE_MAX;
  }
  /* The end of the caller's buffer is free: put the replacement together there. */
  uint8_t *scratch = t->wire + t->cap - with_len;
  if (first.len > 0) {
    memmove(scratch, first.data, first.len);
  }
  if (second.len > 0) {
    memmove(scratch + first.len, second.data, second.len);
  }
  return splice(t, i, law_bytes_of(scratch, with_len), fix);
}

static law_bytes bytes_of(const target *t, size_t i) {
  return law_bytes_of(t->wire + t->spans[i].at, t->spans[i].len);
}

/* The second has the number of the first: its delta is 0. */
static size_t duplicate_option(const target *t, size_t i) {
  uint8_t second[MAX_DUPLICATE];
  law_option_head head;
  law_bytes first = bytes_of(t, i);
  if (first.len == 0 || first.data[0] == LAW_OPTION_MARKER ||
      law_option_head_read(first, &head) != LAW_OPTION_OK ||
      LAW_MAX_OPTION_HEAD + first.len > sizeof second) {
    return SIZE_MAX;
  }
  uint32_t value_len = (uint32_t)first.len - head.size;
  uint32_t size = law_option_head_write(second, 0, value_len);
  memcpy(second + size, first.data + head.size, value_len);
  return splice_two(t, i, first, law_bytes_of(second, size + value_len), true);
}

/* Later span first, so that the earlier one's place stays true. Lengths are repaired by the second.
 * */
static size_t swap_spans(target *t, size_t a, size_t b, bool fix) {
  size_t first = a < b ? a : b, second = a < b ? b : a;
  if (second >= *t->num || first == second || is_inside(t->spans, second, first) ||
      is_bits(&t->spans[first]) || is_bits(&t->spans[second])) {
    return SIZE_MAX;
  }
  law_bytes one = bytes_of(t, first), two = bytes_of(t, second);
  size_t tail = one.len + two.len;
  if (t->len + 2 * tail + 4 * MAX_VARINT > t->cap) {
    return SIZE_MAX;
  }
  uint8_t *scratch = t->wire + t->cap - tail;
  memcpy(scratch, one.data, one.len);
  memcpy(scratch + one.len, two.data, two.len);
  law_bytes copy_one = law_bytes_of(scratch, one.len);
  law_bytes copy_two = law_bytes_of(scratch + one.len, two.len);
  t->len = splice(t, second, copy_one, fix);
  if (t->len == SIZE_MAX) {
    return SIZE_MAX;
  }
  return splice(t, first, copy_two, fix);
}

static size_t resize(const target *t, size_t i, uint64_t size, bool fix) {
  static const uint8_t zeros[256];
  law_bytes old = bytes_of(t, i);
  if (size <= old.len) {
    return splice(t, i, law_bytes_of(old.data, (size_t)size), fix);
  }
  size_t more = (size_t)size - old.len;
  if (more > sizeof zeros) {
    return SIZE_MAX;
  }
  return splice_two(t, i, old, law_bytes_of(zeros, more), fix);
}

static size_t truncate_at(const target *t, size_t i, uint64_t keep) {
  uint64_t end = t->spans[i].at + keep;
  if (end > t->len) {
    return SIZE_MAX;
  }
  size_t kept = 0;
  for (size_t k = 0; k < *t->num; k++) {
    if (t->spans[k].at < end || k == 0) {
      law_span span = t->spans[k];
      span.len = end_of(&span) > end ? (uint32_t)end - span.at : span.len;
      if (kept == k) {
        t->spans[kept++] = span;
      }
    }
  }
  *t->num = kept;
  return (size_t)end;
}

size_t law_edit_apply(const law_edit *edit, uint8_t *wire, size_t len, size_t cap, law_span *spans,
                      size_t *num) {
  target t = {wire, len, cap, spans, num};
  size_t i = edit->span;
  bool fix = !edit->keep_lengths;
  if (i >= *num) {
    return SIZE_MAX;
  }
  switch (edit->op) {
    case LAW_EDIT_SET:
      i = value_span(&t, i);
      if (law_kind_is_number(spans[i].field->kind)) {
        return set_number(&t, i, edit->number, fix && !is_length(&spans[i]));
      }
      return splice(&t, i, edit->with, fix);
    case LAW_EDIT_RAW:
      return splice(&t, i, edit->with, fix);
    case LAW_EDIT_DROP:
      return splice(&t, i, law_bytes_of(NULL, 0), fix);
    case LAW_EDIT_DUPLICATE:
      if (fix && law_edit_is_option(spans, i)) {
        return duplicate_option(&t, i);
      }
      return splice_two(&t, i, bytes_of(&t, i), bytes_of(&t, i), fix);
    case LAW_EDIT_INSERT:
      return splice_two(&t, i, bytes_of(&t, i), edit->with, fix);
    case LAW_EDIT_SWAP:
      return swap_spans(&t, i, edit->other, fix);
    case LAW_EDIT_RESIZE:
      return resize(&t, value_span(&t, i), edit->number, fix);
    case LAW_EDIT_FORCE:
      return set_number(&t, value_span(&t, i), edit->number, false);
    case LAW_EDIT_VARINT:
      i = value_span(&t, i);
      /* A stretched length is not counted by itself, but by what holds its parent. */
      if (fix && is_length(&spans[i])) {
        size_t new_len = stretch_varint(&t, i, edit->number, false);
        return new_len == SIZE_MAX || spans[i].parent == 0
                   ? new_len
                   : fix_lengths_above(wire, new_len, cap, spans, *num, spans[i].parent);
      }
      return stretch_varint(&t, i, edit->number, fix);
    case LAW_EDIT_TRUNCATE:
      return truncate_at(&t, i, edit->number);
  }
  return SIZE_MAX;
}
