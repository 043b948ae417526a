/* The printed line and the JSON of a message. */
#include "core/print.h"

#include "core/utf8.h"
#include "json_check.h"
#include "support.h"

static char text[1 << 17];

static const char *line_of(const subject *s) {
  size_t len = law_print(s->type, s->spans, s->num, s->wire, text, sizeof text);
  assert_int_equal(len, strlen(text));
  return text;
}

static void prints(const char *variant, const char *wire, const char *want) {
  static subject s;
  examine(&s, variant, LAW_CLIENT, hex(wire));
  assert_string_equal(line_of(&s), want);
}

static void lines(void **state) {
  (void)state;
  prints("mqtt311", "c0 00", "PINGREQ flags=0");
  prints("mqtt311", "32 0a 0003 612f62 0007 6869 0a",
         "PUBLISH dup=0 qos=1 retain=0 topic=\"a/b\" packet_id=7 payload=3 bytes 68690a");
  prints("mqtt5", "40 04 0007 87 00",
         "PUBACK flags=0 packet_id=7 reason=135 (Not authorized) properties={}");
  prints("mqtt5", "e0 09 04 07 26 0001 6b 0001 76",
         "DISCONNECT flags=0 reason=4 (Disconnect with Will Message) "
         "properties={user_property=\"k\"=\"v\"}");
  prints("mqtt5", "82 07 0001 00 0001 61 2c",
         "SUBSCRIBE flags=2 packet_id=1 properties={} filters={filter=\"a\" qos=0 no_local=1 "
         "retain_as_published=1 retain_handling=2 (do not send)}");
  prints("mqtt5", "30 06 0001 61 02 7f00",
         "PUBLISH dup=0 qos=0 retain=0 topic=\"a\" properties={unparsed=2 bytes 7f00}");
}

/* Nothing in a line can move a terminal's cursor or end the line. */
static void controls(void **state) {
  (void)state;
  prints("mqtt311", "30 0a 0008 61 0a 1b5b 7f c285 09",
         "PUBLISH dup=0 qos=0 retain=0 topic=\"a\\x0a\\x1b[\\x7f\\xc2\\x85\\x09\" payload=0 bytes");
  prints("mqtt311", "30 08 0006 e280a8 225c c3",
         "PUBLISH dup=0 qos=0 retain=0 topic=6 bytes e280a8225cc3 payload=0 bytes");
  prints("mqtt311", "30 09 0007 e280a8 225c c3a9",
         "PUBLISH dup=0 qos=0 retain=0 topic=\"\\xe2\\x80\\xa8\\\"\\\\\xc3\xa9\" payload=0 bytes");
}

/* ---- over all vectors ---- */

static void for_each(void (*check)(const subject *s, const law_vector *v)) {
  static subject s;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    examine(&s, v->variant, LAW_CLIENT, law_vector_wire(v));
    if (s.type != NULL) {
      check(&s, v);
    }
  }
}

static void check_forms(const subject *s, const law_vector *v) {
  for (const char *p = line_of(s); *p != '\0'; p++) {
    if ((unsigned char)*p < 0x20 || *p == 0x7f) {
      fail_msg("%s: control character in %s", v->name, text);
    }
  }
  assert_true(law_utf8_valid(law_bytes_of(text, strlen(text))));
  if (!is_json(json_of(s))) {
    fail_msg("%s: no JSON: %s", v->name, json_of(s));
  }
  size_t len = law_json_spans(s->spans, s->num, s->wire, text, sizeof text);
  if (len >= sizeof text || !is_json(text)) {
    fail_msg("%s: no JSON: %s", v->name, text);
  }
}

static void every_vector(void **state) {
  (void)state;
  for_each(check_forms);
}

/* ---- secrets ---- */

static void hides(const char *variant, const char *wire, const char *secret, const char *in_hex) {
  static subject s;
  examine(&s, variant, LAW_CLIENT, hex(wire));
  assert_int_equal(s.status, LAW_OK);
  for (int form = 0; form < 3; form++) {
    const char *shown = form == 0 ? line_of(&s) : json_of(&s);
    if (form == 2) {
      (void)law_json_spans(s.spans, s.num, s.wire, text, sizeof text);
      shown = text;
    }
    if (strstr(shown, secret) != NULL || strstr(shown, in_hex) != NULL) {
      fail_msg("the secret is in %s", shown);
    }
  }
}

static void secrets(void **state) {
  (void)state;
  const char *connect =
      "10 1d 0004 4d515454 04 c2 000a 0001 63 0006 747275647931 0006 68756e746572";
  hides("mqtt311", connect, "hunter", "68756e746572");
  hides("mqtt311", connect, "trudy1", "747275647931");
  hides("mqtt5", "10 19 0004 4d515454 05 02 000a 0b 15 0001 6d 16 0004 68757368 0001 63", "hush",
        "68757368");
}

/* ---- room ---- */

static void little_room(void **state) {
  static subject s;
  (void)state;
  examine(&s, "mqtt5", LAW_CLIENT, hex("32 0a 0003 612f62 0007 00 6869"));
  size_t line = law_print(s.type, s.spans, s.num, s.wire, NULL, 0);
  size_t json = law_json(s.type, s.spans, s.num, s.wire, NULL, 0);
  size_t map = law_json_spans(s.spans, s.num, s.wire, NULL, 0);
  for (size_t cap = 1; cap < 80; cap++) {
    char *room = malloc(cap);
    assert_non_null(room);
    assert_int_equal(law_print(s.type, s.spans, s.num, s.wire, room, cap), line);
    assert_true(strlen(room) < cap);
    assert_int_equal(law_json(s.type, s.spans, s.num, s.wire, room, cap), json);
    assert_true(strlen(room) < cap);
    assert_int_equal(law_json_spans(s.spans, s.num, s.wire, room, cap), map);
    assert_true(strlen(room) < cap);
    free(room);
  }
}

/* A property that stands twice where it may not is an array, so that nothing is lost. */
static void json_of_duplicates(void **state) {
  static subject s;
  (void)state;
  examine(&s, "mqtt5", LAW_CLIENT, hex("30 0a 0001 61 06 23 0001 23 0002"));
  assert_string_equal(
      json_of(&s),
      "{\"type\": \"PUBLISH\", \"dup\": 0, \"qos\": 0, \"retain\": 0, \"topic\": "
      "\"a\", \"properties\": {\"topic_alias\": [1, 2]}, \"payload\": {\"hex\": \"\"}}");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lines),        cmocka_unit_test(controls),
      cmocka_unit_test(every_vector), cmocka_unit_test(secrets),
      cmocka_unit_test(little_room),  cmocka_unit_test(json_of_duplicates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
