/* What the vectors cannot say: frames cut wrongly by the caller, what a flow remembers, detection.
 * */
#include "support.h"

static law_violation decode(uint8_t version, const char *wire) {
  law_mqtt_message m;
  law_violation v = {0};
  law_bytes b = hex(wire);
  uint8_t *copy = exact_copy(b);
  v.status = law_mqtt_decode(version, law_bytes_of(copy, b.len), &m, &v);
  free(copy);
  return v;
}

/* A frame that is not as long as its Remaining Length says. */
static void frames_that_do_not_fit(void **state) {
  (void)state;
  law_violation v = decode(LAW_MQTT_5, "40 03 000a");
  assert_int_equal(v.requirement, LAW_R_MQTT5_2_1_4_OVERRUN);
  assert_int_equal(v.offset, 1);
  v = decode(LAW_MQTT_311, "40 01 000a");
  assert_int_equal(v.requirement, LAW_R_MQTT311_2_2_3_TRAILING);
  assert_int_equal(v.offset, 1);
  v = decode(LAW_MQTT_5, "");
  assert_int_equal(v.status, LAW_MALFORMED);
  v = decode(LAW_MQTT_5, "40");
  assert_int_equal(v.requirement, LAW_R_MQTT5_2_1_4_OVERRUN);
  v = decode(LAW_MQTT_5, "40 80");
  assert_int_equal(v.requirement, LAW_R_MQTT5_2_1_4_OVERRUN);
  v = decode(LAW_MQTT_5, "40 80808080 00");
  assert_int_equal(v.requirement, LAW_R_MQTT5_1_5_5_FOUR_BYTES);
}

static law_status step(law_mqtt_context *context, const char *wire) {
  law_mqtt_message m;
  law_violation v;
  return law_mqtt_codec.decode(context, LAW_CLIENT, hex(wire), &m, &v);
}

static const char connect_311[] = "10 0d 0004 4d515454 04 02 003c 0001 63";
static const char connect_5[] = "10 0e 0004 4d515454 05 02 003c 00 0001 63";
static const char connect_31[] = "10 0f 0006 4d5149736470 03 02 003c 0001 63";
static const char publish_311[] =
    "30 04 0001 61 05"; /* in 5.0 a Property Length that reaches too far */
static const char publish_5[] = "30 06 0001 61 02 0101"; /* good in both, with another payload */

/* CONNECT tells the version of what follows. */
static void the_flow_says_its_version(void **state) {
  law_mqtt_context context;
  (void)state;
  law_mqtt_codec.begin("mqtt5", &context);
  assert_int_equal(step(&context, publish_311), LAW_MALFORMED);
  assert_int_equal(step(&context, connect_311), LAW_OK);
  assert_int_equal(context.version, LAW_MQTT_311);
  assert_int_equal(step(&context, publish_311), LAW_OK);
  law_mqtt_codec.begin("mqtt311", &context);
  assert_int_equal(step(&context, publish_311), LAW_OK);
  assert_int_equal(step(&context, connect_5), LAW_OK);
  assert_int_equal(step(&context, publish_311), LAW_MALFORMED);
  assert_int_equal(step(&context, publish_5), LAW_OK);
  /* A second CONNECT is somebody else's matter, and changes nothing. */
  assert_int_equal(step(&context, connect_31), LAW_OK);
  assert_int_equal(context.version, LAW_MQTT_5);
  law_mqtt_codec.begin("mqtt31", &context);
  assert_int_equal(step(&context, "a2 02 0001"), LAW_OK);
}

/* A CONNECT of a known name and level; all else is judged by what was assumed. */
static bool says_a_version(law_bytes wire) {
  static const char *const known[] = {"\0\6MQIsdp\3", "\0\4MQTT\4", "\0\4MQTT\5"};
  size_t at = 1;
  while (at < wire.len && (wire.data[at++] & 0x80) != 0) {
  }
  for (size_t i = 0; i < 3; i++) {
    size_t len = i == 0 ? 9 : 7;
    if (wire.len >= at + len && memcmp(wire.data + at, known[i], len) == 0) {
      return true;
    }
  }
  return false;
}

/* Whatever was assumed, it is judged by the version that it says: flags and length of its header,
 * too. */
static void connect_speaks_for_itself(void **state) {
  static const char *const variants[] = {"mqtt5", "mqtt311", "mqtt31"};
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    law_bytes wire = law_vector_wire(v);
    bool connect = v->len > 0 && wire.data[0] >> 4 == LAW_MQTT_CONNECT;
    for (size_t k = 0; k < 3 && connect && v->num_packets == 0 && says_a_version(wire); k++) {
      examine(&s, variants[k], LAW_CLIENT, wire);
      if (s.status != v->status ||
          (s.status != LAW_OK && s.violation.requirement != v->requirement)) {
        fail_msg("%s is something else when %s is assumed", v->name, variants[k]);
      }
      /* Taken apart before anybody decoded it, it has the same fields. */
      law_mqtt_codec.begin(variants[k], &s.context);
      dissect_again(&s, wire);
      if (v->status == LAW_OK) {
        assert_string_equal(json_of(&s), v->message);
      }
    }
  }
}

static void types(void **state) {
  law_mqtt_context context;
  (void)state;
  law_mqtt_codec.begin("mqtt5", &context);
  assert_string_equal(law_mqtt_codec.type_of(&context, hex("f0 00"))->name, "AUTH");
  assert_null(law_mqtt_codec.type_of(&context, hex("00 00")));
  assert_null(law_mqtt_codec.type_of(&context, law_bytes_of("", 0)));
  law_mqtt_codec.begin("mqtt311", &context);
  assert_null(law_mqtt_codec.type_of(&context, hex("f0 00")));
  for (size_t i = 0; i < law_mqtt_codec.num_types; i++) {
    assert_int_equal(law_mqtt_codec.types[i]->code, i + 1);
    assert_string_equal(law_mqtt_codec.types[i]->name, law_mqtt_type_name((uint8_t)(i + 1)));
  }
}

static void detection(void **state) {
  (void)state;
  assert_int_equal(law_mqtt_codec.detect(hex(connect_311), LAW_CLIENT), 100);
  assert_int_equal(law_mqtt_codec.detect(hex(connect_31), LAW_CLIENT), 100);
  assert_true(law_mqtt_codec.detect(hex("20 02 0000"), LAW_SERVER) > 0);
  assert_int_equal(law_mqtt_codec.detect(BYTES("GET / HTTP/1.1\r\n\r\n"), LAW_CLIENT), 0);
  assert_int_equal(
      law_mqtt_codec.detect(BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), LAW_CLIENT), 0);
  for (size_t len = 0; len < 12; len++) {
    law_bytes whole = hex(connect_5);
    uint8_t *copy = exact_copy(law_bytes_of(whole.data, len));
    (void)law_mqtt_codec.detect(law_bytes_of(copy, len), LAW_CLIENT);
    (void)law_mqtt_codec.detect(law_bytes_of(copy, len), LAW_SERVER);
    free(copy);
  }
}

/* A message points into its frame. */
static void views(void **state) {
  static subject s;
  (void)state;
  examine(&s, "mqtt311", LAW_CLIENT, hex("32 07 0001 61 0102 6869"));
  assert_int_equal(s.status, LAW_OK);
  assert_ptr_equal(s.message.u.publish.topic.data, s.wire.data + 4);
  assert_ptr_equal(s.message.u.publish.payload.data, s.wire.data + 7);
  assert_int_equal(s.message.packet_id, 0x0102);
  assert_int_equal(law_mqtt_qos(&s.message), 1);
  assert_false(law_mqtt_dup(&s.message) || law_mqtt_retain(&s.message));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(frames_that_do_not_fit),
                                     cmocka_unit_test(the_flow_says_its_version),
                                     cmocka_unit_test(connect_speaks_for_itself),
                                     cmocka_unit_test(types),
                                     cmocka_unit_test(detection),
                                     cmocka_unit_test(views)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
