/* rule_cases.h: for each rule of the monitor a conversation that breaks it, and its valid
 * neighbour. */
#ifndef LAW_MONITORS_MQTT_RULE_CASES_H
#define LAW_MONITORS_MQTT_RULE_CASES_H

#include "core/types.h"

typedef struct rule_case {
  law_requirement requirement;
  const char *variant;
  law_side judged;
  bool has_world;
  const char *broken; /* "!" marks the packet that breaks it */
  const char *valid;
} rule_case;

extern const rule_case rule_cases[];
extern const size_t num_rule_cases;

#endif
