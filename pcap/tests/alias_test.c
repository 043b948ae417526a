#include "pcap/alias.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t key[LAW_ALIAS_KEY] = "a key of the tests";

static law_alias *fresh(void) {
  law_alias *a = law_alias_new(key);
  assert_non_null(a);
  return a;
}

static void same_name_everywhere(void **state) {
  law_alias *a = fresh();
  char one[] = "site/Pump-7/temp", two[] = "site/Pump-7/flow", three[] = "Pump-7";
  (void)state;
  law_alias_topic(a, (uint8_t *)one, strlen(one));
  law_alias_topic(a, (uint8_t *)two, strlen(two));
  law_alias_topic(a, (uint8_t *)three, strlen(three));
  assert_memory_equal(one, two, 12);           /* both levels that they share */
  assert_memory_equal(one + 5, three, 6);      /* alone, too */
  assert_string_not_equal(one + 12, two + 12); /* and not those that they don't */
  assert_true(one[4] == '/' && one[11] == '/' && one[9] == '-');
  assert_true(isupper(one[5]) && islower(one[6]) && isdigit(one[10]));
  law_alias_free(a);
}

static void structure_of_filters_stays(void **state) {
  static const char *const kept[] = {"#", "+/+/#", "$SYS/#", "$share/+/x#", "//", ""};
  law_alias *a = fresh();
  (void)state;
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    char text[32];
    (void)snprintf(text, sizeof text, "%s", kept[i]);
    law_alias_topic(a, (uint8_t *)text, strlen(text));
    for (size_t k = 0; kept[i][k]; k++) {
      assert_true(kept[i][k] == text[k] || isalnum(kept[i][k]));
    }
  }
  char sys[] = "$SYS/broker", share[] = "$share/group/a";
  law_alias_topic(a, (uint8_t *)sys, strlen(sys));
  law_alias_topic(a, (uint8_t *)share, strlen(share));
  assert_memory_equal(sys, "$SYS/", 5);
  assert_memory_equal(share, "$share/", 7);
  law_alias_free(a);
}

static void short_names_are_never_shared(void **state) {
  law_alias *a = fresh();
  char seen[256] = {0};
  (void)state;
  for (char c = '0'; c <= '9'; c++) {
    uint8_t text = (uint8_t)c;
    law_alias_topic(a, &text, 1);
    assert_true(text >= '0' && text <= '9' && !seen[text]);
    seen[text] = 1;
  }
  law_alias_free(a);
}

static void utf8_stays_what_it_is(void **state) {
  /* e acute, the euro sign, an emoji; NUL, U+FEFF, an encoded surrogate, a cut sequence stay wrong
   * */
  static const uint8_t text[] = {0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0x00,
                                 0xef, 0xbb, 0xbf, 0xed, 0xa0, 0x80, 'a',  0xe2, 0x82};
  uint8_t copy[sizeof text];
  law_alias *a = fresh();
  (void)state;
  memcpy(copy, text, sizeof text);
  law_alias_topic(a, copy, sizeof copy);
  assert_memory_not_equal(copy, text, 9);
  assert_true((copy[0] & 0xe0) == 0xc0 && (copy[2] & 0xf0) == 0xe0 && (copy[5] & 0xf8) == 0xf0);
  assert_memory_equal(copy + 9, text + 9, 4); /* what means something itself */
  for (size_t i = 13; i < 16; i++) {
    assert_true(copy[i] >= 0xf8); /* no character begins so */
  }
  assert_true(copy[17] >= 0xf8 && copy[18] >= 0xf8);
  law_alias_free(a);
}

static unsigned shared_bits(const uint8_t *a, const uint8_t *b, unsigned len) {
  unsigned n = 0;
  while (n < len * 8 && ((a[n / 8] ^ b[n / 8]) >> (7 - n % 8) & 1) == 0) {
    n++;
  }
  return n;
}

static void addresses_keep_their_prefixes(void **state) {
  static const uint8_t all[][4] = {{203, 0, 113, 5}, {203, 0, 113, 77}, {203, 0, 99, 1},
                                   {10, 1, 2, 3},    {10, 1, 2, 200},   {192, 168, 4, 5},
                                   {8, 8, 8, 8},     {8, 8, 4, 4}};
  enum { NUM = sizeof all / sizeof *all };
  uint8_t now[NUM][4];
  law_alias *a = fresh();
  (void)state;
  memcpy(now, all, sizeof all);
  for (size_t i = 0; i < NUM; i++) {
    law_alias_ip(a, now[i], 4);
    assert_memory_not_equal(now[i] + 2, all[i] + 2, 2);
    for (size_t k = 0; k < i; k++) {
      assert_int_equal(shared_bits(now[i], now[k], 4), shared_bits(all[i], all[k], 4));
    }
  }
  assert_int_equal(now[3][0], 10);
  assert_int_equal(now[5][1], 168);
  law_alias_free(a);
}

static void addresses_of_nobody_stay(void **state) {
  uint8_t loopback[4] = {127, 0, 0, 1}, group[4] = {224, 0, 0, 251}, all[4] = {255, 255, 255, 255};
  uint8_t loopback6[16] = {[15] = 1}, link6[16] = {0xfe, 0x80, [15] = 9};
  law_alias *a = fresh();
  (void)state;
  law_alias_ip(a, loopback, 4);
  law_alias_ip(a, group, 4);
  law_alias_ip(a, all, 4);
  law_alias_ip(a, loopback6, 16);
  law_alias_ip(a, link6, 16);
  assert_true(loopback[0] == 127 && loopback[3] == 1 && group[3] == 251 && all[3] == 255);
  assert_true(loopback6[15] == 1 && link6[0] == 0xfe && link6[1] == 0x80 && link6[15] != 9);
  law_alias_free(a);
}

static void makers_of_hardware_stay_together(void **state) {
  uint8_t one[6] = {0, 0x1b, 0x21, 1, 2, 3}, two[6] = {0, 0x1b, 0x21, 9, 9, 9};
  uint8_t all[6] = {255, 255, 255, 255, 255, 255};
  law_alias *a = fresh();
  (void)state;
  law_alias_mac(a, one);
  law_alias_mac(a, two);
  law_alias_mac(a, all);
  assert_memory_equal(one, two, 3);
  assert_memory_not_equal(one + 3, two + 3, 3);
  assert_true((one[0] & 3) == 0 && all[0] == 255 && all[5] == 255);
  law_alias_free(a);
}

static void another_key_gives_other_names(void **state) {
  uint8_t other_key[LAW_ALIAS_KEY] = "another";
  law_alias *a = fresh(), *b = fresh(), *c = law_alias_new(other_key);
  char one[] = "livingroom", two[] = "livingroom", three[] = "livingroom";
  (void)state;
  law_alias_payload(a, (uint8_t *)one, 10);
  law_alias_payload(b, (uint8_t *)two, 10);
  law_alias_payload(c, (uint8_t *)three, 10);
  assert_string_equal(one, two);
  assert_string_not_equal(one, three);
  law_alias_free(a);
  law_alias_free(b);
  law_alias_free(c);
}

static void many_names_are_kept(void **state) {
  law_alias *a = fresh();
  char first[16] = "topic0000000", again[16] = "topic0000000";
  (void)state;
  law_alias_topic(a, (uint8_t *)first, 12);
  for (unsigned i = 1; i < 5000; i++) {
    char text[24];
    int len = snprintf(text, sizeof text, "topic%07u", i);
    law_alias_topic(a, (uint8_t *)text, (size_t)len);
  }
  law_alias_topic(a, (uint8_t *)again, 12);
  assert_string_equal(first, again);
  law_alias_free(a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_name_everywhere),
      cmocka_unit_test(structure_of_filters_stays),
      cmocka_unit_test(short_names_are_never_shared),
      cmocka_unit_test(utf8_stays_what_it_is),
      cmocka_unit_test(addresses_keep_their_prefixes),
      cmocka_unit_test(addresses_of_nobody_stay),
      cmocka_unit_test(makers_of_hardware_stay_together),
      cmocka_unit_test(another_key_gives_other_names),
      cmocka_unit_test(many_names_are_kept),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
