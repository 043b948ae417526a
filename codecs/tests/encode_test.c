/* decode, encode, decode: the same bytes wherever the encoding has one form, the same message
 * always. */
#include "support.h"

#include "core/build.h"

enum { ROOM = 70000 };
static uint8_t out[ROOM];

static const law_vector *next_good(size_t *i) {
  while (*i < law_num_vectors) {
    const law_vector *v = &law_vectors[(*i)++];
    if (v->status == LAW_OK && v->num_packets == 0) {
      return v;
    }
  }
  return NULL;
}

static law_side side_of(const law_vector *v) {
  return (v->sides & 1) != 0 ? LAW_CLIENT : LAW_SERVER;
}

/* Before 5.0 a Remaining Length may be longer than needed. */
static bool has_one_form(const subject *s) {
  const law_span *length = &s->spans[law_span_find(s->spans, s->num, "remaining_length")];
  return s->wire.data[length->at + length->len - 1] != 0 || length->len == 1;
}

static void check_same(const law_vector *v, const subject *s, size_t len) {
  static subject again;
  assert_true(len <= ROOM);
  if (has_one_form(s)) {
    if (len != s->wire.len || memcmp(out, s->wire.data, len) != 0) {
      print_error("%s\n", to_hex(s->wire));
      fail_msg("%s (%s) encodes as %s", v->name, v->variant, to_hex(law_bytes_of(out, len)));
    }
    return;
  }
  examine(&again, v->variant, side_of(v), law_bytes_of(out, len));
  assert_int_equal(again.status, LAW_OK);
  assert_string_equal(json_of(&again), v->message);
}

static void decoded_messages(void **state) {
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors;) {
    const law_vector *v = next_good(&i);
    if (v == NULL) {
      break;
    }
    examine(&s, v->variant, side_of(v), law_vector_wire(v));
    law_mqtt_message before = s.message;
    check_same(v, &s, law_mqtt_encode(&s.message, out, ROOM));
    assert_memory_equal(&before, &s.message, sizeof before);
  }
}

/* ---- the same by names and values, as a case or the fuzzer builds a message ---- */

static void set_field(law_builder *b, const law_span *span, law_bytes wire, const char *name) {
  bool done = law_kind_is_number(span->field->kind)
                  ? law_build_number(b, name, law_span_number(span, wire))
                  : law_build_bytes(b, name, law_span_value(span, wire));
  if (!done) {
    fail_msg("%s cannot be set", name);
  }
}

static void add_item(law_builder *b, const subject *s, const char *list, size_t item) {
  const law_item *tag = s->spans[item].item;
  assert_true(law_build_item(b, list, tag != NULL ? tag->name : NULL));
  for (size_t i = item + 1; i < s->num; i++) {
    if (s->spans[i].parent == item && s->spans[i].field->kind != LAW_KIND_TAG) {
      set_field(b, &s->spans[i], s->wire, s->spans[i].field->name);
    }
  }
  assert_true(law_build_end_item(b));
}

static void add_field(law_builder *b, const subject *s, size_t field) {
  const law_span *span = &s->spans[field];
  if (span->field->kind != LAW_KIND_TAGGED && span->field->kind != LAW_KIND_ITEMS) {
    set_field(b, span, s->wire, span->field->name);
    return;
  }
  for (size_t i = field + 1; i < s->num; i++) {
    if (s->spans[i].parent == field && s->spans[i].field->kind == LAW_KIND_ITEM) {
      add_item(b, s, span->field->name, i);
    }
  }
}

static void built_messages(void **state) {
  static uint8_t arena[ROOM];
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors;) {
    const law_vector *v = next_good(&i);
    if (v == NULL) {
      break;
    }
    examine(&s, v->variant, side_of(v), law_vector_wire(v));
    law_mqtt_message m;
    law_builder b;
    law_builder_init(&b, s.type, &m, sizeof m, arena, sizeof arena);
    law_mqtt_codec.prepare(&s.context, s.type, &m);
    for (size_t k = 1; k < s.num; k++) {
      if (s.spans[k].parent == 0 && s.spans[k].field->kind != LAW_KIND_LENGTH) {
        add_field(&b, &s, k);
      }
    }
    m.present = s.walked.present; /* an empty list, or a string that 3.1 lets be missing */
    check_same(v, &s, law_encode(s.type, &m, out, ROOM));
  }
}

/* Too little room: the size that is needed, and nothing behind the room. */
static void little_room(void **state) {
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i += 5) {
    const law_vector *v = &law_vectors[i];
    examine(&s, v->variant, side_of(v), law_vector_wire(v));
    if (s.status != LAW_OK || !has_one_form(&s)) {
      continue;
    }
    for (size_t cap = 0; cap < s.wire.len && cap < 40; cap++) {
      uint8_t *room = malloc(cap > 0 ? cap : 1);
      assert_non_null(room);
      assert_int_equal(law_mqtt_encode(&s.message, room, cap), s.wire.len);
      free(room);
    }
  }
}

/* It writes what the message says, legal or not. */
static void what_no_standard_allows(void **state) {
  (void)state;
  law_mqtt_message m = {.first = 0x3f, .version = LAW_MQTT_311, .packet_id = 0};
  m.u.publish.topic = BYTES("#");
  assert_int_equal(law_mqtt_encode(&m, out, ROOM), 7);
  assert_string_equal(to_hex(law_bytes_of(out, 7)), "3f050001230000");
  m = (law_mqtt_message){.first = 0x10, .version = LAW_MQTT_5};
  m.u.connect.protocol_name = BYTES("MQTX");
  m.u.connect.level = 9;
  m.u.connect.flags = LAW_MQTT_PASSWORD | 1;
  m.u.connect.password = BYTES("p");
  size_t len = law_mqtt_encode(&m, out, ROOM);
  assert_string_equal(to_hex(law_bytes_of(out, len)),
                      "101000044d5154580941000000"
                      "0000000170");
  m = (law_mqtt_message){.first = 0x05, .version = LAW_MQTT_5};
  assert_int_equal(law_mqtt_encode(&m, out, ROOM), 0); /* no such type, nothing to write */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decoded_messages), cmocka_unit_test(built_messages),
      cmocka_unit_test(little_room), cmocka_unit_test(what_no_standard_allows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
