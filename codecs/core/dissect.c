#include "core/dissect.h"

#include <string.h>

#include "core/options.h"

/* Shared shapes of inner spans. */
static const law_field field_packet = {.name = "", .kind = LAW_KIND_PACKET};
static const law_field field_item = {.name = "item", .kind = LAW_KIND_ITEM};
static const law_field field_length16 = {.name = "length", .kind = LAW_KIND_LENGTH16};
static const law_field field_length = {.name = "length", .kind = LAW_KIND_LENGTH};
static const law_field field_tag = {.name = "id", .kind = LAW_KIND_TAG};
static const law_field field_text = {
    .name = "value", .kind = LAW_KIND_VALUE, .flags = LAW_FIELD_TEXT};
static const law_field field_unparsed = {.name = "unparsed", .kind = LAW_KIND_UNPARSED};
static const law_field field_key = {
    .name = "key", .kind = LAW_KIND_STRING, .flags = LAW_FIELD_TEXT};

static const law_field field_more8 = {
    .name = "token_length_extended", .kind = LAW_KIND_U8, .flags = LAW_FIELD_CARRIER};
static const law_field field_more16 = {
    .name = "token_length_extended", .kind = LAW_KIND_U16, .flags = LAW_FIELD_CARRIER};
static const law_field field_head = {
    .name = "head", .kind = LAW_KIND_HEAD, .flags = LAW_FIELD_CARRIER};
static const law_field field_delta = {
    .name = "delta", .kind = LAW_KIND_BITS, .shift = 4, .width = 4, .flags = LAW_FIELD_CARRIER};
static const law_field field_option_length = {
    .name = "length", .kind = LAW_KIND_BITS, .shift = 0, .width = 4, .flags = LAW_FIELD_CARRIER};

typedef struct walk {
  law_bytes wire;
  uint32_t at, end; /* |end| of the innermost container */
  uint8_t byte;     /* the last U8 read: bit fields come from it */
  uint32_t byte_at;
  uint8_t *message;
  bool inside_item; /* values inside a list have no member of their own */
  bool lost;        /* nothing more can be read */
  law_span *out;
  size_t num, max;
} walk;

static uint32_t left(const walk *w) { return w->end - w->at; }

static uint32_t add(walk *w, const law_field *field, uint32_t at, uint32_t len, uint32_t parent) {
  if (w->num == w->max) {
    w->lost = true;
    return 0;
  }
  w->out[w->num] = (law_span){field, NULL, at, len, parent};
  return (uint32_t)w->num++;
}

/* What is left of the container makes no sense. */
static void give_up(walk *w, uint32_t parent) {
  w->lost = true;
  if (left(w) > 0 && w->num < w->max) {
    w->out[w->num++] = (law_span){&field_unparsed, NULL, w->at, left(w), parent};
  }
  w->at = w->end;
}

static void store(walk *w, const law_field *field, const void *value, size_t size) {
  if (!w->inside_item) {
    memcpy(w->message + field->member, value, size);
  }
}

/* Reads a varint of at most four bytes at |w->at|; its size, or 0. */
static uint32_t read_varint(const walk *w, uint32_t *out) {
  uint32_t value = 0;
  for (uint32_t i = 0; i < 4 && i < left(w); i++) {
    uint8_t byte = w->wire.data[w->at + i];
    value |= (uint32_t)(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      *out = value;
      return i + 1;
    }
  }
  return 0;
}

static void walk_bits(walk *w, const law_field *field, uint32_t parent) {
  (void)add(w, field, w->byte_at, 1, parent);
}

static void walk_number(walk *w, const law_field *field, uint32_t size, uint32_t parent) {
  if (left(w) < size) {
    give_up(w, parent);
    return;
  }
  const uint8_t *p = w->wire.data + w->at;
  if (size == 1) {
    w->byte = *p;
    w->byte_at = w->at;
    store(w, field, p, 1);
  } else if (size == 2) {
    uint16_t v = law_load_u16(p);
    store(w, field, &v, sizeof v);
  } else {
    uint32_t v = law_load_u32(p);
    store(w, field, &v, sizeof v);
  }
  (void)add(w, field, w->at, size, parent);
  w->at += size;
}

static void walk_varint(walk *w, const law_field *field, uint32_t parent) {
  uint32_t value;
  uint32_t size = read_varint(w, &value);
  if (size == 0) {
    give_up(w, parent);
    return;
  }
  store(w, field, &value, sizeof value);
  (void)add(w, field, w->at, size, parent);
  w->at += size;
}

/* The message's own length: what follows it is the rest of the message. */
static void walk_length(walk *w, const law_field *field, uint32_t parent) {
  uint32_t value;
  uint32_t size = read_varint(w, &value);
  if (size == 0) {
    give_up(w, parent);
    return;
  }
  (void)add(w, field, w->at, size, parent);
  w->at += size;
}

/* |value_field| describes the bytes that the length counts. */
static void walk_bytes16(walk *w, const law_field *field, uint32_t parent) {
  if (left(w) < 2) {
    give_up(w, parent);
    return;
  }
  uint32_t len = law_load_u16(w->wire.data + w->at);
  uint32_t have = left(w) - 2 < len ? left(w) - 2 : len;
  uint32_t self = add(w, field, w->at, 2 + have, parent);
  (void)add(w, &field_length16, w->at, 2, self);
  (void)add(w, &field_text, w->at + 2, have, self);
  law_bytes value = law_bytes_of(w->wire.data + w->at + 2, have);
  store(w, field, &value, sizeof value);
  w->at += 2 + have;
  if (have < len) {
    w->lost = true;
  }
}

static void walk_pair(walk *w, uint32_t parent, const law_field *value) {
  walk_bytes16(w, &field_key, parent);
  if (!w->lost) {
    walk_bytes16(w, value, parent);
  }
}

/* The value of a tagged item, a child of the item's span. */
static void walk_tagged_value(walk *w, const law_item *item, uint32_t parent) {
  switch (item->kind) {
    case LAW_KIND_U8:
      walk_number(w, item->field, 1, parent);
      break;
    case LAW_KIND_U16:
      walk_number(w, item->field, 2, parent);
      break;
    case LAW_KIND_U32:
      walk_number(w, item->field, 4, parent);
      break;
    case LAW_KIND_VARINT:
      walk_varint(w, item->field, parent);
      break;
    case LAW_KIND_PAIR:
      walk_pair(w, parent, item->field);
      break;
    default:
      walk_bytes16(w, item->field, parent);
      break;
  }
}

static const law_item *item_of(const law_field *field, uint32_t tag) {
  for (size_t i = 0; i < field->num_tags; i++) {
    if (field->tags[i].tag == tag) {
      return &field->tags[i];
    }
  }
  return NULL;
}

static void walk_tagged_item(walk *w, const law_field *field, uint32_t parent) {
  uint32_t tag;
  uint32_t start = w->at;
  uint32_t size = read_varint(w, &tag);
  const law_item *item = size > 0 ? item_of(field, tag) : NULL;
  if (item == NULL) {
    give_up(w, parent);
    return;
  }
  uint32_t self = add(w, &field_item, start, 0, parent);
  if (w->lost) { /* no room */
    return;
  }
  (void)add(w, &field_tag, start, size, self);
  w->at += size;
  w->inside_item = true;
  walk_tagged_value(w, item, self);
  w->inside_item = false;
  w->out[self].item = item;
  w->out[self].len = w->at - start;
}

/* A list of tagged items with its length before it. */
static void walk_tagged(walk *w, const law_field *field, uint32_t parent) {
  uint32_t len;
  uint32_t size = read_varint(w, &len);
  if (size == 0) {
    give_up(w, parent);
    return;
  }
  uint32_t outer_end = w->end;
  uint32_t have = left(w) - size < len ? left(w) - size : len;
  uint32_t self = add(w, field, w->at, size + have, parent);
  (void)add(w, &field_length, w->at, size, self);
  w->at += size;
  law_list list = {w->wire.data + w->at, have, 0};
  w->end = w->at + have;
  while (!w->lost && left(w) > 0) {
    walk_tagged_item(w, field, self);
    list.count++;
  }
  store(w, field, &list, sizeof list);
  w->end = outer_end;
  if (have < len) {
    w->lost = true;
  }
}

static void walk_fields(walk *w, const law_field *fields, size_t num, uint32_t parent);

/* A list of all bytes that are left. */
static void walk_items(walk *w, const law_field *field, uint32_t parent) {
  law_list list = {w->wire.data + w->at, left(w), 0};
  uint32_t self = add(w, field, w->at, left(w), parent);
  w->inside_item = true;
  while (!w->lost && left(w) > 0) {
    uint32_t start = w->at;
    uint32_t item = add(w, &field_item, start, 0, self);
    if (w->lost) { /* no room */
      break;
    }
    walk_fields(w, field->items, field->num_items, item);
    w->out[item].len = w->at - start;
    list.count++;
  }
  w->inside_item = false;
  store(w, field, &list, sizeof list);
}

/* ---- what CoAP has ---- */

/* The extension of a token's length, a span of its own. */
static bool walk_more(walk *w, uint32_t nibble, uint32_t parent, uint32_t *out_len) {
  uint32_t size = law_nibble_more(nibble);
  if (nibble == 15 || left(w) < size) {
    give_up(w, parent);
    return false;
  }
  *out_len = law_nibble_value(nibble, w->wire.data + w->at);
  if (size > 0) {
    (void)add(w, size == 1 ? &field_more8 : &field_more16, w->at, size, parent);
    w->at += size;
  }
  return true;
}

static void walk_token(walk *w, const law_field *field, uint32_t parent) {
  uint32_t len;
  uint32_t byte = w->message[field->implies_member];
  uint32_t nibble = byte >> field->shift & ((1u << field->width) - 1);
  if (!walk_more(w, nibble, parent, &len)) {
    return;
  }
  uint32_t have = left(w) < len ? left(w) : len;
  law_bytes token = law_bytes_of(w->wire.data + w->at, have);
  store(w, field, &token, sizeof token);
  (void)add(w, field, w->at, have, parent);
  w->at += have;
  if (have < len) {
    w->lost = true;
  }
}

/* The last item stands for all other numbers. */
static const law_item *option_of(const law_field *field, uint32_t number) {
  const law_item *item = item_of(field, number);
  return item != NULL ? item : &field->tags[field->num_tags - 1];
}

static bool walk_option(walk *w, const law_field *field, uint32_t *number, uint32_t parent) {
  law_option_head head;
  law_bytes rest = law_bytes_of(w->wire.data + w->at, left(w));
  if (law_option_head_read(rest, &head) != LAW_OPTION_OK) {
    give_up(w, parent);
    return false;
  }
  uint32_t have = left(w) - head.size < head.value_len ? left(w) - head.size : head.value_len;
  uint32_t self = add(w, &field_item, w->at, head.size + have, parent);
  if (w->lost) { /* no room */
    return false;
  }
  *number += head.delta;
  w->out[self].item = option_of(field, *number);
  (void)add(w, &field_head, w->at, head.size, self);
  (void)add(w, &field_delta, w->at, 1, self);
  (void)add(w, &field_option_length, w->at, 1, self);
  (void)add(w, w->out[self].item->field, w->at + head.size, have, self);
  w->at += head.size + have;
  w->lost = w->lost || have < head.value_len;
  return true;
}

static void walk_options(walk *w, const law_field *field, uint32_t parent) {
  uint32_t start = w->at, number = 0;
  law_list list = {w->wire.data + start, 0, 0};
  uint32_t self = add(w, field, start, 0, parent);
  while (!w->lost && left(w) > 0 && w->wire.data[w->at] != LAW_OPTION_MARKER) {
    list.count += walk_option(w, field, &number, self);
  }
  list.len = w->at - start;
  store(w, field, &list, sizeof list);
  if (w->out[self].field == field) { /* there was room for it */
    w->out[self].len = list.len;
  }
}

static void walk_rest(walk *w, const law_field *field, uint32_t parent) {
  law_bytes rest = law_bytes_of(w->wire.data + w->at, left(w));
  store(w, field, &rest, sizeof rest);
  (void)add(w, field, w->at, left(w), parent);
  w->at = w->end;
}

static void walk_field(walk *w, const law_field *field, uint32_t parent) {
  switch (field->kind) {
    case LAW_KIND_U8:
      walk_number(w, field, 1, parent);
      break;
    case LAW_KIND_U16:
      walk_number(w, field, 2, parent);
      break;
    case LAW_KIND_U32:
      walk_number(w, field, 4, parent);
      break;
    case LAW_KIND_BITS:
      walk_bits(w, field, parent);
      break;
    case LAW_KIND_VARINT:
      walk_varint(w, field, parent);
      break;
    case LAW_KIND_LENGTH:
      walk_length(w, field, parent);
      break;
    case LAW_KIND_STRING:
    case LAW_KIND_BINARY:
      walk_bytes16(w, field, parent);
      break;
    case LAW_KIND_TAGGED:
      walk_tagged(w, field, parent);
      break;
    case LAW_KIND_ITEMS:
      walk_items(w, field, parent);
      break;
    case LAW_KIND_TOKEN:
      walk_token(w, field, parent);
      break;
    case LAW_KIND_OPTIONS:
      walk_options(w, field, parent);
      break;
    default:
      walk_rest(w, field, parent);
      break;
  }
}

static void walk_fields(walk *w, const law_field *fields, size_t num, uint32_t parent) {
  for (size_t i = 0; i < num && !w->lost; i++) {
    const law_field *field = &fields[i];
    if (field->when == NULL || field->when(w->message, left(w))) {
      walk_field(w, field, parent);
    }
  }
}

size_t law_dissect(const law_type *type, void *message, law_bytes wire, law_span *out, size_t max) {
  walk w = {.wire = wire, .end = (uint32_t)wire.len, .message = message, .out = out, .max = max};
  uint32_t root = add(&w, &field_packet, 0, w.end, 0);
  walk_fields(&w, type->fields, type->num_fields, root);
  if (left(&w) > 0) {
    give_up(&w, root);
  }
  return w.num;
}
