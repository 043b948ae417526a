#include "monitors/mqtt/world.h"

void law_mqtt_world_connect(law_mqtt_monitor *c, const law_mqtt_packet *p) { (void)c; (void)p; }
void law_mqtt_world_connack(law_mqtt_monitor *c, const law_mqtt_packet *p) { (void)c; (void)p; }
void law_mqtt_world_closed(law_mqtt_monitor *c, law_side from, uint64_t now) { (void)c; (void)from; (void)now; }
void law_mqtt_world_publish(law_mqtt_monitor *c, const law_mqtt_packet *p) { (void)c; (void)p; }
void law_mqtt_world_deliver(law_mqtt_monitor *c, const law_mqtt_packet *p,
                            const law_mqtt_verdict *v, uint64_t topic) { (void)c; (void)p; (void)v; (void)topic; }
