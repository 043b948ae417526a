/* dtls.h: reads captured DTLS 1.2 (RFC 6347, with connection ids of RFC 9146) where its secrets are
 * at hand. Of DTLS 1.0 and 1.3 it says that they cannot be read.
 *
 * One law_pcap_dtls reads one UDP flow, datagram by datagram, lost, repeated and reordered ones
 * among them. A record that was seen already gives nothing (RFC 6347, 4.1.2.6). See tls.h. */
#ifndef LAW_PCAP_DTLS_H
#define LAW_PCAP_DTLS_H

#include "pcap/tls.h"

typedef struct law_pcap_dtls law_pcap_dtls;

/* As law_pcap_tls_new. The sink's |gap| is called for records that came and could not be read;
 * nobody knows of datagrams that did not come. */
law_pcap_dtls *law_pcap_dtls_new(const law_pcap_secrets *secrets, const law_tls_sink *sink);
void law_pcap_dtls_free(law_pcap_dtls *d);

/* One whole datagram that |from| sent. Of one that the capture cut, give what there is: the records
 * that are whole are read. */
void law_pcap_dtls_push(law_pcap_dtls *d, unsigned from, law_bytes datagram);

/* As those of tls.h. */
const char *law_pcap_dtls_unreadable(const law_pcap_dtls *d, unsigned from);
int law_pcap_dtls_client(const law_pcap_dtls *d);
const char *law_pcap_dtls_version(const law_pcap_dtls *d);
law_bytes law_pcap_dtls_alpn(const law_pcap_dtls *d);

/* |head|, a flow's first datagram or what the capture has of it, is DTLS: of any version, also
 * when the flow began before the capture. */
bool law_dtls_detect(law_bytes head);

#endif
