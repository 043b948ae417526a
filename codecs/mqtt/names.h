/* names.h: what codes are called. */
#ifndef LAW_MQTT_NAMES_H
#define LAW_MQTT_NAMES_H

#include "mqtt/mqtt.h"

extern const law_name law_mqtt_reason_names[];      /* 5.0; scope: bit per packet type */
extern const law_name law_mqtt_return_code_names[]; /* CONNACK of 3.1.1 */

/* The descriptor of each packet type by its code; NULL at 0. */
extern const law_type *const law_mqtt_types_by_code[16];

#endif
