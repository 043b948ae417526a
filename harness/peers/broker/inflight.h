/* inflight.h: QoS 1 and QoS 2 flows towards a client: packet identifiers, acknowledgements, what
 * is sent again when a session is taken up (4.3, 4.4). */
#ifndef LAW_PEERS_BROKER_INFLIGHT_H
#define LAW_PEERS_BROKER_INFLIGHT_H

#include "peers/broker/link.h"

/* Moves |d| from the queue to what is in flight, with an unused packet identifier if it has
 * none. */
void law_in_flight(law_session *s, law_delivery *d);
/* What the client's receive maximum leaves. */
bool law_in_flight_room(const law_session *s);

/* Packets from the client. False after a protocol error, which was answered. */
bool law_in_flight_puback(law_link *c, const law_mqtt_message *m);
bool law_in_flight_pubrec(law_link *c, const law_mqtt_message *m);
bool law_in_flight_pubcomp(law_link *c, const law_mqtt_message *m);

/* The session was taken up by |c|: unacknowledged PUBLISH packets go back to the head of the
 * queue, PUBREL packets are sent again. */
void law_in_flight_resend(law_link *c);

#endif
