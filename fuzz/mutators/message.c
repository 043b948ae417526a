#include <string.h>

#include "core/dissect.h"
#include "core/edit.h"
#include "mutators/mutate_internal.h"

/* Takes the message in m->room apart, with whatever version it says. */
static bool dissect(law_mutator *m) {
  law_bytes wire = law_bytes_of(m->room, m->len);
  law_violation v;
  (void)m->protocol->decode(m->context, LAW_CLIENT, wire, m->message, &v);
  const law_type *type = m->protocol->type_of(m->context, wire);
  m->num = 0;
  if (type != NULL && m->len > 0) {
    memset(m->message, 0, sizeof m->message);
    m->protocol->prepare(m->context, type, m->message);
    m->num = law_dissect(type, m->message, wire, m->spans, LAW_MUTATE_SPANS);
  }
  return m->num > 1;
}

static bool apply(law_mutator *m, law_edit e) {
  size_t len = law_edit_apply(&e, m->room, m->len, sizeof m->room, m->spans, &m->num);
  if (len == SIZE_MAX) {
    return false;
  }
  m->len = len;
  return true;
}

static size_t any_span(law_mutator *m) { return 1 + law_draw(m, (uint32_t)m->num - 1); }

/* A span of one of the kinds in |mask|; any when there is none. */
static size_t span_of_kinds(law_mutator *m, uint32_t mask) {
  size_t start = any_span(m);
  for (size_t k = 0; k < m->num - 1; k++) {
    size_t i = 1 + (start - 1 + k) % (m->num - 1);
    if ((mask >> m->spans[i].field->kind & 1) != 0) {
      return i;
    }
  }
  return start;
}

#define KIND(name) (UINT32_C(1) << LAW_KIND_##name)
#define LISTS (KIND(TAGGED) | KIND(ITEMS) | KIND(OPTIONS))

static bool set_number(law_mutator *m) {
  size_t i =
      span_of_kinds(m, KIND(U8) | KIND(U16) | KIND(U32) | KIND(VARINT) | KIND(BITS) | KIND(UINT));
  const law_span *span = &m->spans[i];
  const law_item *item = m->spans[span->parent].item;
  uint64_t now = law_span_number(span, law_bytes_of(m->room, m->len));
  uint64_t number =
      law_once_in(m, 4) ? now + law_draw(m, 3) - 1 : law_number_for(m, span->field, item);
  return apply(m, (law_edit){.op = LAW_EDIT_FORCE, .span = i, .number = number});
}

static bool set_text(law_mutator *m) {
  size_t i = span_of_kinds(m, KIND(STRING) | KIND(BINARY) | KIND(REST) | KIND(TEXT) | KIND(TOKEN));
  return apply(m, (law_edit){.op = LAW_EDIT_SET,
                             .span = i,
                             .with = law_odd_text(m),
                             .keep_lengths = law_once_in(m, 8)});
}

static bool lie_about_length(law_mutator *m) {
  size_t i = span_of_kinds(m, KIND(LENGTH) | KIND(LENGTH16));
  uint64_t now = law_span_number(&m->spans[i], law_bytes_of(m->room, m->len));
  uint64_t number = law_once_in(m, 2) ? now + law_draw(m, 5) - 2 : law_odd_number(m);
  return apply(m, (law_edit){.op = LAW_EDIT_FORCE, .span = i, .number = number});
}

static bool stretch(law_mutator *m) {
  size_t i = span_of_kinds(m, KIND(LENGTH) | KIND(VARINT) | KIND(TAG));
  return apply(m, (law_edit){.op = LAW_EDIT_VARINT, .span = i, .number = 1 + law_draw(m, 5)});
}

static bool drop(law_mutator *m) {
  return apply(
      m, (law_edit){.op = LAW_EDIT_DROP, .span = any_span(m), .keep_lengths = law_once_in(m, 4)});
}

static bool duplicate(law_mutator *m) {
  size_t i = law_once_in(m, 2) ? any_span(m) : span_of_kinds(m, KIND(ITEM));
  return apply(m,
               (law_edit){.op = LAW_EDIT_DUPLICATE, .span = i, .keep_lengths = law_once_in(m, 8)});
}

static bool swap(law_mutator *m) {
  return apply(m, (law_edit){.op = LAW_EDIT_SWAP,
                             .span = any_span(m),
                             .other = any_span(m),
                             .keep_lengths = law_once_in(m, 8)});
}

static bool resize(law_mutator *m) {
  static const uint16_t sizes[] = {0, 1, 2, 3, 15, 16, 17, 22, 23, 24, 64, 125, 128, 200, 256};
  size_t i = span_of_kinds(m, KIND(STRING) | KIND(BINARY) | KIND(REST) | KIND(ITEM));
  return apply(m, (law_edit){.op = LAW_EDIT_RESIZE,
                             .span = i,
                             .number = sizes[law_draw(m, sizeof sizes / sizeof sizes[0])],
                             .keep_lengths = law_once_in(m, 8)});
}

/* Puts a new item behind the list's length, or behind one of its items. */
static bool insert_item(law_mutator *m) {
  uint8_t item[512];
  size_t list = span_of_kinds(m, LISTS);
  const law_field *field = m->spans[list].field;
  if ((LISTS >> field->kind & 1) == 0) {
    return false;
  }
  size_t len = law_generate_item(m, field, item, sizeof item), at = list;
  for (size_t k = list + 1; k < m->num; k++) {
    if (m->spans[k].parent == list && (at == list || law_once_in(m, 2))) {
      at = k;
    }
  }
  return len > 0 && at != list &&
         apply(m, (law_edit){.op = LAW_EDIT_INSERT,
                             .span = at,
                             .with = law_bytes_of(item, len),
                             .keep_lengths = law_once_in(m, 8)});
}

/* A part of the message once more, somewhere else in it. */
static bool copy_part(law_mutator *m) {
  uint8_t part[256];
  const law_span *from = &m->spans[any_span(m)];
  size_t len = from->len < sizeof part ? from->len : sizeof part;
  memcpy(part, m->room + from->at, len);
  return apply(m, (law_edit){.op = law_once_in(m, 2) ? LAW_EDIT_INSERT : LAW_EDIT_RAW,
                             .span = any_span(m),
                             .with = law_bytes_of(part, len),
                             .keep_lengths = law_once_in(m, 8)});
}

/* At any byte; half of the time the message's own length agrees. */
static bool truncate(law_mutator *m) {
  size_t at = law_draw(m, (uint32_t)m->len);
  if (law_once_in(m, 2)) {
    m->len = at > 0 ? at : 1;
    return true;
  }
  for (size_t i = m->num - 1; i > 0; i--) {
    const law_span *span = &m->spans[i];
    if (span->parent == 0 && span->at + span->len > at && span->field->kind != LAW_KIND_BITS) {
      size_t keep = at > span->at ? at - span->at : 0;
      law_bytes kept = law_bytes_of(m->room + span->at, keep);
      (void)apply(m, (law_edit){.op = LAW_EDIT_RAW, .span = i, .with = kept});
    }
  }
  return true;
}

static bool odd_byte(law_mutator *m) {
  size_t at = law_draw(m, (uint32_t)m->len);
  if (law_once_in(m, 2)) {
    m->room[at] ^= (uint8_t)(1u << law_draw(m, 8));
  } else {
    m->room[at] = (uint8_t)law_odd_number(m);
  }
  return true;
}

static bool new_message(law_mutator *m) {
  law_generate_message(m);
  return m->len > 0;
}

typedef bool (*operation)(law_mutator *m);

/* One that stands twice is drawn twice as often. */
static const operation operations[] = {
    set_number,  set_number,  set_number, set_text, set_text, lie_about_length,
    stretch,     drop,        duplicate,  swap,     resize,   insert_item,
    insert_item, insert_item, copy_part,  truncate, odd_byte, new_message,
};

static void mutate_once(law_mutator *m) {
  if (!dissect(m)) {
    (void)(m->len == 0 || law_once_in(m, 2) ? new_message(m) : odd_byte(m));
    return;
  }
  for (int tries = 0; tries < 4; tries++) {
    if (operations[law_draw(m, sizeof operations / sizeof operations[0])](m)) {
      return;
    }
  }
}

void law_mutate_message(law_mutator *m) {
  for (uint32_t n = 1 + law_draw(m, 4); n > 0; n--) {
    mutate_once(m);
  }
}
