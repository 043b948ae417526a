/* connect.h: CONNECT and what follows from it: checks, session, CONNACK (3.1, 3.2). */
#ifndef LAW_PEERS_BROKER_CONNECT_H
#define LAW_PEERS_BROKER_CONNECT_H

#include "peers/broker/link.h"

/* The first packet of a connection. */
void law_connect_in(law_link *c, const law_mqtt_message *m, law_bytes wire);
/* Everything is checked, enhanced authentication included: the session begins or goes on.
 * |data|: last Authentication Data, or empty. */
void law_connect_accept(law_link *c, const law_mqtt_message *m, law_bytes data);
/* A first packet that the decoder refused: unknown levels get the answer that they understand,
 * 5.0 is told the reason, 3.1.1 nothing. */
void law_connect_malformed(law_link *c, law_bytes wire, law_requirement broken, uint8_t reason);

#endif
