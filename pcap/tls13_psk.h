/* tls13_psk.h: the secrets of TLS 1.3 that follow from a pre-shared key and the messages alone: all
 * of them in psk_ke mode, and those of 0-RTT data in any (RFC 8446, 7.1 and 4.2.9). */
#ifndef LAW_PCAP_TLS13_PSK_H
#define LAW_PCAP_TLS13_PSK_H

#include "pcap/secrets.h"
#include "pcap/tls_hello.h"
#include "pcap/tls_keys.h"
#include "pcap/tls_transcript.h"

/* One handshake's. */
typedef struct law_tls13_psk law_tls13_psk;

/* NULL: |secrets| have the key of none of the identities that |hello| offers, or no memory. |t| has
 * the ClientHello. */
law_tls13_psk *law_tls13_psk_new(const law_pcap_secrets *secrets, const law_tls_hello *hello,
                                 const law_tls_transcript *t);
void law_tls13_psk_free(law_tls13_psk *p);

/* |t| goes to the ServerHello |hello|. False: it takes another key, or more than that. */
bool law_tls13_psk_server_hello(law_tls13_psk *p, const law_tls_hello *hello,
                                const law_tls_transcript *t);
/* |t| goes to the server's Finished. */
void law_tls13_psk_finished(law_tls13_psk *p, const law_tls_transcript *t);

/* Empty: not known, or not yet. Valid as long as |p|. */
law_bytes law_tls13_psk_secret(const law_tls13_psk *p, law_secret_label label);

#endif
