/* disguise.h: the headers of a captured packet with other addresses in them. Ports, sequence
 * numbers, flags and lengths stay; checksums that were right are right again. */
#ifndef LAW_PCAP_DISGUISE_H
#define LAW_PCAP_DISGUISE_H

#include "pcap/alias.h"
#include "pcap/ip.h"
#include "pcap/source.h"

/* What of a packet is what. Offsets count from its first captured byte. */
typedef struct law_layout {
  uint32_t link_len;    /* the IP packet begins here; 0 with |what|: nobody knows */
  uint32_t payload_at;  /* of TCP or UDP */
  uint32_t payload_len; /* captured bytes of it */
  bool tcp, syn;
  uint32_t seq;
  law_ip ip;       /* views into the packet */
  uint32_t ip_end; /* captured bytes behind it are padding of the link layer */
  bool sum_right, ip_sum_right;
  const char *what; /* NULL, or why its payload is not read: a text that lives for ever */
} law_layout;

void law_layout_read(const law_packet *packet, law_layout *out);

/* Changes the headers in |bytes|, a copy of the packet. Bytes that are no header and no payload
 * become zero. Returns how many of its bytes may stay: those of headers that are known, and the
 * payload. */
uint32_t law_disguise(law_alias *a, const law_packet *packet, const law_layout *layout,
                      uint8_t *bytes);
/* Repairs the checksums that were right, when |captured| bytes of it stay. */
void law_disguise_sums(const law_layout *layout, uint8_t *bytes, uint32_t captured);

#endif
