/* rules.h: names of what the monitor objects to; see rules.def. */
#ifndef LAW_MONITORS_MQTT_RULES_H
#define LAW_MONITORS_MQTT_RULES_H

#include "core/types.h"

typedef enum law_mqtt_objection {
#define RULE(NAME, R5, R311, R31) LAW_MQTT_OBJECT_##NAME,
#include "monitors/mqtt/rules.def"
  LAW_MQTT_NUM_OBJECTIONS,
} law_mqtt_objection;

/* The requirement in |version| (LAW_MQTT_31, _311, _5); LAW_R_NONE when it has none. */
law_requirement law_mqtt_requirement_of(law_mqtt_objection objection, uint8_t version);

#endif
