/* What a campaign says by itself: its walks are good MQTT until they are mutated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "campaign/keys.h"
#include "campaign/mqtt_internal.h"
#include "seq/seq.h"

static const char *const variants[] = {"mqtt5", "mqtt311", "mqtt31"};

static void check_record(const law_seq_record *r, const char *variant, uint8_t *seen) {
  law_mqtt_message m;
  law_violation v;
  size_t len;
  if (r->event != LAW_SEQ_DATA) {
    return;
  }
  assert_int_equal(law_mqtt_frame(r->data, &len, &v), LAW_OK);
  assert_int_equal(len, r->data.len);
  law_status status = law_mqtt_decode(law_mqtt_version_of(variant), r->data, &m, &v);
  bool wildcard = status == LAW_PROTOCOL_ERROR || status == LAW_MALFORMED; /* a topic "name/+" */
  assert_true(status == LAW_OK || (wildcard && r->data.data[0] >> 4 == LAW_MQTT_PUBLISH));
  *seen |= (uint8_t)(1u << r->connection);
}

static void test_walks_are_well_formed(void **state) {
  static uint8_t room[8192];
  uint64_t random = 1;
  (void)state;
  for (int i = 0; i < 3000; i++) {
    law_persona p = {.variant = variants[i % 3], .name = "fuz00"};
    law_writer w = law_writer_of(room, sizeof room);
    law_seq_record r;
    uint8_t seen = 0;
    law_mqtt_walk(&p, &random, i % 2 != 0, &w);
    assert_true(law_writer_ok(&w) && w.len > 0);
    for (law_bytes rest = law_bytes_of(room, w.len); law_seq_next(&rest, &r);) {
      check_record(&r, p.variant, &seen);
    }
    assert_true(i % 2 == 0 ? seen == 1 : seen > 1);
  }
}

static bool keeps(const char *variant, const char *bytes, size_t len, uint32_t window) {
  law_mqtt_message m;
  law_violation v;
  uint32_t used = 0;
  law_limits limits = {.window = window, .maximum_qos = 2};
  assert_int_equal(
      law_mqtt_decode(law_mqtt_version_of(variant), law_bytes_of(bytes, len), &m, &v), LAW_OK);
  return law_mqtt_speaker.keeps(&limits, &m, &used);
}

#define KEEPS(variant, literal, window) keeps(variant, literal, sizeof(literal) - 1, window)

static void test_kept_connections_get_what_ends_none(void **state) {
  (void)state;
  assert_true(KEEPS("mqtt5", "\x30\x05\0\1a\0x", 1));
  assert_true(KEEPS("mqtt5", "\x32\x07\0\1a\0\1\0x", 1));
  assert_false(KEEPS("mqtt5", "\x32\x07\0\1a\0\1\0x", 0));             /* Receive Maximum */
  assert_false(KEEPS("mqtt5", "\x30\x08\0\1a\3\x23\0\1x", 1));         /* alias 1 of 0 */
  assert_false(KEEPS("mqtt5", "\x30\x05\0\1\1\0x", 1));                /* U+0001 */
  assert_false(KEEPS("mqtt5", "\xe0\0", 1));                           /* DISCONNECT */
  assert_true(KEEPS("mqtt5", "\xc0\0", 1));
  assert_true(KEEPS("mqtt311", "\x82\x06\0\1\0\1#\0", 1));
}

static void test_keys_are_new_once(void **state) {
  static law_keys keys;
  (void)state;
  for (uint64_t i = 0; i < 5000; i++) {
    assert_true(law_keys_add(&keys, law_key_mix(1, i)));
  }
  for (uint64_t i = 0; i < 5000; i++) {
    assert_false(law_keys_add(&keys, law_key_mix(1, i)));
  }
  assert_int_equal(keys.num, 5000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_walks_are_well_formed),
      cmocka_unit_test(test_kept_connections_get_what_ends_none),
      cmocka_unit_test(test_keys_are_new_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
