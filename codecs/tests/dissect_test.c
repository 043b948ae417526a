/* The tolerant twin of decoding: the same values from good packets, and safe on all others. */
#include "core/dissect.h"

#include "mqtt/names.h"
#include "support.h"

static const law_type *const *types = law_mqtt_types_by_code;

static bool same_bytes(law_bytes a, law_bytes b) { return a.data == b.data && a.len == b.len; }

static bool same_member(const law_field *field, const void *a, const void *b) {
  const uint8_t *x = (const uint8_t *)a + field->member, *y = (const uint8_t *)b + field->member;
  law_bytes bytes[2];
  law_list lists[2];
  switch (field->kind) {
    case LAW_KIND_U8:
      return memcmp(x, y, 1) == 0;
    case LAW_KIND_U16:
      return memcmp(x, y, 2) == 0;
    case LAW_KIND_STRING:
    case LAW_KIND_BINARY:
    case LAW_KIND_REST:
      memcpy(&bytes[0], x, sizeof bytes[0]);
      memcpy(&bytes[1], y, sizeof bytes[1]);
      return same_bytes(bytes[0], bytes[1]);
    case LAW_KIND_TAGGED:
    case LAW_KIND_ITEMS:
      memcpy(&lists[0], x, sizeof lists[0]);
      memcpy(&lists[1], y, sizeof lists[1]);
      return lists[0].len == lists[1].len && lists[0].count == lists[1].count &&
             (lists[0].len == 0 || lists[0].data == lists[1].data);
    default:
      return true;
  }
}

/* Packets that may end before their last fields. */
static bool has_optional_tail(uint8_t code) {
  return code == LAW_MQTT_CONNECT || (code >= LAW_MQTT_PUBACK && code <= LAW_MQTT_PUBCOMP) ||
         code >= LAW_MQTT_DISCONNECT;
}

/* Every field that was found holds what strict decoding gave. */
static void same_values(void **state) {
  (void)state;
  static subject s;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    if (v->status != LAW_OK || v->num_packets > 0) {
      continue;
    }
    examine(&s, v->variant, (v->sides & 1) != 0 ? LAW_CLIENT : LAW_SERVER, law_vector_wire(v));
    assert_int_equal(s.status, LAW_OK);
    assert_true(s.num < LAW_MAX_SPANS);
    for (size_t k = 1; k < s.num; k++) {
      if (s.spans[k].field->kind == LAW_KIND_UNPARSED ||
          (s.spans[k].parent == 0 && !same_member(s.spans[k].field, &s.message, &s.walked))) {
        fail_msg("%s (%s): %s differs", v->name, v->variant, s.spans[k].field->name);
      }
    }
    if (has_optional_tail(s.type->code)) {
      assert_int_equal(s.message.present, s.walked.present);
    }
  }
}

/* Dissects a copy of |wire| into exactly |max| spans. */
static void walk_copy(uint8_t version, law_bytes wire, size_t max) {
  law_mqtt_message scratch = {.version = version};
  const law_type *type = wire.len > 0 ? types[wire.data[0] >> 4] : types[LAW_MQTT_CONNECT];
  if (type == NULL) {
    return;
  }
  uint8_t *copy = exact_copy(wire);
  law_span *spans = malloc(max > 0 ? max * sizeof *spans : 1);
  assert_non_null(spans);
  size_t num = law_dissect(type, &scratch, law_bytes_of(copy, wire.len), spans, max);
  assert_true(num <= max);
  assert_true(num == 0 || (spans[0].len == wire.len && spans[0].item == NULL));
  for (size_t i = 0; i < num; i++) {
    assert_true(spans[i].at + spans[i].len <= wire.len);
    (void)law_span_number(&spans[i], law_bytes_of(copy, wire.len));
    (void)law_span_value(&spans[i], law_bytes_of(copy, wire.len));
  }
  free(spans);
  free(copy);
}

/* Each vector, each beginning of it, in each version: no byte beyond is read. */
static void any_beginning(void **state) {
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    law_bytes wire = law_vector_wire(&law_vectors[i]);
    for (size_t len = 0; len <= wire.len && len < 200; len++) {
      for (uint8_t version = LAW_MQTT_31; version <= LAW_MQTT_5; version++) {
        walk_copy(version, law_bytes_of(wire.data, len), 100);
      }
    }
  }
}

/* Room for few spans: as many as fit. */
static void little_room(void **state) {
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i += 7) {
    for (size_t max = 0; max < 24; max++) {
      walk_copy(LAW_MQTT_5, law_vector_wire(&law_vectors[i]), max);
    }
  }
}

/* All of the wire is in the map: what made no sense is one span at the end. */
static void lost_bytes_are_kept(void **state) {
  (void)state;
  static const struct {
    const char *wire;
    uint32_t at, len;
  } rows[] = {
      {"40 03 000a 00", 0, 0},         /* a reason code, no properties */
      {"30 05 0001 61 01 25", 0, 0},   /* a property without its value */
      {"30 06 0001 61 02 7f00", 6, 2}, /* an unknown property */
      {"30 04 0009 6162", 0, 0},       /* a string that is cut is shown as far as it goes */
      {"c0 ffffffffff", 1, 5},         /* no length */
      {"c0 02 0102", 2, 2},            /* bytes behind the last field */
      {"20 01 00", 0, 0},              /* nothing left to be lost */
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    static subject s;
    examine(&s, "mqtt5", LAW_SERVER, hex(rows[i].wire));
    const law_span *last = &s.spans[s.num - 1];
    bool lost = last->field->kind == LAW_KIND_UNPARSED;
    if (lost != (rows[i].len > 0) ||
        (lost && (last->at != rows[i].at || last->len != rows[i].len))) {
      fail_msg("%s: the last span is %s at %u, %u bytes", rows[i].wire, last->field->name, last->at,
               last->len);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_values), cmocka_unit_test(any_beginning),
                                     cmocka_unit_test(little_room),
                                     cmocka_unit_test(lost_bytes_are_kept)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
