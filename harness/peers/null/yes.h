/* yes.h: the null peer that says yes: every packet gets the acknowledgement of success that a
 * good packet of its type would get, whatever is in it. */
#ifndef LAW_PEERS_NULL_YES_H
#define LAW_PEERS_NULL_YES_H

#include "net/net.h"

void law_yes(law_net *net, const law_event *event);

#endif
