/* Each rule: a conversation that breaks it in the marked line, and its valid neighbour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitors/judge.h"
#include "monitors/mqtt/mqtt.h"
#include "monitors/mqtt/tests/rule_cases.h"
#include "monitors/mqtt/tests/talk.h"

static talk conversation;
static talk_result result;

static void run(const rule_case *r, const char *text, law_side judged) {
  talk_options options = talk_whole;
  options.judged = judged;
  options.has_world = r->has_world;
  talk_read(&conversation, r->variant, text);
  talk_run(&conversation, &options, &result);
}

static size_t marked_line(void) {
  for (size_t i = 0; i < conversation.num; i++) {
    if (conversation.lines[i].marked) {
      return i;
    }
  }
  fail_msg("no line is marked");
  return 0;
}

static void check_broken(const rule_case *r) {
  run(r, r->broken, r->judged);
  if (result.num != 1 || result.found[0].line != marked_line() ||
      result.found[0].violation.requirement != r->requirement) {
    printf("%s: %s\n", law_requirement_name(r->requirement), r->broken);
    talk_print(&conversation, &result);
    fail_msg("%zu violations, wanted this one in line %zu", result.num, marked_line());
  }
  assert_int_equal(result.found[0].violation.status, LAW_PROTOCOL_ERROR);
}

static void check_valid(const rule_case *r, law_side judged) {
  run(r, r->valid, judged);
  if (result.num != 0) {
    printf("neighbour of %s: %s\n", law_requirement_name(r->requirement), r->valid);
    talk_print(&conversation, &result);
    fail_msg("a violation in a valid conversation");
  }
}

static void each_rule(void **state) {
  (void)state;
  for (size_t i = 0; i < num_rule_cases; i++) {
    check_broken(&rule_cases[i]);
    check_valid(&rule_cases[i], LAW_CLIENT);
    check_valid(&rule_cases[i], LAW_SERVER);
  }
  print_message("%zu rules\n", num_rule_cases);
}

/* The other side's fault is not the judged one's. */
static void other_side(void **state) {
  (void)state;
  for (size_t i = 0; i < num_rule_cases; i++) {
    const rule_case *r = &rule_cases[i];
    run(r, r->broken, r->judged == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT);
    for (size_t k = 0; k < result.num; k++) {
      size_t line = result.found[k].line;
      if (line == marked_line() && conversation.lines[line].kind == TALK_PACKET) {
        printf("%s: %s\n", law_requirement_name(r->requirement), r->broken);
        talk_print(&conversation, &result);
        fail_msg("the wrong side is blamed");
      }
    }
  }
}

static void count(void *user, const law_judged *judged) {
  size_t *num = (size_t *)user;
  if (judged->from == LAW_CLIENT) {
    *num += judged->findings->num;
  }
}

/* The findings of a client that sent |answer|, after a CONNECT and after what the server said. */
static size_t num_found(law_bytes said, law_bytes answer) {
  static const uint8_t connect[] = {0x10, 0x0d, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 1, 'a'};
  static const uint8_t connack[] = {0x20, 2, 0, 0};
  law_judge judge;
  uint8_t tails[2][64];
  size_t num = 0;
  void *monitor = malloc(law_mqtt.connection_size);
  assert_non_null(monitor);
  law_mqtt.connection_init(monitor, NULL, LAW_CLIENT, true);
  law_judge_init(&judge, &law_mqtt, monitor, tails[0], tails[1], sizeof tails[0], count, &num);
  law_judge_push(&judge, LAW_CLIENT, 0, law_bytes_of(connect, sizeof connect));
  law_judge_push(&judge, LAW_SERVER, 1, law_bytes_of(connack, sizeof connack));
  law_judge_push(&judge, LAW_SERVER, 2, said);
  law_judge_push(&judge, LAW_CLIENT, 3, answer);
  free(monitor);
  return num;
}

/* An identifier 0 that repeats one of the other side is that side's fault. */
static void echo_of_zero(void **state) {
  static const uint8_t pubrel[] = {0x62, 2, 0, 0}, pubcomp[] = {0x70, 2, 0, 0};
  static const uint8_t publish[] = {0x32, 5, 0, 1, 'a', 0, 0}, puback[] = {0x40, 2, 0, 0};
  static const uint8_t good[] = {0x32, 5, 0, 1, 'a', 0, 9};
  (void)state;
  law_bytes zero = law_bytes_of(pubcomp, sizeof pubcomp);
  assert_int_equal(num_found(law_bytes_of(pubrel, sizeof pubrel), zero), 0);
  assert_int_equal(num_found(law_bytes_of(NULL, 0), zero), 1);
  zero = law_bytes_of(puback, sizeof puback);
  assert_int_equal(num_found(law_bytes_of(publish, sizeof publish), zero), 0);
  assert_int_equal(num_found(law_bytes_of(good, sizeof good), zero), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_rule), cmocka_unit_test(other_side),
                                     cmocka_unit_test(echo_of_zero)};
  return cmocka_run_group_tests_name("mqtt_rules_test", tests, NULL, NULL);
}
