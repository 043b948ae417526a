#include "monitors/mqtt/rules.h"

#include "mqtt/mqtt.h"

static const law_requirement requirements[LAW_MQTT_NUM_OBJECTIONS][3] = {
#define RULE(NAME, R5, R311, R31) {LAW_R_##R5, LAW_R_##R311, LAW_R_##R31},
#include "monitors/mqtt/rules.def"
};

law_requirement law_mqtt_requirement_of(law_mqtt_objection objection, uint8_t version) {
  switch (version) {
    case LAW_MQTT_5:
      return requirements[objection][0];
    case LAW_MQTT_311:
      return requirements[objection][1];
    case LAW_MQTT_31:
      return requirements[objection][2];
    default:
      return LAW_R_NONE;
  }
}
