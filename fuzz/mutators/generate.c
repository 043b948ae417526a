#include <string.h>

#include "core/build.h"
#include "core/dissect.h"
#include "mutators/mutate_internal.h"

static void put_value(law_mutator *m, law_builder *b, const char *name, const law_field *field,
                      const law_item *item, law_kind kind) {
  if (law_kind_is_number(kind)) {
    (void)law_build_number(b, name, law_number_for(m, field, item));
  } else {
    (void)law_build_bytes(b, name, law_odd_text(m));
  }
}

/* An item that may stand in the list, seven times of eight. */
static const law_item *any_tag(law_mutator *m, const law_type *type, const law_field *list) {
  uint32_t scope = list->tag_scope != 0 ? list->tag_scope : law_type_scope(type);
  const law_item *item = &list->tags[law_draw(m, (uint32_t)list->num_tags)];
  bool anywhere = law_once_in(m, 8);
  for (int i = 0; i < 32 && !anywhere && (item->types & scope) == 0; i++) {
    item = &list->tags[law_draw(m, (uint32_t)list->num_tags)];
  }
  return item;
}

static void put_item(law_mutator *m, law_builder *b, const law_field *list) {
  if (list->num_tags > 0) {
    const law_item *item = any_tag(m, b->type, list);
    if (law_build_item(b, list->name, item->name)) {
      (void)law_build_bytes(b, "key", law_odd_text(m));
      (void)law_build_number(b, "number", law_odd_number(m));
      put_value(m, b, "value", item->field, item, item->kind);
    }
  } else if (law_build_item(b, list->name, NULL)) {
    for (size_t i = 0; i < list->num_items; i++) {
      const law_field *field = &list->items[i];
      if (field->kind != LAW_KIND_U8 || (field->flags & LAW_FIELD_CARRIER) == 0) {
        put_value(m, b, field->name, field, NULL, field->kind);
      }
    }
  }
  (void)law_build_end_item(b);
}

static void put_field(law_mutator *m, law_builder *b, const law_field *field) {
  switch (field->kind) {
    case LAW_KIND_TAGGED:
    case LAW_KIND_OPTIONS:
    case LAW_KIND_ITEMS:
      for (uint32_t n = law_draw(m, 4); n > 0; n--) {
        put_item(m, b, field);
      }
      break;
    case LAW_KIND_LENGTH:
      break;
    default:
      put_value(m, b, field->name, field, NULL, field->kind);
      break;
  }
}

/* The fields that make a message what it is are left as the protocol has readied them: all that
 * describe bytes already set, which is how a type code or a protocol name stands. */
static bool is_given(const law_mutator *m, const law_field *field) {
  const uint8_t *member = (const uint8_t *)m->message + field->member;
  law_bytes view;
  if (field->kind == LAW_KIND_STRING) {
    memcpy(&view, member, sizeof view);
    return view.len > 0;
  }
  return (field->kind == LAW_KIND_U8 || field->kind == LAW_KIND_BITS) && *member != 0;
}

static void build(law_mutator *m, const law_type *type) {
  law_builder b;
  law_builder_init(&b, type, m->message, sizeof m->message, m->arena, sizeof m->arena);
  m->protocol->prepare(m->context, type, m->message);
  for (size_t i = 0; i < type->num_fields; i++) {
    const law_field *field = &type->fields[i];
    if (!is_given(m, field) ? law_once_in(m, 2) : law_once_in(m, 16)) {
      put_field(m, &b, field);
    }
  }
}

void law_generate_message(law_mutator *m) {
  const law_type *type = m->protocol->types[law_draw(m, (uint32_t)m->protocol->num_types)];
  build(m, type);
  m->len = law_encode(type, m->message, m->room, sizeof m->room);
  m->len = m->len <= sizeof m->room ? m->len : 0;
}

size_t law_mutate_generate(law_mutator *m, uint8_t *out, size_t cap, uint64_t seed) {
  law_mutator_begin(m, seed);
  law_generate_message(m);
  if (m->len > cap) {
    return 0;
  }
  memcpy(out, m->room, m->len);
  return m->len;
}

size_t law_generate_item(law_mutator *m, const law_field *list, uint8_t *out, size_t cap) {
  const law_type *type = m->protocol->type_of(m->context, law_bytes_of(m->room, m->len));
  law_builder b;
  law_list written;
  if (type == NULL) {
    return 0;
  }
  law_builder_init(&b, type, m->message, sizeof m->message, m->arena, sizeof m->arena);
  m->protocol->prepare(m->context, type, m->message);
  put_item(m, &b, list);
  memcpy(&written, (const uint8_t *)m->message + list->member, sizeof written);
  if (written.len == 0 || written.len > cap || !law_writer_ok(&b.arena)) {
    return 0;
  }
  memcpy(out, written.data, written.len);
  return written.len;
}
