/* dispatch.h: packets that come in: to whom they go, and what happens with those that break a
 * rule (5.0 section 4.13, 3.1.1 section 4.8). */
#ifndef LAW_PEERS_BROKER_DISPATCH_H
#define LAW_PEERS_BROKER_DISPATCH_H

#include "peers/broker/link.h"

void law_dispatch(law_link *c, const law_event *event);

#endif
