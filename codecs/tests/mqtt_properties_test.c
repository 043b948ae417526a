#include "mqtt/properties.h"

#include "support.h"

static subject s;

static const law_list *list_of(const char *wire) {
  examine(&s, "mqtt5", LAW_SERVER, hex(wire));
  assert_int_equal(s.status, LAW_OK);
  return &s.message.properties;
}

/* Every kind of value, in the order sent. */
static void iterates(void **state) {
  (void)state;
  law_list it = *list_of(
      "30 28 0001 61 24 01 01 02 00000e10 23 0007 0b ac02 03 0002 6374"
      "09 0003 010203 26 0001 6b 0001 76 26 0000 0000");
  law_mqtt_property p;
  assert_int_equal(it.count, 8);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_true(p.id == LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR && p.number == 1);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_true(p.id == LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL && p.number == 3600);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_true(p.id == LAW_MQTT_P_TOPIC_ALIAS && p.number == 7);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_true(p.id == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER && p.number == 300);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_int_equal(p.id, LAW_MQTT_P_CONTENT_TYPE);
  assert_memory_equal(p.text.data, "ct", 2);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_int_equal(p.text.len, 3);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_memory_equal(p.key.data, "k", 1);
  assert_memory_equal(p.text.data, "v", 1);
  assert_true(law_mqtt_next_property(&it, &p));
  assert_true(p.key.len == 0 && p.text.len == 0);
  assert_false(law_mqtt_next_property(&it, &p));
}

/* What the iterator gives is what the span map has, in every list of every vector. */
static void agrees_with_the_map(void **state) {
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    examine(&s, v->variant, (v->sides & 1) != 0 ? LAW_CLIENT : LAW_SERVER, law_vector_wire(v));
    size_t list = law_span_find(s.spans, s.num, "properties");
    if (s.status != LAW_OK || list == s.num) {
      continue;
    }
    law_list it = s.message.properties;
    law_mqtt_property p;
    for (size_t k = list + 1; k < s.num; k++) {
      const law_span *span = &s.spans[k];
      if (span->parent == list && span->field->kind == LAW_KIND_ITEM) {
        const uint8_t *at = it.data;
        assert_true(law_mqtt_next_property(&it, &p));
        assert_int_equal(p.id, span->item->tag);
        assert_ptr_equal(at, s.wire.data + span->at);
      }
    }
    assert_false(law_mqtt_next_property(&it, &p));
    assert_int_equal(it.len, 0);
  }
}

static void finds(void **state) {
  (void)state;
  const law_list *list = list_of("20 0d 00 00 0a 21 0014 13 003c 1f 0001 72");
  law_mqtt_property p;
  assert_true(law_mqtt_property_of(list, LAW_MQTT_P_REASON_STRING, &p));
  assert_memory_equal(p.text.data, "r", 1);
  assert_false(law_mqtt_property_of(list, LAW_MQTT_P_MAXIMUM_QOS, &p));
  assert_int_equal(law_mqtt_property_number(list, LAW_MQTT_P_RECEIVE_MAXIMUM, 65535), 20);
  assert_int_equal(law_mqtt_property_number(list, LAW_MQTT_P_MAXIMUM_QOS, 2), 2);
  assert_ptr_equal(law_mqtt_find_property(list, LAW_MQTT_P_SERVER_KEEP_ALIVE), s.wire.data + 8);
  assert_null(law_mqtt_find_property(list, LAW_MQTT_P_MAXIMUM_QOS));
  law_list none = {NULL, 0, 0};
  assert_false(law_mqtt_property_of(&none, LAW_MQTT_P_REASON_STRING, &p));
  assert_null(law_mqtt_find_property(&none, LAW_MQTT_P_REASON_STRING));
}

static void builds(void **state) {
  (void)state;
  uint8_t room[64];
  law_writer w = law_writer_of(room, sizeof room);
  law_list list = {0};
  law_mqtt_add_number(&w, &list, LAW_MQTT_P_MAXIMUM_QOS, 1);
  law_mqtt_add_number(&w, &list, LAW_MQTT_P_RECEIVE_MAXIMUM, 20);
  law_mqtt_add_number(&w, &list, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0xfffffffe);
  law_mqtt_add_number(&w, &list, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, 128);
  law_mqtt_add_text(&w, &list, LAW_MQTT_P_REASON_STRING, BYTES("r"));
  law_mqtt_add_text(&w, &list, LAW_MQTT_P_AUTHENTICATION_DATA, BYTES("d"));
  law_mqtt_add_pair(&w, &list, BYTES("k"), BYTES("v"));
  assert_int_equal(list.count, 7);
  assert_ptr_equal(list.data, room);
  assert_string_equal(to_hex(law_bytes_of(list.data, list.len)),
                      to_hex(hex("24 01 21 0014 11 fffffffe 0b 8001 1f 0001 72 16 0001 64"
                                 "26 0001 6b 0001 76")));
}

/* Each row of the table has its item, and its data type. */
static void tables(void **state) {
  (void)state;
  for (size_t i = 0; i < LAW_MQTT_NUM_PROPERTIES; i++) {
    const law_item *item = &law_mqtt_property_items[i];
    const law_mqtt_property_row *row = &law_mqtt_property_rows[item->tag];
    assert_int_equal(row->kind, item->kind);
    assert_true(row->types != 0 && i + 1 <= item->tag);
    assert_true(i == 0 || item->tag > law_mqtt_property_items[i - 1].tag);
  }
}

static void filters(void **state) {
  (void)state;
  law_mqtt_filter f;
  examine(&s, "mqtt311", LAW_CLIENT, hex("82 0b 0001 0001 61 01 0002 6262 02"));
  assert_int_equal(s.status, LAW_OK);
  law_list it = s.message.u.filters;
  assert_int_equal(it.count, 2);
  assert_true(law_mqtt_next_filter(&it, true, &f));
  assert_true(f.filter.len == 1 && f.options == 1);
  assert_true(law_mqtt_next_filter(&it, true, &f));
  assert_memory_equal(f.filter.data, "bb", 2);
  assert_false(law_mqtt_next_filter(&it, true, &f));
  examine(&s, "mqtt311", LAW_CLIENT, hex("a2 09 0001 0001 61 0002 6262"));
  it = s.message.u.filters;
  assert_true(law_mqtt_next_filter(&it, false, &f));
  assert_true(law_mqtt_next_filter(&it, false, &f));
  assert_int_equal(f.filter.len, 2);
  assert_false(law_mqtt_next_filter(&it, false, &f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(iterates), cmocka_unit_test(agrees_with_the_map),
      cmocka_unit_test(finds),    cmocka_unit_test(builds),
      cmocka_unit_test(tables),   cmocka_unit_test(filters)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
