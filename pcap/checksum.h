/* checksum.h: the checksums of IPv4, TCP and UDP (RFC 1071), of packets that were captured whole. */
#ifndef LAW_PCAP_CHECKSUM_H
#define LAW_PCAP_CHECKSUM_H

#include "pcap/ip.h"

/* |ip| as law_ip_open read it from |packet|. NULL, or which checksum is wrong. What was cut short,
 * and a UDP datagram without a checksum, is not. */
const char *law_checksum_wrong(const law_ip *ip, law_slice packet);

#endif
