/* subscribe.h: SUBSCRIBE and UNSUBSCRIBE (3.8, 3.10). */
#ifndef LAW_PEERS_BROKER_SUBSCRIBE_H
#define LAW_PEERS_BROKER_SUBSCRIBE_H

#include "peers/broker/link.h"

void law_subscribe_in(law_link *c, const law_mqtt_message *m);
void law_unsubscribe_in(law_link *c, const law_mqtt_message *m);

#endif
