/* tls_transcript.h: the hash over handshake messages that an extended master secret is made from
 * (RFC 7627, 3). It runs before anybody knows which hash will be asked for. */
#ifndef LAW_PCAP_TLS_TRANSCRIPT_H
#define LAW_PCAP_TLS_TRANSCRIPT_H

#include "pcap/tls_suites.h"

typedef struct law_tls_transcript law_tls_transcript;

/* NULL: no memory. */
law_tls_transcript *law_tls_transcript_new(void);
void law_tls_transcript_free(law_tls_transcript *t);
void law_tls_transcript_add(law_tls_transcript *t, law_bytes bytes);
/* A HelloRetryRequest comes: what was added becomes one message that stands for it (RFC 8446,
 * 4.4.1). */
void law_tls_transcript_retry(law_tls_transcript *t);
/* The hash of what was added so far; 0 when something failed, else how many bytes it has. */
size_t law_tls_transcript_hash(const law_tls_transcript *t, law_tls_hash hash,
                               uint8_t out[LAW_TLS_HASH_MAX]);

#endif
