/* Every rule of the decoder is broken by a vector. The decoder is compiled into this test with
 * law_coap_violation_of renamed, so that each rule it names passes by here. */
#include "coap/tables.h"

#undef law_coap_violation_of
#include "support.h"

law_violation law_coap_violation_of(law_rule rule, uint32_t offset);
law_violation law_test_violation_of(law_rule rule, uint32_t offset);

static bool broken[LAW_COAP_NUM_RULES];

law_violation law_test_violation_of(law_rule rule, uint32_t offset) {
  broken[rule] = true;
  return law_coap_violation_of(rule, offset);
}

static const char *const names[LAW_COAP_NUM_RULES] = {
    "none",
#define RULE(NAME, ...) #NAME,
#include "coap/rules.def"
};

static void every_rule_is_broken(void **state) {
  unsigned missing = 0;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    law_coap_message message;
    law_violation violation;
    (void)law_coap_decode(law_vector_wire(&law_vectors[i]), &message, &violation);
  }
  for (law_rule rule = 1; rule < LAW_COAP_NUM_RULES; rule++) {
    law_violation v = law_coap_violation_of(rule, 0);
    assert_true(v.status == LAW_MALFORMED || v.status == LAW_PROTOCOL_ERROR);
    assert_int_not_equal(v.requirement, LAW_R_NONE);
    if (!broken[rule]) {
      print_error("no vector breaks %s\n", names[rule]);
      missing++;
    }
  }
  assert_int_equal(missing, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_is_broken)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
