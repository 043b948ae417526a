/* auth.h: enhanced authentication (5.0 section 4.12) by the method "wirelaw-echo": the server's
 * AUTH carries a challenge, and the client's must carry the same bytes. */
#ifndef LAW_PEERS_BROKER_AUTH_H
#define LAW_PEERS_BROKER_AUTH_H

#include "peers/broker/link.h"

/* A CONNECT with an Authentication Method. */
void law_auth_begin(law_link *c, const law_mqtt_message *m, law_bytes wire);
void law_auth_in(law_link *c, const law_mqtt_message *m);

#endif
