#include "pcap/rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "core/dissect.h"

enum { WORD_MAX = 6 }; /* bytes of a protocol's own word; a longer one is somebody's text */

/* What a decoder says. */
typedef struct said {
  law_status status;
  law_violation violation;
} said;

static said decode(const law_protocol *p, const void *context, law_side from, law_bytes wire) {
  uint64_t copy[LAW_MAX_CONTEXT_SIZE / 8], message[LAW_MAX_MESSAGE_SIZE / 8];
  said s = {.violation = {LAW_R_NONE, LAW_OK, 0}};
  memcpy(copy, context, sizeof copy);
  memset(message, 0, sizeof message);
  s.status = p->decode(copy, from, wire, message, &s.violation);
  return s;
}

static bool say_the_same(const said *one, const said *other) {
  return one->status == other->status &&
         (one->status == LAW_OK || (one->violation.requirement == other->violation.requirement &&
                                    one->violation.offset == other->violation.offset));
}

static void rewrite_span(law_alias *a, const law_span *span, law_bytes wire, uint8_t *out) {
  law_bytes value = law_span_value(span, wire);
  if (value.len == 0) {
    return;
  }
  uint8_t *at = out + (value.data - wire.data);
  switch (span->field->kind) {
    case LAW_KIND_STRING:
      if ((span->field->flags & LAW_FIELD_CONSTANT) == 0 || value.len > WORD_MAX) {
        law_alias_topic(a, at, value.len);
      }
      break;
    case LAW_KIND_TEXT:
      law_alias_topic(a, at, value.len);
      break;
    case LAW_KIND_BINARY:
    case LAW_KIND_REST:
      law_alias_payload(a, at, value.len);
      break;
    case LAW_KIND_UNPARSED:
      law_alias_scrub(a, span->at, at, value.len);
      break;
    default:
      break;
  }
}

/* Bytes behind the last span, which the map has no room for. */
static size_t end_of(const law_span *spans, size_t num, size_t len) {
  size_t end = num > 0 && num < LAW_MAX_SPANS ? len : 0;
  for (size_t i = 1; i < num && num == LAW_MAX_SPANS; i++) {
    size_t after = (size_t)spans[i].at + spans[i].len;
    end = spans[i].field->kind != LAW_KIND_ITEMS && spans[i].field->kind != LAW_KIND_TAGGED &&
                  after > end
              ? after
              : end;
  }
  return end;
}

static void rewrite_fields(law_alias *a, const law_protocol *p, const void *context,
                           const law_type *type, law_bytes wire, law_span *spans, uint8_t *out) {
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  memset(message, 0, sizeof message);
  p->prepare(context, type, message);
  size_t num = law_dissect(type, message, wire, spans, LAW_MAX_SPANS);
  for (size_t i = 0; i < num; i++) {
    rewrite_span(a, &spans[i], wire, out);
  }
  size_t end = end_of(spans, num, wire.len);
  if (end < wire.len) {
    law_alias_scrub(a, end, out + end, wire.len - end);
  }
}

bool law_rewrite(law_alias *a, const law_protocol *p, const void *context, law_side from,
                 law_bytes wire, uint8_t *out) {
  const law_type *type = wire.len > 0 ? p->type_of(context, wire) : NULL;
  law_span *spans = type ? malloc(LAW_MAX_SPANS * sizeof *spans) : NULL;
  memcpy(out, wire.data, wire.len);
  if (spans) {
    rewrite_fields(a, p, context, type, wire, spans, out);
  } else if (wire.len > 2) { /* the type and its length say nothing of anybody */
    law_alias_scrub(a, wire.len, out + 2, wire.len - 2);
  }
  free(spans);
  said before = decode(p, context, from, wire);
  said after = decode(p, context, from, law_bytes_of(out, wire.len));
  return say_the_same(&before, &after);
}
