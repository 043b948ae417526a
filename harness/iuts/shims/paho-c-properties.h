/* The properties of a command as Paho C wants them. Names are the specification's, with underscores. */
#ifndef WIRELAW_PAHO_C_PROPERTIES_H
#define WIRELAW_PAHO_C_PROPERTIES_H

#include "upper-tester.h"
#include <MQTTProperties.h>
#include <strings.h>

static inline int property_code(const char *name) {
  for (int code = 1; code < 43; code++) {
    const char *known = MQTTPropertyName((enum MQTTPropertyCodes)code);
    if (known && strcasecmp(known, name) == 0) return code;
  }
  return 0;
}

static inline MQTTLenString len_string(const cJSON *item) {
  char *value = cJSON_IsString(item) ? item->valuestring : "";
  return (MQTTLenString){(int)strlen(value), value};
}

static inline void add_property(MQTTProperties *list, int code, const cJSON *item) {
  MQTTProperty one = {.identifier = (enum MQTTPropertyCodes)code};
  switch (MQTTProperty_getType(one.identifier)) {
    case MQTTPROPERTY_TYPE_BYTE:
      one.value.byte = (unsigned char)(cJSON_IsTrue(item) ? 1 : item->valueint);
      break;
    case MQTTPROPERTY_TYPE_TWO_BYTE_INTEGER:
      one.value.integer2 = (unsigned short)item->valueint;
      break;
    case MQTTPROPERTY_TYPE_FOUR_BYTE_INTEGER:
    case MQTTPROPERTY_TYPE_VARIABLE_BYTE_INTEGER:
      one.value.integer4 = (unsigned)item->valuedouble;
      break;
    case MQTTPROPERTY_TYPE_UTF_8_STRING_PAIR:
      one.value.data = len_string(cJSON_GetArrayItem(item, 0));
      one.value.value = len_string(cJSON_GetArrayItem(item, 1));
      break;
    default:
      one.value.data = len_string(item);
  }
  MQTTProperties_add(list, &one); /* copies */
}

static inline MQTTProperties properties(const cJSON *command) {
  MQTTProperties list = MQTTProperties_initializer;
  const cJSON *item, *pair, *given = cJSON_GetObjectItem(command, "properties");
  cJSON_ArrayForEach(item, given) {
    int code = property_code(item->string);
    if (code != MQTTPROPERTY_CODE_USER_PROPERTY) {
      if (code) add_property(&list, code, item);
      continue;
    }
    cJSON_ArrayForEach(pair, item) add_property(&list, code, pair);
  }
  return list;
}

#endif
