/* quic.h: tells QUIC, which nobody here reads, from what can be read. */
#ifndef LAW_PCAP_QUIC_H
#define LAW_PCAP_QUIC_H

#include "core/types.h"

/* |head|, a flow's first datagram, is a QUIC packet with a long header (RFC 8999, 5.1): version 1
 * or 2, a draft, a negotiation or an experiment. A flow that began before the capture has only
 * short headers, which look like anything. */
bool law_quic_detect(law_bytes head);

#endif
