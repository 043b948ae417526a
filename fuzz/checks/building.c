#include "checks/checks.h"
#include "checks/require.h"
#include "core/build.h"

enum { ROOM = 1 << 16 };

static law_bytes value_of(const fuzz_packet *p, size_t i) {
  return law_span_value(&p->spans[i], p->wire);
}

static void put_value(law_builder *b, const fuzz_packet *p, size_t i, const char *name) {
  const law_span *span = &p->spans[i];
  bool put = law_kind_is_number(span->field->kind)
                 ? law_build_number(b, name, law_span_number(span, p->wire))
                 : law_build_bytes(b, name, value_of(p, i));
  FUZZ_REQUIRE(put);
}

/* The children of item |i|: a property's tag and value, a pair's tag, key and value, or fields. */
static void put_item_values(law_builder *b, const fuzz_packet *p, size_t i) {
  bool pair = p->spans[i].item != NULL && p->spans[i].item->kind == LAW_KIND_PAIR;
  size_t nth = 0;
  for (size_t k = i + 1; k < p->num && p->spans[k].parent >= i; k++) {
    if (p->spans[k].parent != i) {
      continue;
    }
    if (p->spans[i].item == NULL) {
      put_value(b, p, k, p->spans[k].field->name);
    } else if (nth++ > 0) {
      put_value(b, p, k, pair && nth == 2 ? "key" : "value");
    }
  }
}

static void put_list(law_builder *b, const fuzz_packet *p, size_t list) {
  for (size_t i = list + 1; i < p->num && p->spans[i].parent >= list; i++) {
    const law_span *span = &p->spans[i];
    if (span->parent == list && span->field->kind == LAW_KIND_ITEM) {
      const char *tag = span->item != NULL ? span->item->name : NULL;
      FUZZ_REQUIRE(law_build_item(b, p->spans[list].field->name, tag));
      if (span->item != NULL && span->item->kind == LAW_KIND_OPTION) {
        FUZZ_REQUIRE(law_build_number(b, "number", law_span_option(p->spans, i, p->wire)));
      }
      put_item_values(b, p, i);
      FUZZ_REQUIRE(law_build_end_item(b));
    }
  }
}

/* Lengths, and what extends them, are made by the encoder. */
static bool is_given(const fuzz_packet *p, const law_field *field) {
  size_t i = 0;
  while (i < p->type->num_fields && &p->type->fields[i] != field) {
    i++;
  }
  return i < p->type->num_fields && field->kind != LAW_KIND_LENGTH;
}

static void put_fields(law_builder *b, const fuzz_packet *p) {
  for (size_t i = 1; i < p->num; i++) {
    law_kind kind = p->spans[i].field->kind;
    if (p->spans[i].parent != 0 || !is_given(p, p->spans[i].field)) {
      continue;
    }
    if (kind == LAW_KIND_TAGGED || kind == LAW_KIND_ITEMS || kind == LAW_KIND_OPTIONS) {
      put_list(b, p, i);
    } else {
      put_value(b, p, i, p->spans[i].field->name);
    }
  }
}

/* What no message has is refused. */
static void check_refusals(law_builder *b, law_bytes some) {
  FUZZ_REQUIRE(!law_build_number(b, "no_such_field", 1));
  FUZZ_REQUIRE(!law_build_bytes(b, "no_such_field", some));
  FUZZ_REQUIRE(!law_build_item(b, "no_such_list", NULL) && !law_build_end_item(b));
}

bool fuzz_build_again(const fuzz_packet *p, void *out_message) {
  static uint8_t arena[ROOM];
  law_builder b;
  if (p->status != LAW_OK || p->wire.len > ROOM || p->num == FUZZ_MAX_SPANS) {
    return false;
  }
  law_builder_init(&b, p->type, out_message, p->protocol->message_size, arena, sizeof arena);
  p->protocol->prepare(p->context, p->type, out_message);
  put_fields(&b, p);
  check_refusals(&b, p->wire);
  return true;
}
