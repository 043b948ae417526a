/* will.h: will messages (3.1.2.5; 5.0 section 3.1.3.2). */
#ifndef LAW_PEERS_BROKER_WILL_H
#define LAW_PEERS_BROKER_WILL_H

#include "peers/broker/internal.h"

/* Takes the will of an accepted CONNECT, or none, as the session's. */
void law_will_set(law_session *s, const law_mqtt_message *connect);
/* Client said it closes normally: it is dropped. */
void law_will_drop(law_session *s);
/* Publishes it now, if there is one. */
void law_will_publish(law_session *s);
/* The connection ended: publishes it now or after its delay. */
void law_will_start(law_session *s);
/* A new connection takes the session up before the delay has passed: it is not sent. */
void law_will_cancel(law_session *s);

#endif
