#include "core/edit.h"

#include "support.h"

enum { CAP = 4096 };

/* A packet in a buffer with room, and its map. */
typedef struct patient {
  uint8_t wire[CAP];
  size_t len;
  subject s;
} patient;

static patient p;

static void lay(const char *variant, law_bytes wire) {
  memcpy(p.wire, wire.data, wire.len);
  p.len = wire.len;
  examine(&p.s, variant, LAW_CLIENT, law_bytes_of(p.wire, p.len));
}

static size_t span_at(const char *path) {
  size_t i = law_span_find(p.s.spans, p.s.num, path);
  assert_true(i < p.s.num);
  return i;
}

static bool apply(law_edit edit) {
  size_t len = law_edit_apply(&edit, p.wire, p.len, CAP, p.s.spans, &p.s.num);
  if (len != SIZE_MAX) {
    p.len = len;
  }
  return len != SIZE_MAX;
}

static const char subscribe[] = "82 0e 000a 02 0b 05 0001 61 01 0002 6262 02";

/* One edit of |subscribe| gives |want|. */
static void edit_gives(law_edit edit, const char *path, const char *want) {
  lay("mqtt5", hex(subscribe));
  assert_int_equal(p.s.status, LAW_OK);
  edit.span = span_at(path);
  if (!apply(edit)) {
    fail_msg("%s cannot be edited", path);
  }
  assert_string_equal(to_hex(law_bytes_of(p.wire, p.len)), to_hex(hex(want)));
}

static void set(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_SET, .with = BYTES("ccc")}, "filters[1].filter",
             "82 0f 000a 02 0b 05 0001 61 01 0003 636363 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .with = BYTES("ccc"), .keep_lengths = true},
             "filters[1].filter", "82 0e 000a 02 0b 05 0001 61 01 0002 636363 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .number = 7}, "packet_id",
             "82 0e 0007 02 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .number = 300}, "properties.subscription_identifier",
             "82 0f 000a 03 0b ac02 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .number = 3}, "filters[0].qos",
             "82 0e 000a 02 0b 05 0001 61 03 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .number = 0}, "flags",
             "80 0e 000a 02 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_SET, .number = 9}, "filters[0].filter.length",
             "82 0e 000a 02 0b 05 0009 61 01 0002 6262 02");
}

static void raw(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_RAW, .with = BYTES("\0\0")}, "filters[1].filter",
             "82 0c 000a 02 0b 05 0001 61 01 0000 02");
  edit_gives((law_edit){.op = LAW_EDIT_RAW, .with = BYTES("\x23\0\x01")},
             "properties.subscription_identifier", "82 0f 000a 03 23 0001 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_RAW, .with = BYTES("\0")}, "properties",
             "82 0c 000a 00 0001 61 01 0002 6262 02");
}

static void drop(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_DROP}, "filters[0]", "82 0a 000a 02 0b 05 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_DROP}, "filters", "82 05 000a 02 0b 05");
  edit_gives((law_edit){.op = LAW_EDIT_DROP}, "properties.subscription_identifier",
             "82 0c 000a 00 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_DROP}, "properties.length",
             "82 0d 000a 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_DROP, .keep_lengths = true}, "packet_id",
             "82 0e 02 0b 05 0001 61 01 0002 6262 02");
}

static void duplicate_and_insert(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_DUPLICATE}, "properties.subscription_identifier",
             "82 10 000a 04 0b 05 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_DUPLICATE}, "filters[0]",
             "82 12 000a 02 0b 05 0001 61 01 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_INSERT, .with = BYTES("\x26\0\0\0\0")},
             "properties.subscription_identifier",
             "82 13 000a 07 0b 05 26 0000 0000 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_INSERT, .with = BYTES("!"), .keep_lengths = true}, "filters",
             "82 0e 000a 02 0b 05 0001 61 01 0002 6262 02 21");
}

static void swap(void **state) {
  (void)state;
  lay("mqtt5", hex(subscribe));
  assert_true(apply((law_edit){
      .op = LAW_EDIT_SWAP, .span = span_at("filters[0]"), .other = span_at("filters[1]")}));
  assert_string_equal(to_hex(law_bytes_of(p.wire, p.len)),
                      to_hex(hex("82 0e 000a 02 0b 05 0002 6262 02 0001 61 01")));
  lay("mqtt5", hex(subscribe));
  assert_true(apply((law_edit){
      .op = LAW_EDIT_SWAP, .span = span_at("properties"), .other = span_at("packet_id")}));
  assert_string_equal(to_hex(law_bytes_of(p.wire, p.len)),
                      to_hex(hex("82 0e 02 0b 05 000a 0001 61 01 0002 6262 02")));
  assert_false(apply((law_edit){.op = LAW_EDIT_SWAP, .span = 0, .other = 3}));
  assert_false(apply((law_edit){.op = LAW_EDIT_SWAP, .span = 3, .other = 3}));
}

static void resize(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_RESIZE, .number = 4}, "filters[1].filter",
             "82 10 000a 02 0b 05 0001 61 01 0004 62620000 02");
  edit_gives((law_edit){.op = LAW_EDIT_RESIZE, .number = 0}, "filters[1].filter",
             "82 0c 000a 02 0b 05 0001 61 01 0000 02");
  edit_gives((law_edit){.op = LAW_EDIT_RESIZE, .number = 1}, "packet_id",
             "82 0d 00 02 0b 05 0001 61 01 0002 6262 02");
}

static void force(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_FORCE, .number = 200}, "remaining_length",
             "82 c801 000a 02 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_FORCE, .number = 3}, "properties.length",
             "82 0e 000a 03 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_FORCE, .number = 0xffff}, "filters[0].filter.length",
             "82 0e 000a 02 0b 05 ffff 61 01 0002 6262 02");
  lay("mqtt5", hex(subscribe));
  assert_false(apply((law_edit){.op = LAW_EDIT_FORCE, .span = span_at("filters[0].filter")}));
}

static void varint(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_VARINT, .number = 3}, "remaining_length",
             "82 8e8000 000a 02 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_VARINT, .number = 5}, "remaining_length",
             "82 8e80808000 000a 02 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_VARINT, .number = 2}, "properties.length",
             "82 0f 000a 8200 0b 05 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_VARINT, .number = 2}, "properties.subscription_identifier",
             "82 0f 000a 03 0b 8500 0001 61 01 0002 6262 02");
  edit_gives((law_edit){.op = LAW_EDIT_VARINT, .number = 2},
             "properties.subscription_identifier.id",
             "82 0f 000a 03 8b00 05 0001 61 01 0002 6262 02");
  lay("mqtt5", hex(subscribe));
  assert_false(apply((law_edit){.op = LAW_EDIT_VARINT, .span = span_at("packet_id"), .number = 3}));
  assert_false(
      apply((law_edit){.op = LAW_EDIT_VARINT, .span = span_at("remaining_length"), .number = 0}));
}

static void truncate_(void **state) {
  (void)state;
  edit_gives((law_edit){.op = LAW_EDIT_TRUNCATE, .number = 3}, "filters[1].filter",
             "82 0e 000a 02 0b 05 0001 61 01 0002 62");
  edit_gives((law_edit){.op = LAW_EDIT_TRUNCATE, .number = 0}, "packet_id", "82 0e");
  lay("mqtt5", hex(subscribe));
  assert_false(apply((law_edit){.op = LAW_EDIT_TRUNCATE, .span = 0, .number = 999}));
}

/* A length that grows or shrinks by a byte is repaired, and so is the one around it. */
static void lengths_of_other_sizes(void **state) {
  static char long_text[201];
  (void)state;
  memset(long_text, 'x', 200);
  lay("mqtt5", hex("82 0e 000a 07 26 0001 6b 0001 76 0001 61 00"));
  assert_int_equal(p.s.status, LAW_OK);
  assert_true(apply((law_edit){.op = LAW_EDIT_SET,
                               .span = span_at("properties.user_property.value"),
                               .with = law_bytes_of(long_text, 200)}));
  examine(&p.s, "mqtt5", LAW_CLIENT, law_bytes_of(p.wire, p.len));
  assert_int_equal(p.s.status, LAW_OK);
  assert_memory_equal(p.wire, "\x82\xd6\x01\x00\x0a\xce\x01", 7);
  assert_true(apply((law_edit){
      .op = LAW_EDIT_RESIZE, .span = span_at("properties.user_property.value"), .number = 1}));
  examine(&p.s, "mqtt5", LAW_CLIENT, law_bytes_of(p.wire, p.len));
  assert_int_equal(p.s.status, LAW_OK);
  assert_memory_equal(p.wire, "\x82\x0e\x00\x0a\x07", 5);
}

/* ---- the map stays true ---- */

static const law_vector *good_vector(size_t i) {
  const law_vector *v = &law_vectors[i];
  return v->status == LAW_OK && v->num_packets == 0 && v->len < 300 ? v : NULL;
}

static void say_spans(const law_span *spans, size_t num) {
  for (size_t i = 0; i < num; i++) {
    print_error("  %zu: %s at %u, %u bytes, in %u\n", i, spans[i].field->name, spans[i].at,
                spans[i].len, spans[i].parent);
  }
}

/* Does the value of this field say how the rest is read? */
static bool is_structure(const law_span *span) {
  static const char *const names[] = {"first",         "packet_type", "qos",
                                      "connect_flags", "will_flag",   "user_name_flag",
                                      "password_flag"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(span->field->name, names[i]) == 0 && span->parent == 0) {
      return true;
    }
  }
  return span->field->kind == LAW_KIND_LENGTH || span->field->kind == LAW_KIND_LENGTH16 ||
         span->field->kind == LAW_KIND_TAG;
}

static void compare_with_fresh(const law_vector *v, const char *what) {
  static subject fresh;
  fresh.context = p.s.context;
  fresh.type = p.s.type;
  dissect_again(&fresh, law_bytes_of(p.wire, p.len));
  bool same = fresh.num == p.s.num;
  for (size_t i = 0; same && i < fresh.num; i++) {
    const law_span *a = &fresh.spans[i], *b = &p.s.spans[i];
    same = a->field == b->field && a->item == b->item && a->at == b->at && a->len == b->len &&
           a->parent == b->parent;
  }
  if (!same) {
    print_error("kept:\n");
    say_spans(p.s.spans, p.s.num);
    print_error("fresh:\n");
    say_spans(fresh.spans, fresh.num);
    fail_msg("%s (%s), %s: the map is not that of %s", v->name, v->variant, what,
             to_hex(law_bytes_of(p.wire, p.len)));
  }
}

/* Other values of any size, lengths repaired: as if the result had been dissected anew. */
static void new_values_keep_the_map(void **state) {
  (void)state;
  static uint8_t text[150];
  memset(text, 't', sizeof text);
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = i % 3 == 0 ? good_vector(i) : NULL;
    if (v == NULL) {
      continue;
    }
    lay(v->variant, law_vector_wire(v));
    size_t num = p.s.num;
    for (size_t k = 1; k < num; k++) {
      const law_kind kind = p.s.spans[k].field->kind;
      if (is_structure(&p.s.spans[k]) || kind == LAW_KIND_TAGGED || kind == LAW_KIND_ITEMS ||
          kind == LAW_KIND_ITEM) {
        continue;
      }
      static const size_t sizes[] = {0, 1, 5, sizeof text};
      for (size_t n = 0; n < 4; n++) {
        law_edit edit = {.op = LAW_EDIT_SET, .span = k, .number = n * 100};
        edit.with = law_bytes_of(text, sizes[n]);
        lay(v->variant, law_vector_wire(v));
        assert_true(apply(edit));
        compare_with_fresh(v, p.s.spans[k].field->name);
      }
    }
  }
}

/* The spans of |p| that do not touch |i|: same place in a fresh map. */
static void others_stay(const law_vector *v, size_t i) {
  static subject fresh;
  fresh.context = p.s.context;
  fresh.type = p.s.type;
  dissect_again(&fresh, law_bytes_of(p.wire, p.len));
  for (size_t k = 0; k < p.s.num; k++) {
    bool found = k == i;
    for (size_t f = 0; f < fresh.num && !found; f++) {
      found = fresh.spans[f].field == p.s.spans[k].field && fresh.spans[f].at == p.s.spans[k].at &&
              fresh.spans[f].len == p.s.spans[k].len;
    }
    if (!found) {
      say_spans(p.s.spans, p.s.num);
      fail_msg("%s: span %zu is lost", v->name, k);
    }
  }
}

/* Items of lists left out and doubled: the others are where the map says. */
static void items_keep_the_map(void **state) {
  (void)state;
  static const law_edit_op ops[] = {LAW_EDIT_DROP, LAW_EDIT_DUPLICATE};
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = good_vector(i);
    if (v == NULL) {
      continue;
    }
    lay(v->variant, law_vector_wire(v));
    size_t num = p.s.num;
    for (size_t k = 1; k < num; k++) {
      for (size_t o = 0; o < 2; o++) {
        lay(v->variant, law_vector_wire(v));
        if (p.s.spans[k].field->kind == LAW_KIND_ITEM) {
          assert_true(apply((law_edit){.op = ops[o], .span = k}));
          others_stay(v, k);
        }
      }
    }
  }
}

/* Any edit of anything, one after the other: spans stay inside the bytes, refused edits change
 * nothing. */
static void any_edit_is_safe(void **state) {
  (void)state;
  static uint8_t before[CAP];
  static law_span spans_before[LAW_MAX_SPANS];
  uint32_t random = 1;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    if (v->len > 300 || v->num_packets > 0) {
      continue;
    }
    lay(v->variant, law_vector_wire(v));
    for (size_t round = 0; round < 12 && p.s.num > 0; round++) {
      random = random * 1664525 + 1013904223;
      law_edit edit = {.op = (law_edit_op)((random >> 8) % (LAW_EDIT_TRUNCATE + 1)),
                       .span = (random >> 12) % p.s.num,
                       .other = (random >> 16) % p.s.num,
                       .number = (random >> 20) % 40,
                       .with = BYTES("edit"),
                       .keep_lengths = (random >> 30 & 1) != 0};
      size_t len = p.len, num = p.s.num;
      memcpy(before, p.wire, len);
      memcpy(spans_before, p.s.spans, num * sizeof spans_before[0]);
      if (!apply(edit)) {
        if (num != p.s.num) {
          fail_msg("%s: refused op %d of span %zu changes the map", v->name, edit.op, edit.span);
        }
        assert_memory_equal(before, p.wire, len);
        assert_memory_equal(spans_before, p.s.spans, num * sizeof spans_before[0]);
        continue;
      }
      assert_true(p.len <= CAP);
      for (size_t k = 0; k < p.s.num; k++) {
        if (p.s.spans[k].at + p.s.spans[k].len > p.len || p.s.spans[k].parent > k) {
          fail_msg("%s: after op %d span %zu is outside", v->name, edit.op, k);
        }
        (void)law_span_number(&p.s.spans[k], law_bytes_of(p.wire, p.len));
      }
    }
  }
}

/* A buffer without room: nothing is done. */
static void no_room(void **state) {
  uint8_t tight[16];
  (void)state;
  lay("mqtt5", hex(subscribe));
  memcpy(tight, p.wire, p.len);
  law_edit edit = {.op = LAW_EDIT_SET, .span = span_at("filters[0].filter"), .with = BYTES("long")};
  size_t num = p.s.num;
  assert_int_equal(law_edit_apply(&edit, tight, p.len, sizeof tight, p.s.spans, &num), SIZE_MAX);
  assert_memory_equal(tight, p.wire, p.len);
  edit.span = num;
  assert_int_equal(law_edit_apply(&edit, tight, p.len, sizeof tight, p.s.spans, &num), SIZE_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(set),
                                     cmocka_unit_test(raw),
                                     cmocka_unit_test(drop),
                                     cmocka_unit_test(duplicate_and_insert),
                                     cmocka_unit_test(swap),
                                     cmocka_unit_test(resize),
                                     cmocka_unit_test(force),
                                     cmocka_unit_test(varint),
                                     cmocka_unit_test(truncate_),
                                     cmocka_unit_test(lengths_of_other_sizes),
                                     cmocka_unit_test(new_values_keep_the_map),
                                     cmocka_unit_test(items_keep_the_map),
                                     cmocka_unit_test(any_edit_is_safe),
                                     cmocka_unit_test(no_room)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
