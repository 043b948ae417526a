/* delivery.h: messages on their way to clients: routing, each session's queue, the flow control
 * of 4.9. */
#ifndef LAW_PEERS_BROKER_DELIVERY_H
#define LAW_PEERS_BROKER_DELIVERY_H

#include "peers/broker/internal.h"

/* Sends |m| to all sessions with a matching subscription, now or when they come back. |from| may
 * be NULL. Returns how many subscriptions matched. */
size_t law_route(law_broker *b, law_message *m, const law_session *from);
/* Sends |m|, a retained message, because of the subscription |sub|. */
void law_deliver_retained(law_subscription *sub, law_message *m);
/* Sends what waits in the queue, as far as the client takes it. */
void law_delivery_pump(law_session *s);
/* A shared QoS 1 message whose session ends goes to another member (4.8.2). */
void law_delivery_reassign(law_session *s);

/* FAULT_SHARED_QOS2_GIVEN_AWAY: unacknowledged QoS 2 messages of shares go to other members. */
void law_delivery_give_away(law_session *s);
/* FAULT_SHARED_REFUSED_TO_OTHER: so does the message that |s| refused. */
void law_deliver_refused(const law_session *s, const law_delivery *d);
/* FAULT_SHARED_OUTLIVES_MEMBERS: what a share left behind goes to its new member |sub|. */
void law_deliver_orphan(law_subscription *sub);

law_delivery *law_delivery_new(law_session *s, law_message *m, uint8_t qos);
/* Takes |d| out of the session and frees it. */
void law_delivery_free(law_session *s, law_delivery *d);
/* All of them. */
void law_delivery_clear(law_session *s);
/* FAULT_REORDER: the message that was held back goes on. */
void law_delivery_release_held(law_session *s);
void law_delivery_add_id(law_delivery *d, uint32_t id);

#endif
