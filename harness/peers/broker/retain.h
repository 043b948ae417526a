/* retain.h: retained messages (3.3.1.3). */
#ifndef LAW_PEERS_BROKER_RETAIN_H
#define LAW_PEERS_BROKER_RETAIN_H

#include "peers/broker/internal.h"

/* Takes |m|, published with RETAIN 1, as the retained message of its topic; an empty payload
 * removes what is there. False when the broker holds too many. */
bool law_retain(law_broker *b, law_message *m);
/* Sends the retained messages that match the new subscription |sub|. */
void law_retain_send(law_subscription *sub);

#endif
