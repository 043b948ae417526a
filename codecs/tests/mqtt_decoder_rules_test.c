/* Every rule of the decoder, in every version that has it, is broken by a vector. The decoder is
 * compiled into this test with law_mqtt_violation_of renamed, so that each rule it names passes by
 * here. */
#include "mqtt/rules.h"

#undef law_mqtt_violation_of
#include "support.h"

law_violation law_mqtt_violation_of(law_rule rule, uint8_t version, uint32_t offset);
law_violation law_test_violation_of(law_rule rule, uint8_t version, uint32_t offset);

static bool broken[LAW_MQTT_NUM_RULES][LAW_MQTT_5 + 1];

law_violation law_test_violation_of(law_rule rule, uint8_t version, uint32_t offset) {
  broken[rule][version] = true;
  return law_mqtt_violation_of(rule, version, offset);
}

static const char *const names[LAW_MQTT_NUM_RULES] = {
    "none",
#define RULE(NAME, ...) #NAME,
#include "mqtt/rules.def"
#define CARRIES(NAME, PACKET, ...) #NAME " twice in " #PACKET, #NAME " value in " #PACKET,
#include "mqtt/properties.def"
};

static void break_all(void) {
  static subject s;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    for (unsigned side = 0; side < 2; side++) {
      if (v->num_packets == 0 && (v->sides >> side & 1) != 0) {
        examine(&s, v->variant, (law_side)side, law_vector_wire(v));
      }
    }
  }
}

static void every_rule_is_broken(void **state) {
  unsigned missing = 0, rules = 0;
  (void)state;
  break_all();
  for (law_rule rule = 1; rule < LAW_MQTT_NUM_RULES; rule++) {
    for (uint8_t version = LAW_MQTT_31; version <= LAW_MQTT_5; version++) {
      bool exists = law_mqtt_violation_of(rule, version, 0).requirement != LAW_R_NONE;
      rules += exists;
      /* This one is the other's name when a server sent the packet. */
      if (exists && !broken[rule][version] && rule != LAW_MQTT_RULE_PACKET_ID_ZERO_SERVER) {
        print_error("no vector breaks %s (%u) in version %u\n", names[rule], rule, version);
        missing++;
      }
    }
  }
  assert_true(rules > 150);
  assert_int_equal(missing, 0);
}

/* A rule that a version does not have is never named for it: that would be an objection without a
 * reason. */
static void no_rule_without_requirement(void **state) {
  (void)state;
  for (law_rule rule = 0; rule < LAW_MQTT_NUM_RULES; rule++) {
    for (uint8_t version = LAW_MQTT_31; version <= LAW_MQTT_5; version++) {
      if (broken[rule][version] &&
          law_mqtt_violation_of(rule, version, 0).requirement == LAW_R_NONE) {
        fail_msg("%s is no rule of version %u", names[rule], version);
      }
    }
  }
}

static law_status status_of(law_rule rule) {
  return law_mqtt_violation_of(rule, LAW_MQTT_5, 0).status;
}

static void statuses(void **state) {
  (void)state;
  for (law_rule rule = 1; rule < LAW_MQTT_NUM_RULES; rule++) {
    assert_true(status_of(rule) == LAW_MALFORMED || status_of(rule) == LAW_PROTOCOL_ERROR);
  }
  assert_int_equal(status_of(LAW_MQTT_RULE_NONE), LAW_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_is_broken),
                                     cmocka_unit_test(no_rule_without_requirement),
                                     cmocka_unit_test(statuses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
