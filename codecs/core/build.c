#include "core/build.h"

#include <string.h>

#include "core/options.h"

void law_builder_init(law_builder *b, const law_type *type, void *message, size_t message_size,
                      uint8_t *arena, size_t cap) {
  memset(message, 0, message_size);
  memset(b, 0, sizeof *b);
  b->type = type;
  b->message = message;
  b->arena = law_writer_of(arena, cap);
}

static const law_field *field_named(const law_field *fields, size_t num, const char *name) {
  for (size_t i = 0; i < num; i++) {
    if (strcmp(fields[i].name, name) == 0) {
      return &fields[i];
    }
  }
  return NULL;
}

static uint8_t *member_of(const law_builder *b, uint16_t member) {
  return (uint8_t *)b->message + member;
}

/* A number goes into the field's member as that has room. */
static bool store_number(const law_builder *b, const law_field *field, uint64_t value) {
  uint8_t *at = member_of(b, field->member);
  uint16_t v16 = (uint16_t)value;
  uint32_t v32 = (uint32_t)value;
  uint8_t mask;
  switch (field->kind) {
    case LAW_KIND_U8:
      *at = (uint8_t)value;
      return true;
    case LAW_KIND_U16:
      memcpy(at, &v16, sizeof v16);
      return true;
    case LAW_KIND_U32:
    case LAW_KIND_VARINT:
      memcpy(at, &v32, sizeof v32);
      return true;
    case LAW_KIND_BITS:
      mask = (uint8_t)(((1u << field->width) - 1) << field->shift);
      *at = (uint8_t)((*at & ~mask) | ((uint8_t)(value << field->shift) & mask));
      return true;
    default:
      return false;
  }
}

static void imply(const law_builder *b, const law_field *field) {
  if (field->implies_bits != 0) {
    *member_of(b, field->implies_member) |= field->implies_bits;
  }
}

/* The nibble that says how long a token is. */
static void imply_length(const law_builder *b, const law_field *field, size_t len) {
  uint8_t *byte = member_of(b, field->implies_member);
  uint32_t mask = ((1u << field->width) - 1) << field->shift;
  *byte = (uint8_t)((*byte & ~mask) | (law_nibble_of((uint32_t)len) << field->shift & mask));
}

/* Copies |value| to the arena. */
static bool keep(law_builder *b, law_bytes value, law_bytes *out) {
  size_t at = b->arena.len;
  law_write_bytes(&b->arena, value);
  *out = law_bytes_of(b->arena.data + at, value.len);
  return law_writer_ok(&b->arena);
}

static size_t slot_of(const law_builder *b, const char *name) {
  if (b->item != NULL) {
    if ((b->item->kind == LAW_KIND_PAIR && strcmp(name, "key") == 0) ||
        (b->item->kind == LAW_KIND_OPTION && strcmp(name, "number") == 0)) {
      return 0;
    }
    return strcmp(name, "value") == 0 ? 1 : LAW_MAX_ITEM_FIELDS;
  }
  for (size_t i = 0; i < b->list->num_items && i < LAW_MAX_ITEM_FIELDS; i++) {
    if (strcmp(b->list->items[i].name, name) == 0) {
      return i;
    }
  }
  return LAW_MAX_ITEM_FIELDS;
}

bool law_build_number(law_builder *b, const char *name, uint64_t value) {
  if (b->open) {
    size_t slot = slot_of(b, name);
    if (slot < LAW_MAX_ITEM_FIELDS) {
      b->numbers[slot] = value;
    }
    return slot < LAW_MAX_ITEM_FIELDS;
  }
  const law_field *field = field_named(b->type->fields, b->type->num_fields, name);
  if (field == NULL || !store_number(b, field, value)) {
    return false;
  }
  imply(b, field);
  return true;
}

bool law_build_bytes(law_builder *b, const char *name, law_bytes value) {
  if (b->open) {
    size_t slot = slot_of(b, name);
    if (slot < LAW_MAX_ITEM_FIELDS) {
      b->values[slot] = value;
    }
    return slot < LAW_MAX_ITEM_FIELDS;
  }
  const law_field *field = field_named(b->type->fields, b->type->num_fields, name);
  if (field == NULL || (field->kind != LAW_KIND_STRING && field->kind != LAW_KIND_BINARY &&
                        field->kind != LAW_KIND_REST && field->kind != LAW_KIND_TOKEN)) {
    return false;
  }
  law_bytes kept;
  if (!keep(b, value, &kept)) {
    return false;
  }
  memcpy(member_of(b, field->member), &kept, sizeof kept);
  if (field->kind == LAW_KIND_TOKEN) {
    imply_length(b, field, value.len);
  } else {
    imply(b, field);
  }
  return true;
}

static const law_item *tag_named(const law_field *list, const char *tag) {
  for (size_t i = 0; i < list->num_tags; i++) {
    if (strcmp(list->tags[i].name, tag) == 0) {
      return &list->tags[i];
    }
  }
  return NULL;
}

bool law_build_item(law_builder *b, const char *list, const char *tag) {
  const law_field *field = field_named(b->type->fields, b->type->num_fields, list);
  if (b->open || field == NULL) {
    return false;
  }
  b->list = field;
  b->item = NULL;
  if ((field->kind == LAW_KIND_TAGGED || field->kind == LAW_KIND_OPTIONS) && tag != NULL) {
    b->item = tag_named(field, tag);
  }
  b->open = field->kind == LAW_KIND_ITEMS || b->item != NULL;
  memset(b->numbers, 0, sizeof b->numbers);
  memset(b->values, 0, sizeof b->values);
  return b->open;
}

static void write_value(law_writer *w, law_kind kind, uint64_t number, law_bytes value) {
  switch (kind) {
    case LAW_KIND_U8:
      law_write_u8(w, (uint8_t)number);
      break;
    case LAW_KIND_U16:
      law_write_u16(w, (uint16_t)number);
      break;
    case LAW_KIND_U32:
      law_write_u32(w, (uint32_t)number);
      break;
    case LAW_KIND_VARINT:
      law_write_varint(w, (uint32_t)number);
      break;
    default:
      law_write_bytes16(w, value);
      break;
  }
}

static void write_tagged(law_builder *b) {
  law_write_varint(&b->arena, b->item->tag);
  if (b->item->kind == LAW_KIND_PAIR) {
    law_write_bytes16(&b->arena, b->values[0]);
    law_write_bytes16(&b->arena, b->values[1]);
  } else {
    write_value(&b->arena, b->item->kind, b->numbers[1], b->values[1]);
  }
}

/* An integer takes as few bytes as it can, unless its bytes were given. */
static void write_option(law_builder *b, law_list *list) {
  uint8_t bytes[8];
  law_bytes value = b->values[1];
  if (b->item->kind == LAW_KIND_UINT && value.data == NULL) {
    size_t len = 0;
    while (len < sizeof bytes && b->numbers[1] >> (8 * len) != 0) {
      len++;
    }
    for (size_t i = 0; i < len; i++) {
      bytes[i] = (uint8_t)(b->numbers[1] >> (8 * (len - i - 1)));
    }
    value = law_bytes_of(bytes, len);
  }
  bool any = b->item->kind == LAW_KIND_OPTION;
  law_options_add(&b->arena, list, any ? (uint32_t)b->numbers[0] : b->item->tag, value);
}

/* The bits of the carrier at |carrier|, from the bit fields that follow it. */
static uint64_t carried_bits(const law_builder *b, size_t carrier) {
  uint64_t byte = b->numbers[carrier];
  for (size_t i = carrier + 1; i < b->list->num_items; i++) {
    const law_field *field = &b->list->items[i];
    if (field->kind != LAW_KIND_BITS) {
      break;
    }
    byte |= (b->numbers[i] & ((1u << field->width) - 1)) << field->shift;
  }
  return byte;
}

static void write_item(law_builder *b) {
  for (size_t i = 0; i < b->list->num_items && i < LAW_MAX_ITEM_FIELDS; i++) {
    const law_field *field = &b->list->items[i];
    bool there = field->when == NULL || field->when(b->message, 0);
    if (there && field->kind != LAW_KIND_BITS) {
      uint64_t number = field->kind == LAW_KIND_U8 ? carried_bits(b, i) : b->numbers[i];
      write_value(&b->arena, field->kind, number, b->values[i]);
    }
  }
}

bool law_build_end_item(law_builder *b) {
  law_list list;
  uint8_t *member = member_of(b, b->list != NULL ? b->list->member : 0);
  if (!b->open) {
    return false;
  }
  memcpy(&list, member, sizeof list);
  if (b->list->kind == LAW_KIND_OPTIONS) {
    write_option(b, &list);
    memcpy(member, &list, sizeof list);
    b->open = false;
    return law_writer_ok(&b->arena);
  }
  size_t at = b->arena.len;
  if (b->item != NULL) {
    write_tagged(b);
  } else {
    write_item(b);
  }
  if (list.count == 0) {
    list.data = b->arena.data + at;
  }
  list.len += (uint32_t)(b->arena.len - at);
  list.count++;
  memcpy(member, &list, sizeof list);
  imply(b, b->list);
  b->open = false;
  return law_writer_ok(&b->arena);
}
