#include "mqtt/names.h"

const law_name law_mqtt_reason_names[] = {
#define REASON(CODE, NAME, PACKETS) {CODE, PACKETS, NAME},
#include "mqtt/reasons.def"
    {0, 0, NULL},
};

/* CONNACK return codes of 3.1.1, table 3.1. */
const law_name law_mqtt_return_code_names[] = {
    {0, 0, "Connection Accepted"},
    {1, 0, "Unacceptable protocol version"},
    {2, 0, "Identifier rejected"},
    {3, 0, "Server unavailable"},
    {4, 0, "Bad user name or password"},
    {5, 0, "Not authorized"},
    {0, 0, NULL},
};

static const char *name_in(const law_name *names, uint32_t value, uint8_t type) {
  for (; names->name != NULL; names++) {
    if (names->value == value && (names->scope == 0 || (names->scope >> type & 1) != 0)) {
      return names->name;
    }
  }
  return NULL;
}

bool law_mqtt_reason_allowed(uint8_t type, uint8_t reason) {
  /* Every packet that has a reason code has 0x00, and it is nearly all that is ever sent. */
  if (LAW_LIKELY(reason == 0)) {
    return true;
  }
  return name_in(law_mqtt_reason_names, reason, type) != NULL;
}

const char *law_mqtt_reason_name(uint8_t type, uint8_t version, uint8_t reason) {
  const law_name *names = law_mqtt_reason_names;
  if (version != LAW_MQTT_5 && type == LAW_MQTT_CONNACK) {
    names = law_mqtt_return_code_names;
  }
  const char *name = name_in(names, reason, type);
  return name != NULL ? name : "unassigned";
}

const char *law_mqtt_type_name(uint8_t type) {
  const law_type *t = type < 16 ? law_mqtt_types_by_code[type] : NULL;
  return t != NULL ? t->name : "reserved";
}
