/* world.h: what the connections of one server have in common: sessions, and messages under way.
 * Meaningful only when every connection of the server is observed. */
#ifndef LAW_MONITORS_MQTT_WORLD_H
#define LAW_MONITORS_MQTT_WORLD_H

#include "monitors/mqtt/monitor.h"

struct law_mqtt_world {
  law_side judged;
};

/* Each does nothing when |c| has no world. */
void law_mqtt_world_connect(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_world_connack(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_world_closed(law_mqtt_monitor *c, law_side from, uint64_t now);
void law_mqtt_world_publish(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_world_deliver(law_mqtt_monitor *c, const law_mqtt_packet *p,
                            const law_mqtt_verdict *v, uint64_t topic);

#endif
