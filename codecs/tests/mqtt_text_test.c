/* Topic names and filters: the examples of 4.7 and 4.8, and some that follow from them. */
#include "support.h"

static law_bytes str(const char *text) { return law_bytes_of(text, strlen(text)); }

static void matching(void **state) {
  static const struct {
    const char *filter, *topic;
    bool matches;
  } rows[] = {
      /* 4.7.1.2 */
      {"sport/tennis/player1/#", "sport/tennis/player1", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
      {"sport/tennis/player1/#", "sport/tennis/player2", false},
      {"sport/tennis/player1/#", "sport/tennis", false},
      {"sport/tennis/player1/#", "sport/tennis/player10", false},
      {"sport/#", "sport", true},
      {"sport/#", "sport/", true},
      {"sport/#", "sports", false},
      {"#", "a", true},
      {"#", "/", true},
      {"#", "a/b/c", true},
      /* 4.7.1.3 */
      {"sport/tennis/+", "sport/tennis/player1", true},
      {"sport/tennis/+", "sport/tennis/player2", true},
      {"sport/tennis/+", "sport/tennis/player1/ranking", false},
      {"sport/+", "sport", false},
      {"sport/+", "sport/", true},
      {"+", "sport", true},
      {"+", "/finance", false},
      {"+/tennis/#", "x/tennis", true},
      {"+/tennis/#", "x/tennis/y/z", true},
      {"+/tennis/#", "tennis", false},
      {"sport/+/player1", "sport/tennis/player1", true},
      {"sport/+/player1", "sport//player1", true},
      {"sport/+/player1", "sport/player1", false},
      {"+/+", "/finance", true},
      {"/+", "/finance", true},
      {"+/+", "a/b", true},
      {"+/+", "a", false},
      {"+/+", "a/b/c", false},
      {"+/#", "a", true},
      {"+/#", "a/b", true},
      /* 4.7.2 */
      {"#", "$SYS/monitor/Clients", false},
      {"+/monitor/Clients", "$SYS/monitor/Clients", false},
      {"+/#", "$SYS", false},
      {"+", "$SYS", false},
      {"$SYS/#", "$SYS/monitor/Clients", true},
      {"$SYS/#", "$SYS", true},
      {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
      {"a/+", "a/$SYS", true},
      {"a/#", "a/$SYS/b", true},
      /* 4.7.3 */
      {"ACCOUNTS", "Accounts", false},
      {"Accounts payable", "Accounts payable", true},
      {"/finance", "finance", false},
      {"finance", "finance/", false},
      {"finance/", "finance", false},
      {"/", "/", true},
      {"//", "//", true},
      {"/", "//", false},
      {"a//b", "a//b", true},
      {"a//b", "a/b", false},
      {"a/b", "a/bc", false},
      {"a/bc", "a/b", false},
      {"\xef\xbb\xbf", "", false},
      {"\xc3\x85", "A\xcc\x8a", false}, /* not normalized */
      {"", "a", false},
      {"a", "", false},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t *filter = exact_copy(str(rows[i].filter)), *topic = exact_copy(str(rows[i].topic));
    bool matches = law_mqtt_topic_matches(law_bytes_of(filter, strlen(rows[i].filter)),
                                          law_bytes_of(topic, strlen(rows[i].topic)));
    if (matches != rows[i].matches) {
      fail_msg("\"%s\" %s \"%s\"", rows[i].filter, matches ? "matches" : "does not match",
               rows[i].topic);
    }
    free(filter);
    free(topic);
  }
}

static void filters(void **state) {
  static const char *const good[] = {"#",          "+",     "/",          "a/#",    "+/+",
                                     "/+",         "a/+/#", "$share/g/a", "$share", "$share/g/#",
                                     "$share/g//", "a b",   "$"};
  static const char *const bad[] = {
      "",        "a#",       "#/a",       "a/#/b",     "a+",         "+a",         "a/b+",
      "$share/", "$share/g", "$share/g/", "$share//a", "$share/+/a", "$share/#/a", "$share/g/a#"};
  (void)state;
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    if (!law_mqtt_filter_valid(str(good[i]))) {
      fail_msg("\"%s\" is a Topic Filter", good[i]);
    }
  }
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (law_mqtt_filter_valid(str(bad[i]))) {
      fail_msg("\"%s\" is no Topic Filter", bad[i]);
    }
  }
}

static void names(void **state) {
  (void)state;
  assert_true(law_mqtt_topic_name_valid(str("a/b")));
  assert_true(law_mqtt_topic_name_valid(str("/")));
  assert_true(law_mqtt_topic_name_valid(str("$share/g/a")));
  assert_false(law_mqtt_topic_name_valid(str("")));
  assert_false(law_mqtt_topic_name_valid(str("a/+")));
  assert_false(law_mqtt_topic_name_valid(str("a#")));
}

static void shared(void **state) {
  law_bytes group, filter;
  (void)state;
  assert_true(law_mqtt_shared(str("$share/consumer1//finance"), &group, &filter));
  assert_memory_equal(group.data, "consumer1", group.len);
  assert_int_equal(group.len, 9);
  assert_memory_equal(filter.data, "/finance", filter.len);
  assert_int_equal(filter.len, 8);
  static const char *const others[] = {"$share",      "$share/",    "$share/g",   "$share/g/",
                                       "$shared/g/a", "a/$share/g", "$SHARE/g/a", ""};
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    assert_false(law_mqtt_shared(str(others[i]), &group, &filter));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(matching), cmocka_unit_test(filters),
                                     cmocka_unit_test(names), cmocka_unit_test(shared)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
