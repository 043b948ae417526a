#include "binding/facade.h"

#include <stdlib.h>
#include <string.h>

#include "binding/codec.h"
#include "binding/tables.h"
#include "core/build.h"
#include "core/print.h"
#include "monitors/judge.h"

enum { FIRST_CAP = 4096 };

static bool has_variant(const law_protocol *p, const char *variant) {
  for (const char *const *v = p->variants; v != NULL && *v != NULL; v++) {
    if (strcmp(*v, variant) == 0) {
      return true;
    }
  }
  return false;
}

static const law_protocol *protocol_of(const char *variant) {
  for (size_t i = 0; law_protocols[i] != NULL; i++) {
    if (has_variant(law_protocols[i], variant)) {
      return law_protocols[i];
    }
  }
  return NULL;
}

const char *law_codec_variant(size_t i) {
  for (size_t p = 0; law_protocols[p] != NULL; p++) {
    for (const char *const *v = law_protocols[p]->variants; v != NULL && *v != NULL; v++) {
      if (i-- == 0) {
        return *v;
      }
    }
  }
  return NULL;
}

/* Room for |len| more bytes of values, and for a message of them. */
static bool reserve(law_bin *bin, size_t len) {
  if (len <= bin->cap) {
    return true;
  }
  size_t cap = bin->cap > 0 ? bin->cap : FIRST_CAP;
  while (cap < len) {
    cap *= 2;
  }
  uint8_t *data = realloc(bin->data, cap);
  if (data == NULL) {
    return false;
  }
  bin->data = data;
  bin->cap = cap;
  return true;
}

law_codec *law_codec_new(const char *variant) {
  const law_protocol *protocol = protocol_of(variant);
  law_codec *c = protocol != NULL ? calloc(1, sizeof *c) : NULL;
  if (c == NULL) {
    return NULL;
  }
  c->protocol = protocol;
  protocol->begin(variant, c->start);
  if (!reserve(&c->wire, FIRST_CAP) || !reserve(&c->text, FIRST_CAP)) {
    law_codec_free(c);
    return NULL;
  }
  return c;
}

static void free_arenas(law_codec *c) {
  while (c->arenas != NULL) {
    law_arena *next = c->arenas->next;
    free(c->arenas);
    c->arenas = next;
  }
}

void law_codec_free(law_codec *c) {
  if (c == NULL) {
    return;
  }
  free_arenas(c);
  free(c->wire.data);
  free(c->text.data);
  free(c);
}

const law_protocol *law_codec_protocol(const law_codec *c) { return c->protocol; }

/* ---- Building ---- */

static const law_type *type_named(const law_protocol *p, const char *name) {
  for (size_t i = 0; i < p->num_types; i++) {
    if (strcmp(p->types[i]->name, name) == 0) {
      return p->types[i];
    }
  }
  return NULL;
}

bool law_codec_begin(law_codec *c, const char *name) {
  const law_type *type = type_named(c->protocol, name);
  if (type == NULL) {
    return false;
  }
  free_arenas(c);
  c->type = type;
  law_builder_init(&c->builder, type, c->message, sizeof c->message, c->arena, sizeof c->arena);
  c->protocol->prepare(c->start, type, c->message);
  return true;
}

bool law_codec_number(law_codec *c, const char *name, uint64_t value) {
  return law_build_number(&c->builder, name, value);
}

/* The builder copies values to its arena, where the message's views point to: a value that is too
 * large for it gets an arena of its own. */
static bool set_large(law_codec *c, const char *name, law_bytes value) {
  law_arena *arena = malloc(sizeof *arena + value.len);
  if (arena == NULL) {
    return false;
  }
  arena->next = c->arenas;
  c->arenas = arena;
  law_writer kept = c->builder.arena;
  c->builder.arena = law_writer_of(arena->data, value.len);
  bool set = law_build_bytes(&c->builder, name, value);
  c->builder.arena = kept;
  return set;
}

bool law_codec_bytes(law_codec *c, const char *name, const uint8_t *data, size_t len) {
  law_bytes value = law_bytes_of(data, len);
  bool fits = len <= c->builder.arena.cap - c->builder.arena.len;
  return fits || c->builder.open ? law_build_bytes(&c->builder, name, value)
                                 : set_large(c, name, value);
}

bool law_codec_item(law_codec *c, const char *list, const char *tag) {
  return law_build_item(&c->builder, list, tag);
}

bool law_codec_end_item(law_codec *c) { return law_build_end_item(&c->builder); }

/* Maps the spans of the wire bytes. */
static void map(law_codec *c) {
  law_bytes wire = law_codec_wire(c);
  c->type = wire.len > 0 ? c->protocol->type_of(c->start, wire) : NULL;
  c->num_spans = 0;
  if (c->type == NULL) {
    return;
  }
  memset(c->message, 0, sizeof c->message);
  c->protocol->prepare(c->start, c->type, c->message);
  c->num_spans = law_dissect(c->type, c->message, wire, c->spans, LAW_MAX_SPANS);
}

bool law_codec_encode(law_codec *c) {
  size_t len = law_encode(c->type, c->message, c->wire.data, c->wire.cap);
  if (len > c->wire.cap) {
    if (!reserve(&c->wire, len)) {
      return false;
    }
    len = law_encode(c->type, c->message, c->wire.data, c->wire.cap);
  }
  c->wire.len = len;
  map(c);
  return true;
}

/* ---- The loaded message ---- */

bool law_codec_load(law_codec *c, const uint8_t *data, size_t len) {
  if (!reserve(&c->wire, len)) {
    return false;
  }
  if (len > 0) {
    memcpy(c->wire.data, data, len);
  }
  c->wire.len = len;
  map(c);
  return true;
}

law_bytes law_codec_wire(const law_codec *c) { return law_bytes_of(c->wire.data, c->wire.len); }

const law_type *law_codec_type(const law_codec *c) { return c->type; }

law_status law_codec_decode(law_codec *c, law_side from, law_violation *out) {
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
  memcpy(context, c->start, sizeof context);
  return c->protocol->decode(context, from, law_codec_wire(c), message, out);
}

law_status law_codec_frame(law_codec *c, size_t *out_len, law_violation *out) {
  return c->protocol->frame(c->start, law_codec_wire(c), out_len, out);
}

/* Text whose size shows only when it is written. */
#define PRINT_INTO_TEXT(c, call)            \
  do {                                      \
    size_t need = (call);                   \
    if (need >= (c)->text.cap) {            \
      if (!reserve(&(c)->text, need + 1)) { \
        return "";                          \
      }                                     \
      (void)(call);                         \
    }                                       \
    return (const char *)(c)->text.data;    \
  } while (0)

const char *law_codec_json(law_codec *c) {
  if (c->type == NULL) {
    return "";
  }
  PRINT_INTO_TEXT(c, law_json(c->type, c->spans, c->num_spans, law_codec_wire(c),
                              (char *)c->text.data, c->text.cap));
}

const char *law_codec_json_spans(law_codec *c) {
  PRINT_INTO_TEXT(c, law_json_spans(c->spans, c->num_spans, law_codec_wire(c), (char *)c->text.data,
                                    c->text.cap));
}

const char *law_codec_print(law_codec *c) {
  if (c->type == NULL) {
    return "";
  }
  PRINT_INTO_TEXT(c, law_print(c->type, c->spans, c->num_spans, law_codec_wire(c),
                               (char *)c->text.data, c->text.cap));
}

const char *law_codec_tables(law_codec *c) {
  PRINT_INTO_TEXT(c, law_tables_json(c->protocol, (char *)c->text.data, c->text.cap));
}

size_t law_codec_find(const law_codec *c, const char *path) {
  return law_span_find(c->spans, c->num_spans, path);
}

size_t law_codec_num_spans(const law_codec *c) { return c->num_spans; }

law_bytes law_codec_value(const law_codec *c, size_t span) {
  if (span >= c->num_spans) {
    return law_bytes_of(c->wire.data, 0);
  }
  return law_span_value(&c->spans[span], law_codec_wire(c));
}

bool law_codec_edit(law_codec *c, law_edit_op op, size_t span, size_t other, uint64_t number,
                    const uint8_t *data, size_t len, bool keep_lengths) {
  size_t grown = c->wire.len * 2 + len + (op == LAW_EDIT_RESIZE ? (size_t)number : 0) + 16;
  if (span >= c->num_spans || !reserve(&c->wire, grown)) {
    return false;
  }
  law_edit edit = {op, span, other, number, law_bytes_of(data, len), keep_lengths};
  size_t after =
      law_edit_apply(&edit, c->wire.data, c->wire.len, c->wire.cap, c->spans, &c->num_spans);
  if (after == SIZE_MAX) {
    return false;
  }
  c->wire.len = after;
  return true;
}
