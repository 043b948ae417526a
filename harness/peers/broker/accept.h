/* accept.h: the generated faults "accept:<requirement>": a packet that breaks a decoder rule is
 * taken as if nothing were wrong with it. */
#ifndef LAW_PEERS_BROKER_ACCEPT_H
#define LAW_PEERS_BROKER_ACCEPT_H

#include "peers/broker/link.h"

/* What faults make of a packet that breaks |found|. 5.0 leaves it to a server how strictly it
 * checks packets other than CONNECT (4.13.1): there the defect is to report the violation and
 * not to close. */
typedef enum law_tolerance { LAW_REFUSE, LAW_TAKE, LAW_REPORT } law_tolerance;
law_tolerance law_tolerance_of(const law_link *c, law_requirement found);
/* Answers the packet as a good one of its type is answered. Nothing of its content is used. */
void law_accept_bad(law_link *c, law_bytes wire);

#endif
