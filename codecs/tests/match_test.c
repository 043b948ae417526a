#include "core/match.h"

#include "support.h"

static const char publish[] =
    "32 20 0003 612f62 000a 13 02 00000e10 26 0001 6b 0001 76 26 0001 6b 0001 77 "
    "6869 00 7a 7a";

static bool match_one(law_want want) {
  static subject s;
  size_t failed = 7;
  examine(&s, "mqtt5", LAW_SERVER, hex(publish));
  assert_int_equal(s.status, LAW_OK);
  bool holds = law_match(s.spans, s.num, s.wire, &want, 1, &failed);
  assert_int_equal(failed, holds ? 7 : 0);
  return holds;
}

static law_want number(const char *path, law_want_op op, uint64_t n) {
  return (law_want){.path = path, .op = op, .is_number = true, .number = n};
}

static law_want text(const char *path, law_want_op op, const char *value) {
  return (law_want){.path = path, .op = op, .bytes = law_bytes_of(value, strlen(value))};
}

static void numbers(void **state) {
  (void)state;
  assert_true(match_one(number("qos", LAW_WANT_EQ, 1)));
  assert_false(match_one(number("qos", LAW_WANT_EQ, 2)));
  assert_true(match_one(number("qos", LAW_WANT_NE, 2)));
  assert_true(match_one(number("packet_id", LAW_WANT_GE, 10)));
  assert_false(match_one(number("packet_id", LAW_WANT_GE, 11)));
  assert_true(match_one(number("packet_id", LAW_WANT_LE, 10)));
  assert_false(match_one(number("packet_id", LAW_WANT_LE, 9)));
  assert_true(match_one(number("remaining_length", LAW_WANT_EQ, 32)));
  assert_false(match_one(number("topic", LAW_WANT_EQ, 3))); /* no number */
}

static void bytes(void **state) {
  (void)state;
  assert_true(match_one(text("topic", LAW_WANT_EQ, "a/b")));
  assert_false(match_one(text("topic", LAW_WANT_EQ, "a/")));
  assert_true(match_one(text("topic", LAW_WANT_NE, "a/c")));
  assert_false(match_one(text("topic", LAW_WANT_NE, "a/b")));
  law_want payload = {.path = "payload", .op = LAW_WANT_EQ, .bytes = BYTES("hi\0zz")};
  assert_true(match_one(payload));
}

/* A property by its path, or by its name alone; a pair with both its strings. */
static void items(void **state) {
  (void)state;
  assert_true(match_one(number("message_expiry_interval", LAW_WANT_EQ, 3600)));
  assert_true(match_one(number("properties.message_expiry_interval", LAW_WANT_EQ, 3600)));
  assert_true(match_one(number("properties.message_expiry_interval.value", LAW_WANT_EQ, 3600)));
  law_want pair = {.path = "user_property", .op = LAW_WANT_EQ, .bytes = BYTES("\0\1k\0\1v")};
  assert_true(match_one(pair));
  pair.path = "properties.user_property[1]";
  assert_false(match_one(pair));
  pair.bytes = BYTES("\0\1k\0\1w");
  assert_true(match_one(pair));
}

static void presence(void **state) {
  (void)state;
  assert_true(match_one((law_want){.path = "packet_id", .op = LAW_WANT_PRESENT}));
  assert_false(match_one((law_want){.path = "packet_id", .op = LAW_WANT_ABSENT}));
  assert_true(match_one((law_want){.path = "topic_alias", .op = LAW_WANT_ABSENT}));
  assert_false(match_one((law_want){.path = "topic_alias", .op = LAW_WANT_PRESENT}));
  assert_false(match_one(number("topic_alias", LAW_WANT_EQ, 0)));
  assert_true(match_one(number("topic_alias", LAW_WANT_NE, 0)));
}

/* The name alone finds a property in the list of the will, too. */
static void lists_of_the_will(void **state) {
  static subject s;
  size_t failed;
  (void)state;
  examine(&s, "mqtt5", LAW_CLIENT,
          hex("10 19 0004 4d515454 05 06 000a 00 0001 63 05 18 00000009 0001 77 0000"));
  assert_int_equal(s.status, LAW_OK);
  law_want want = number("will_delay_interval", LAW_WANT_EQ, 9);
  assert_true(law_match(s.spans, s.num, s.wire, &want, 1, &failed));
  want = number("will_properties.will_delay_interval", LAW_WANT_EQ, 9);
  assert_true(law_match(s.spans, s.num, s.wire, &want, 1, &failed));
}

static void first_that_fails(void **state) {
  static subject s;
  size_t failed = 0;
  (void)state;
  examine(&s, "mqtt5", LAW_SERVER, hex(publish));
  law_want wants[] = {number("qos", LAW_WANT_EQ, 1), text("topic", LAW_WANT_EQ, "a/b"),
                      number("retain", LAW_WANT_EQ, 1), number("dup", LAW_WANT_EQ, 1)};
  assert_false(law_match(s.spans, s.num, s.wire, wants, 4, &failed));
  assert_int_equal(failed, 2);
  assert_true(law_match(s.spans, s.num, s.wire, wants, 2, &failed));
  assert_true(law_match(s.spans, s.num, s.wire, wants, 0, &failed));
}

/* An item that lost its value is no number. */
static void cut_items(void **state) {
  static subject s;
  size_t failed;
  (void)state;
  examine(&s, "mqtt5", LAW_SERVER, hex("30 05 0001 61 01 23"));
  law_want want = number("topic_alias", LAW_WANT_EQ, 0);
  assert_false(law_match(s.spans, s.num, s.wire, &want, 1, &failed));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(numbers),
                                     cmocka_unit_test(bytes),
                                     cmocka_unit_test(items),
                                     cmocka_unit_test(presence),
                                     cmocka_unit_test(lists_of_the_will),
                                     cmocka_unit_test(first_that_fails),
                                     cmocka_unit_test(cut_items)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
