/* publish_in.h: PUBLISH from a client: topic aliases, QoS 1 and 2 as the receiver (3.3, 4.3). */
#ifndef LAW_PEERS_BROKER_PUBLISH_IN_H
#define LAW_PEERS_BROKER_PUBLISH_IN_H

#include "peers/broker/link.h"

void law_publish_in(law_link *c, const law_mqtt_message *m);
void law_pubrel_in(law_link *c, const law_mqtt_message *m);

#endif
