#include "core/cursor.h"

#include "support.h"

enum { RULE_A = 1, RULE_B = 2, RULE_C = 3 };

static void reads_in_order(void **state) {
  (void)state;
  law_cursor c = law_cursor_of(hex("01 0203 04050607 0002 6869 7a7a"));
  assert_int_equal(law_cursor_u8(&c, RULE_A), 1);
  assert_int_equal(law_cursor_u16(&c, RULE_A), 0x0203);
  assert_int_equal(law_cursor_u32(&c, RULE_A), 0x04050607);
  law_bytes text = law_cursor_bytes16(&c, RULE_A, RULE_B);
  assert_int_equal(text.len, 2);
  assert_memory_equal(text.data, "hi", 2);
  assert_int_equal(law_cursor_left(&c), 2);
  law_bytes rest = law_cursor_rest(&c);
  assert_memory_equal(rest.data, "zz", 2);
  assert_int_equal(law_cursor_left(&c), 0);
  assert_true(law_cursor_ok(&c));
}

static void first_failure_stays(void **state) {
  (void)state;
  law_cursor c = law_cursor_of(hex("01 02 03"));
  (void)law_cursor_u8(&c, RULE_A);
  assert_int_equal(law_cursor_u32(&c, RULE_B), 0);
  assert_false(law_cursor_ok(&c));
  assert_int_equal(c.failed, RULE_B);
  assert_int_equal(c.failed_at, 1);
  /* What would still fit is not read any more, and later failures do not replace the first. */
  assert_int_equal(law_cursor_u8(&c, RULE_C), 0);
  law_cursor_fail_at(&c, c.start, RULE_C);
  assert_int_equal(law_cursor_left(&c), 0);
  assert_int_equal(c.failed, RULE_B);
  assert_int_equal(c.failed_at, 1);
}

/* A length that is not there, and one that counts too much, are told apart. */
static void two_ways_to_miss_bytes(void **state) {
  (void)state;
  law_cursor c = law_cursor_of(hex("00"));
  assert_int_equal(law_cursor_bytes16(&c, RULE_A, RULE_B).len, 0);
  assert_int_equal(c.failed, RULE_A);
  assert_int_equal(c.failed_at, 0);
  c = law_cursor_of(hex("0003 6162"));
  assert_int_equal(law_cursor_bytes16(&c, RULE_A, RULE_B).len, 0);
  assert_int_equal(c.failed, RULE_B);
  assert_int_equal(c.failed_at, 2);
}

static void nothing_to_read(void **state) {
  (void)state;
  law_cursor c = law_cursor_of(law_bytes_of("", 0));
  assert_int_equal(law_cursor_rest(&c).len, 0);
  assert_true(law_cursor_ok(&c));
  assert_int_equal(law_cursor_u8(&c, RULE_A), 0);
  assert_int_equal(c.failed, RULE_A);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_in_order), cmocka_unit_test(first_failure_stays),
      cmocka_unit_test(two_ways_to_miss_bytes), cmocka_unit_test(nothing_to_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
