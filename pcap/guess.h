/* guess.h: what traffic is that nobody here judges, so that it can be listed by name. */
#ifndef LAW_PCAP_GUESS_H
#define LAW_PCAP_GUESS_H

#include "pcap/reader.h"

/* One sentence without a full stop that begins with the name of the protocol, by |head|, the first
 * bytes of either end, and the ports of |flow|; or NULL when it is unknown. Lives for ever. */
const char *law_guess(const law_flow *flow, law_bytes head);

#endif
