/* headers.h: the headers of a packet, from the link layer to the ports, before anything is done
 * about it. */
#ifndef LAW_PCAP_HEADERS_H
#define LAW_PCAP_HEADERS_H

#include "pcap/flow.h"
#include "pcap/ip.h"
#include "pcap/source.h"

typedef struct law_headers {
  const char *unread;    /* why the packet is not read; NULL: |ip| holds it */
  law_ip ip;
  bool keyed;            /* |key| and |hash| are set: TCP or UDP, and no fragment */
  law_flow_key key;
  uint32_t hash;
  law_flow_entry *guess; /* perhaps its flow; NULL: nobody looked, or there is none */
} law_headers;

/* |checksums|: wrong ones make the packet unread. */
void law_headers_read(law_headers *h, const law_flows *flows, const law_packet *packet,
                      bool checksums);
/* Sets the key of a datagram that was put together from fragments. */
void law_headers_set_key(law_headers *h, const law_flows *flows);

#endif
