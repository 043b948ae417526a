/* publish_out.h: the PUBLISH packet that carries a message to a client. */
#ifndef LAW_PEERS_BROKER_PUBLISH_OUT_H
#define LAW_PEERS_BROKER_PUBLISH_OUT_H

#include "peers/broker/link.h"

/* Sends |d|. False when it is too large for the client and was not sent. */
bool law_publish_out(law_link *c, law_delivery *d);

#endif
