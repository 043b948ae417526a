/* ip.h: IPv4 (RFC 791) and IPv6 (RFC 8200) headers, with options and extension headers. */
#ifndef LAW_PCAP_IP_H
#define LAW_PCAP_IP_H

#include "pcap/link.h"

enum { LAW_IP_TCP = 6, LAW_IP_UDP = 17 };

typedef struct law_ip {
  const uint8_t *source, *target; /* addresses in the packet */
  uint8_t address_len;            /* 4 or 16 */
  uint8_t protocol;               /* of the payload; of a fragment that is not the first: as its
                                     fragment header says */
  bool fragment;                  /* |payload| is a part of the datagram's */
  bool more;                      /* others follow */
  uint32_t id, offset;            /* of a fragment; |offset| in bytes */
  law_slice payload;
} law_ip;

/* Reads the headers of the IP packet |s|. A total length of 0, which segmentation offload leaves,
 * means all that there is; what the link layer padded is left out. Returns NULL, or why the packet
 * cannot be read: a text that lives for ever. */
const char *law_ip_open(law_slice s, law_ip *out);

/* Goes on with the extension headers of a datagram that was put together from fragments. As
 * law_ip_open. */
const char *law_ip_open_rest(law_ip *ip);

/* What |protocol| is, if nobody here reads it. */
const char *law_ip_other(uint8_t protocol);

#endif
