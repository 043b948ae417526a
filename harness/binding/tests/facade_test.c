#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "binding/facade.h"

static int make(void **state) {
  *state = law_codec_new("mqtt5");
  return *state == NULL;
}

static int drop(void **state) {
  law_codec_free(*state);
  return 0;
}

static void publish(law_codec *c, size_t payload_len) {
  uint8_t *payload = calloc(1, payload_len + 1);
  assert_non_null(payload);
  assert_true(law_codec_begin(c, "PUBLISH"));
  assert_true(law_codec_number(c, "qos", 1));
  assert_true(law_codec_number(c, "packet_id", 7));
  assert_true(law_codec_item(c, "properties", "topic_alias"));
  assert_true(law_codec_number(c, "value", 3));
  assert_true(law_codec_end_item(c));
  assert_true(law_codec_bytes(c, "topic", (const uint8_t *)"a/b", 3));
  assert_true(law_codec_bytes(c, "payload", payload, payload_len));
  assert_true(law_codec_encode(c));
  free(payload);
}

static void test_variants(void **state) {
  (void)state;
  assert_string_equal(law_codec_variant(0), "mqtt5");
  size_t num = 0;
  while (law_codec_variant(num) != NULL) {
    num++;
  }
  assert_true(num >= 3);
  assert_null(law_codec_new("nothing"));
  law_codec_free(NULL);
}

static void test_tables_hold_every_type(void **state) {
  law_codec *c = *state;
  const char *json = law_codec_tables(c);
  const law_protocol *p = law_codec_protocol(c);
  for (size_t i = 0; i < p->num_types; i++) {
    assert_non_null(strstr(json, p->types[i]->name));
  }
  assert_non_null(strstr(json, "\"session_expiry_interval\""));
  assert_int_equal(json[strlen(json) - 1], '}');
}

static void test_built_message_decodes(void **state) {
  law_codec *c = *state;
  law_violation violation;
  publish(c, 5);
  assert_string_equal(law_codec_type(c)->name, "PUBLISH");
  assert_int_equal(law_codec_decode(c, LAW_CLIENT, &violation), LAW_OK);
  assert_non_null(strstr(law_codec_json(c), "\"topic_alias\": 3"));
  assert_non_null(strstr(law_codec_print(c), "topic=\"a/b\""));
  assert_non_null(strstr(law_codec_json_spans(c), "properties.topic_alias"));
  size_t len;
  assert_int_equal(law_codec_frame(c, &len, &violation), LAW_OK);
  assert_int_equal(len, law_codec_wire(c).len);
}

static void test_large_values_and_texts(void **state) {
  law_codec *c = *state;
  law_violation violation;
  size_t large = (size_t)1 << 20;
  publish(c, large);
  assert_true(law_codec_wire(c).len > large);
  assert_int_equal(law_codec_decode(c, LAW_CLIENT, &violation), LAW_OK);
  assert_true(strlen(law_codec_json(c)) > 2 * large);
  size_t span = law_codec_find(c, "payload");
  assert_int_equal(law_codec_value(c, span).len, large);
  publish(c, 1);
  assert_true(law_codec_wire(c).len < 32);
}

static void test_what_does_not_exist_is_refused(void **state) {
  law_codec *c = *state;
  assert_false(law_codec_begin(c, "NOTHING"));
  assert_true(law_codec_begin(c, "PUBLISH"));
  assert_false(law_codec_number(c, "nothing", 1));
  assert_false(law_codec_bytes(c, "qos", (const uint8_t *)"1", 1));
  assert_false(law_codec_item(c, "properties", "nothing"));
}

static void test_edits_keep_the_spans_true(void **state) {
  law_codec *c = *state;
  law_violation violation;
  publish(c, 5);
  size_t len = law_codec_wire(c).len;
  size_t topic = law_codec_find(c, "topic");
  assert_true(law_codec_edit(c, LAW_EDIT_SET, topic, topic, 0, (const uint8_t *)"a/b/c", 5, false));
  assert_int_equal(law_codec_wire(c).len, len + 2);
  assert_int_equal(law_codec_decode(c, LAW_CLIENT, &violation), LAW_OK);
  size_t length = law_codec_find(c, "remaining_length");
  assert_true(law_codec_edit(c, LAW_EDIT_FORCE, length, length, 2, NULL, 0, false));
  assert_int_not_equal(law_codec_decode(c, LAW_CLIENT, &violation), LAW_OK);
  size_t none = law_codec_num_spans(c);
  assert_int_equal(law_codec_find(c, "nothing"), none);
  assert_false(law_codec_edit(c, LAW_EDIT_DROP, none, none, 0, NULL, 0, false));
  assert_int_equal(law_codec_value(c, none).len, 0);
}

static void test_bytes_that_are_no_message(void **state) {
  law_codec *c = *state;
  law_violation violation;
  size_t len;
  assert_true(law_codec_load(c, NULL, 0));
  assert_null(law_codec_type(c));
  assert_string_equal(law_codec_json(c), "");
  assert_string_equal(law_codec_print(c), "");
  assert_true(law_codec_load(c, (const uint8_t *)"\x00\x01", 2));
  assert_null(law_codec_type(c));
  assert_true(law_codec_load(c, (const uint8_t *)"\x30\x10", 2));
  assert_int_equal(law_codec_frame(c, &len, &violation), LAW_NEED_MORE);
  assert_int_equal(len, 18);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_variants),
      cmocka_unit_test_setup_teardown(test_tables_hold_every_type, make, drop),
      cmocka_unit_test_setup_teardown(test_built_message_decodes, make, drop),
      cmocka_unit_test_setup_teardown(test_large_values_and_texts, make, drop),
      cmocka_unit_test_setup_teardown(test_what_does_not_exist_is_refused, make, drop),
      cmocka_unit_test_setup_teardown(test_edits_keep_the_spans_true, make, drop),
      cmocka_unit_test_setup_teardown(test_bytes_that_are_no_message, make, drop),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
