/* What captures of our own runs say of their connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/known.h"

static void test_what_is_printed_is_read(void **state) {
  (void)state;
  law_known known = {.variant = "mqtt5", .judged = LAW_CLIENT, .websocket = true, .world = 77};
  law_known back;
  char text[LAW_KNOWN_TEXT];
  law_known_print(&known, text);
  assert_string_equal(text, "wirelaw: protocol=mqtt5 transport=ws judged=client world=77");
  assert_true(law_known_parse(law_bytes_of(text, strlen(text)), &back));
  assert_string_equal(back.variant, "mqtt5");
  assert_int_equal(back.judged, LAW_CLIENT);
  assert_true(back.websocket);
  assert_false(back.ciphertext);
  assert_int_equal(back.world, 77);
  known.ciphertext = true;
  law_known_print(&known, text);
  assert_string_equal(text, "wirelaw: protocol=mqtt5 transport=tls judged=client world=77");
  assert_true(law_known_parse(law_bytes_of(text, strlen(text)), &back));
  assert_true(back.ciphertext);
}

static void test_other_comments_are_none(void **state) {
  (void)state;
  static const char *const others[] = {"", "wirelaw", "a comment", "wirelaw: protocol=mqtt5",
                                       "wirelaw: protocol=mqtt5 transport=ws judged=client world="};
  law_known known;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    assert_false(law_known_parse(law_bytes_of(others[i], strlen(others[i])), &known));
  }
  char text[2 * LAW_KNOWN_TEXT];
  memset(text, 'a', sizeof text);
  assert_false(law_known_parse(law_bytes_of(text, sizeof text), &known));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_printed_is_read),
      cmocka_unit_test(test_other_comments_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
