/* Each rule: a conversation that breaks it in the marked line, and its valid neighbour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_rule), cmocka_unit_test(other_side)};
  return cmocka_run_group_tests_name("mqtt_rules_test", tests, NULL, NULL);
}
