/* rules.h: the decoder's checks by number, and what each means in each version. */
#ifndef LAW_MQTT_RULES_H
#define LAW_MQTT_RULES_H

#include "mqtt/mqtt.h"

/* Number 0 is "none". The rules of CARRIES rows follow those of rules.def: dup, then value. */
enum law_mqtt_rule {
  LAW_MQTT_RULE_NONE,
#define RULE(NAME, ...) LAW_MQTT_RULE_##NAME,
#include "mqtt/rules.def"
#define CARRIES(NAME, PACKET, ...) \
  LAW_MQTT_RULE_DUP_##NAME##_IN_##PACKET, LAW_MQTT_RULE_VALUE_##NAME##_IN_##PACKET,
#include "mqtt/properties.def"
  LAW_MQTT_NUM_RULES
};

/* What a rule stands for in a version; status LAW_OK for none. */
law_violation law_mqtt_violation_of(law_rule rule, uint8_t version, uint32_t offset);

/* The rules of one property in one packet's list (0: the will's). 0 when the text has none. */
law_rule law_mqtt_dup_rule(uint8_t property, uint8_t scope);
law_rule law_mqtt_value_rule(uint8_t property, uint8_t scope);

#endif
