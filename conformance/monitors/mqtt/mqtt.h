/* mqtt.h: MQTT as all tools use it: codec and monitor. */
#ifndef LAW_MONITORS_MQTT_MQTT_H
#define LAW_MONITORS_MQTT_MQTT_H

#include "core/protocol.h"

extern const law_protocol law_mqtt;

#endif
