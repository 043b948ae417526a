#include "binding/tables.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct text {
  char *out;
  size_t cap, len;
} text;

__attribute__((format(printf, 2, 3))) static void put(text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  bool room = t->len < t->cap;
  int n = vsnprintf(room ? t->out + t->len : NULL, room ? t->cap - t->len : 0, format, args);
  va_end(args);
  t->len += n > 0 ? (size_t)n : 0;
}

static const char *kind_name(law_kind kind) {
  static const char *const names[] = {"u8",     "u16",    "u32",    "varint", "bits",  "string",
                                      "binary", "pair",   "rest",   "tagged", "items", "packet",
                                      "item",   "length", "length", "tag",    "value", "unparsed",
                                      "token",  "options", "option", "head",  "uint",  "text"};
  return names[kind];
}

/* Names hold no character that JSON escapes: they are words of a specification. */
static void put_names(text *t, const law_name *names) {
  put(t, ", \"names\": [");
  for (const law_name *n = names; n->name != NULL; n++) {
    put(t, "%s[%u, %u, \"%s\"]", n == names ? "" : ", ", (unsigned)n->value, (unsigned)n->scope,
        n->name);
  }
  put(t, "]");
}

static void put_marks(text *t, const law_field *field) {
  static const struct {
    uint8_t flag;
    const char *name;
  } marks[] = {{LAW_FIELD_SECRET, "secret"},
               {LAW_FIELD_VOLATILE, "volatile"},
               {LAW_FIELD_ANNOUNCED, "announced"}};
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    if ((field->flags & marks[i].flag) != 0) {
      put(t, ", \"%s\": true", marks[i].name);
    }
  }
}

/* A list without a scope of its own has that of its type. */
static void put_tags(text *t, const law_field *list, uint32_t type_scope) {
  uint32_t scope = list->tag_scope != 0 ? list->tag_scope : type_scope;
  put(t, ", \"tags\": [");
  for (size_t i = 0; i < list->num_tags; i++) {
    const law_item *item = &list->tags[i];
    put(t, "%s{\"name\": \"%s\", \"id\": %u, \"kind\": \"%s\", \"min\": %u, \"max\": %u",
        i == 0 ? "" : ", ", item->name, (unsigned)item->tag, kind_name(item->kind),
        (unsigned)item->min, (unsigned)item->max);
    put(t, ", \"repeatable\": %s", item->repeatable ? "true" : "false");
    put(t, ", \"allowed\": %s", (item->types & scope) != 0 ? "true" : "false");
    if (item->field != NULL) {
      put_marks(t, item->field);
      if (item->field->names != NULL) {
        put_names(t, item->field->names);
      }
    }
    put(t, "}");
  }
  put(t, "]");
}

static void put_fields(text *t, const law_field *fields, size_t num, uint32_t scope);

static void put_field(text *t, const law_field *field, uint32_t scope) {
  put(t, "{\"name\": \"%s\", \"kind\": \"%s\"", field->name, kind_name(field->kind));
  if (field->kind == LAW_KIND_BITS) {
    put(t, ", \"width\": %u", (unsigned)field->width);
  }
  put_marks(t, field);
  if ((field->flags & LAW_FIELD_CARRIER) != 0) {
    put(t, ", \"carrier\": true");
  }
  if (field->when != NULL) {
    put(t, ", \"optional\": true");
  }
  if (field->names != NULL) {
    put_names(t, field->names);
  }
  if (field->kind == LAW_KIND_ITEMS) {
    put(t, ", \"items\": ");
    put_fields(t, field->items, field->num_items, scope);
  }
  if (field->kind == LAW_KIND_TAGGED || field->kind == LAW_KIND_OPTIONS) {
    put_tags(t, field, scope);
  }
  put(t, "}");
}

static void put_fields(text *t, const law_field *fields, size_t num, uint32_t scope) {
  put(t, "[");
  for (size_t i = 0; i < num; i++) {
    put(t, "%s", i == 0 ? "" : ", ");
    put_field(t, &fields[i], scope);
  }
  put(t, "]");
}

size_t law_tables_json(const law_protocol *protocol, char *out, size_t cap) {
  text t = {out, cap, 0};
  put(&t, "{\"protocol\": \"%s\", \"variants\": [", protocol->name);
  for (const char *const *v = protocol->variants; v != NULL && *v != NULL; v++) {
    put(&t, "%s\"%s\"", v == protocol->variants ? "" : ", ", *v);
  }
  put(&t, "], \"types\": [");
  for (size_t i = 0; i < protocol->num_types; i++) {
    const law_type *type = protocol->types[i];
    put(&t, "%s{\"name\": \"%s\", \"code\": %u, \"scope\": %u, \"fields\": ", i == 0 ? "" : ", ",
        type->name, (unsigned)type->code, (unsigned)law_type_scope(type));
    put_fields(&t, type->fields, type->num_fields, law_type_scope(type));
    put(&t, "}");
  }
  put(&t, "]}");
  return t.len;
}
