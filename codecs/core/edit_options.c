/* Edits of what CoAP counts in its own way: the lengths and numbers of options, and tokens. */
#include "core/edit_internal.h"
#include "core/options.h"

bool law_edit_is_option(const law_span *spans, size_t i) {
  return spans[i].field->kind == LAW_KIND_ITEM &&
         spans[spans[i].parent].field->kind == LAW_KIND_OPTIONS;
}

static bool head_of(const law_span *span, const uint8_t *wire, law_option_head *out) {
  return span->len > 0 && wire[span->at] != LAW_OPTION_MARKER &&
         law_option_head_read(law_bytes_of(wire + span->at, span->len), out) == LAW_OPTION_OK;
}

/* The head's span is the first inside an option, as long as the option was not replaced whole. */
static size_t write_head(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                         size_t item, uint32_t delta, uint32_t value_len) {
  uint8_t bytes[LAW_MAX_OPTION_HEAD];
  uint32_t size = law_option_head_write(bytes, delta, value_len);
  return law_edit_replace(wire, len, cap, spans, num, item + 1, law_bytes_of(bytes, size));
}

static bool has_head(const law_span *spans, size_t num, size_t item) {
  return item + 1 < num && spans[item + 1].parent == item &&
         spans[item + 1].field->kind == LAW_KIND_HEAD;
}

size_t law_edit_fix_option(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                           size_t item) {
  law_option_head head;
  if (!has_head(spans, num, item) || !head_of(&spans[item + 1], wire, &head)) {
    return len;
  }
  return write_head(wire, len, cap, spans, num, item, head.delta,
                    spans[item].len - spans[item + 1].len);
}

law_edit_follower law_edit_follower_of(const law_span *spans, size_t num, law_bytes wire,
                                       size_t item) {
  law_edit_follower next = {0, 0, 0};
  law_option_head head = {0, 0, 0};
  for (size_t k = item + 1; k < num && next.span == 0; k++) {
    if (spans[k].parent == spans[item].parent && law_edit_is_option(spans, k)) {
      next.span = k;
    }
  }
  if (next.span != 0) {
    (void)head_of(&spans[item], wire.data, &head);
    next.number = law_span_option(spans, next.span, wire);
    next.before = law_span_option(spans, item, wire) - head.delta;
  }
  return next;
}

/* How far the options in |bytes| count. */
static uint32_t sum_of(law_bytes bytes) {
  law_list list = {bytes.data, (uint32_t)bytes.len, 0};
  law_options it = law_options_of(list);
  law_option option;
  while (law_next_option(&it, &option)) {
  }
  return it.number;
}

size_t law_edit_fix_follower(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                             size_t item, const law_edit_follower *next) {
  law_option_head head;
  size_t k = item + 1; /* what was inside |item| is gone */
  uint32_t counted = next->before + sum_of(law_bytes_of(wire + spans[item].at, spans[item].len));
  if (next->span == 0 || counted > next->number || k >= num || !law_edit_is_option(spans, k) ||
      !has_head(spans, num, k) || !head_of(&spans[k + 1], wire, &head)) {
    return len;
  }
  return write_head(wire, len, cap, spans, num, k, next->number - counted, head.value_len);
}

void law_edit_fix_token(uint8_t *wire, const law_span *spans, size_t i) {
  const law_field *token = spans[i].field;
  for (size_t k = i; k-- > 1;) {
    const law_field *field = spans[k].field;
    if (field->kind == LAW_KIND_BITS && field->shift == token->shift &&
        field->width == token->width && spans[i].len < 13) {
      uint8_t mask = (uint8_t)(((1u << field->width) - 1) << field->shift);
      uint8_t *byte = wire + spans[k].at;
      *byte = (uint8_t)((*byte & ~mask) | (spans[i].len << field->shift & mask));
      return;
    }
  }
}
