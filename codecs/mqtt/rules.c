#include "mqtt/rules.h"

typedef struct rule_row {
  law_status status;
  law_requirement requirement[3]; /* 5.0, 3.1.1, 3.1 */
} rule_row;

static const rule_row rules[LAW_MQTT_NUM_RULES] = {
    {LAW_OK, {LAW_R_NONE, LAW_R_NONE, LAW_R_NONE}},
#define RULE(NAME, STATUS, R5, R311, R31) {LAW_##STATUS, {LAW_R_##R5, LAW_R_##R311, LAW_R_##R31}},
#include "mqtt/rules.def"
#define CARRIES(NAME, PACKET, DUP, VALUE)                      \
  {LAW_PROTOCOL_ERROR, {LAW_R_##DUP, LAW_R_NONE, LAW_R_NONE}}, \
      {LAW_PROTOCOL_ERROR, {LAW_R_##VALUE, LAW_R_NONE, LAW_R_NONE}},
#include "mqtt/properties.def"
};

law_violation law_mqtt_violation_of(law_rule rule, uint8_t version, uint32_t offset) {
  size_t column = version == LAW_MQTT_5 ? 0 : version == LAW_MQTT_311 ? 1 : 2;
  law_violation v = {rules[rule].requirement[column], rules[rule].status, offset};
  return v;
}

typedef struct carried {
  uint8_t property;
  uint8_t scope;
  law_rule dup, value;
} carried;

/* The enum of scopes under the names that the rows use. */
enum { SCOPE_WILL = 0 };
#define SCOPE(PACKET) SCOPE_##PACKET
enum {
  SCOPE_CONNECT = LAW_MQTT_CONNECT,
  SCOPE_CONNACK = LAW_MQTT_CONNACK,
  SCOPE_PUBLISH = LAW_MQTT_PUBLISH,
  SCOPE_PUBACK = LAW_MQTT_PUBACK,
  SCOPE_PUBREC = LAW_MQTT_PUBREC,
  SCOPE_PUBREL = LAW_MQTT_PUBREL,
  SCOPE_PUBCOMP = LAW_MQTT_PUBCOMP,
  SCOPE_SUBSCRIBE = LAW_MQTT_SUBSCRIBE,
  SCOPE_SUBACK = LAW_MQTT_SUBACK,
  SCOPE_UNSUBACK = LAW_MQTT_UNSUBACK,
  SCOPE_DISCONNECT = LAW_MQTT_DISCONNECT,
  SCOPE_AUTH = LAW_MQTT_AUTH,
};

static const carried carries[] = {
#define CARRIES(NAME, PACKET, DUP, VALUE)                                    \
  {LAW_MQTT_P_##NAME, SCOPE(PACKET), LAW_MQTT_RULE_DUP_##NAME##_IN_##PACKET, \
   LAW_MQTT_RULE_VALUE_##NAME##_IN_##PACKET},
#include "mqtt/properties.def"
};

static const carried *find(uint8_t property, uint8_t scope) {
  for (size_t i = 0; i < sizeof carries / sizeof carries[0]; i++) {
    if (carries[i].property == property && carries[i].scope == scope) {
      return &carries[i];
    }
  }
  return NULL;
}

/* A row's rule, unless its requirement is NONE. */
static law_rule unless_none(law_rule rule) {
  return rules[rule].requirement[0] == LAW_R_NONE ? LAW_MQTT_RULE_NONE : rule;
}

law_rule law_mqtt_dup_rule(uint8_t property, uint8_t scope) {
  const carried *row = find(property, scope);
  return row == NULL ? LAW_MQTT_RULE_NONE : unless_none(row->dup);
}

law_rule law_mqtt_value_rule(uint8_t property, uint8_t scope) {
  const carried *row = find(property, scope);
  return row == NULL ? LAW_MQTT_RULE_NONE : unless_none(row->value);
}
