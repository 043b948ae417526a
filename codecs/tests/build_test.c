#include "core/build.h"

#include "mqtt/names.h"
#include "support.h"

typedef struct bench {
  law_mqtt_context context;
  law_mqtt_message message;
  law_builder builder;
  uint8_t arena[256];
} bench;

static void begin(bench *b, const char *variant, uint8_t code, size_t cap) {
  const law_type *type = law_mqtt_types_by_code[code];
  law_mqtt_codec.begin(variant, &b->context);
  law_builder_init(&b->builder, type, &b->message, sizeof b->message, b->arena, cap);
  law_mqtt_codec.prepare(&b->context, type, &b->message);
}

static const char *encoded(bench *b) {
  static uint8_t out[512];
  return to_hex(law_bytes_of(out, law_mqtt_encode(&b->message, out, sizeof out)));
}

static void implied_flags(void **state) {
  bench b;
  (void)state;
  begin(&b, "mqtt311", LAW_MQTT_CONNECT, sizeof b.arena);
  assert_true(law_build_bytes(&b.builder, "client_id", BYTES("c")));
  assert_true(law_build_bytes(&b.builder, "user_name", BYTES("u")));
  assert_true(law_build_bytes(&b.builder, "will_topic", BYTES("w")));
  assert_true(law_build_number(&b.builder, "clean_start", 1));
  assert_string_equal(encoded(&b),
                      "101500044d51545404860000"
                      "00016300017700000001"
                      "75");
  /* What was implied can be taken back: a user name without its flag. */
  assert_true(law_build_number(&b.builder, "user_name_flag", 0));
  assert_true(law_build_number(&b.builder, "will_flag", 0));
  assert_string_equal(encoded(&b),
                      "100d00044d51545404020000"
                      "000163");
}

static void optional_tails(void **state) {
  bench b;
  (void)state;
  begin(&b, "mqtt5", LAW_MQTT_PUBACK, sizeof b.arena);
  assert_true(law_build_number(&b.builder, "packet_id", 10));
  assert_string_equal(encoded(&b), "4002000a");
  assert_true(law_build_number(&b.builder, "reason", 0x87));
  assert_string_equal(encoded(&b), "4003000a87");
  assert_true(law_build_item(&b.builder, "properties", "reason_string"));
  assert_true(law_build_bytes(&b.builder, "value", BYTES("no")));
  assert_true(law_build_end_item(&b.builder));
  assert_string_equal(encoded(&b), "4009000a87051f00026e6f");
  begin(&b, "mqtt5", LAW_MQTT_DISCONNECT, sizeof b.arena);
  assert_string_equal(encoded(&b), "e000");
  assert_true(law_build_item(&b.builder, "properties", "session_expiry_interval"));
  assert_true(law_build_number(&b.builder, "value", 7));
  assert_true(law_build_end_item(&b.builder));
  assert_string_equal(encoded(&b), "e00700051100000007");
}

static void lists(void **state) {
  bench b;
  (void)state;
  begin(&b, "mqtt5", LAW_MQTT_SUBSCRIBE, sizeof b.arena);
  assert_true(law_build_item(&b.builder, "properties", "user_property"));
  assert_true(law_build_bytes(&b.builder, "key", BYTES("k")));
  assert_true(law_build_bytes(&b.builder, "value", BYTES("v")));
  assert_true(law_build_end_item(&b.builder));
  assert_true(law_build_item(&b.builder, "filters", NULL));
  assert_true(law_build_bytes(&b.builder, "filter", BYTES("a")));
  assert_true(law_build_number(&b.builder, "qos", 2));
  assert_true(law_build_number(&b.builder, "no_local", 1));
  assert_true(law_build_number(&b.builder, "retain_handling", 1));
  assert_true(law_build_end_item(&b.builder));
  assert_string_equal(encoded(&b),
                      "820e0000072600016b000176000161"
                      "16");
  begin(&b, "mqtt311", LAW_MQTT_SUBACK, sizeof b.arena);
  for (uint64_t reason = 0; reason < 3; reason++) {
    assert_true(law_build_item(&b.builder, "reasons", NULL));
    assert_true(law_build_number(&b.builder, "reason", reason));
    assert_true(law_build_end_item(&b.builder));
  }
  assert_string_equal(encoded(&b), "90050000000102");
}

static void refusals(void **state) {
  bench b;
  (void)state;
  begin(&b, "mqtt5", LAW_MQTT_PUBLISH, 4);
  assert_false(law_build_number(&b.builder, "nothing", 1));
  assert_false(law_build_number(&b.builder, "topic", 1));
  assert_false(law_build_bytes(&b.builder, "packet_id", BYTES("x")));
  assert_false(law_build_bytes(&b.builder, "nothing", BYTES("x")));
  assert_false(law_build_item(&b.builder, "nothing", NULL));
  assert_false(law_build_item(&b.builder, "topic", NULL));
  assert_false(law_build_item(&b.builder, "properties", "nothing"));
  assert_false(law_build_item(&b.builder, "properties", NULL));
  assert_false(law_build_end_item(&b.builder));
  assert_false(law_build_bytes(&b.builder, "topic", BYTES("too long")));
  begin(&b, "mqtt5", LAW_MQTT_PUBLISH, 4);
  assert_true(law_build_item(&b.builder, "properties", "content_type"));
  assert_false(law_build_item(&b.builder, "properties", "content_type")); /* one is open */
  assert_false(law_build_number(&b.builder, "nothing", 1));
  assert_false(law_build_bytes(&b.builder, "key", BYTES("x"))); /* only pairs have one */
  assert_true(law_build_bytes(&b.builder, "value", BYTES("too long")));
  assert_false(law_build_end_item(&b.builder));
}

/* A number for a bit field is masked, for others cut to their size. */
static void large_numbers(void **state) {
  bench b;
  (void)state;
  begin(&b, "mqtt311", LAW_MQTT_PUBLISH, sizeof b.arena);
  assert_true(law_build_number(&b.builder, "qos", 6));
  assert_true(law_build_number(&b.builder, "packet_id", 0x12345));
  assert_string_equal(encoded(&b), "340400002345");
  assert_true(law_build_number(&b.builder, "packet_type", 0xf4));
  assert_int_equal(b.message.first, 0x44);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(implied_flags),
                                     cmocka_unit_test(optional_tails), cmocka_unit_test(lists),
                                     cmocka_unit_test(refusals), cmocka_unit_test(large_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
