/* accept.h: the generated faults "accept:<requirement>": a packet that breaks a decoder rule is taken as if
 * nothing were wrong with it. */
#ifndef LAW_PEERS_BROKER_ACCEPT_H
#define LAW_PEERS_BROKER_ACCEPT_H

#include "peers/broker/link.h"

/* Answers the packet as a good one of its type is answered. Nothing of its content is used. */
void law_accept_bad(law_link *c, law_bytes wire);

#endif
