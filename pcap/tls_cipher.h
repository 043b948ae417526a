/* tls_cipher.h: takes the protection off one record of TLS 1.2, TLS 1.3 or DTLS 1.2. */
#ifndef LAW_PCAP_TLS_CIPHER_H
#define LAW_PCAP_TLS_CIPHER_H

#include "pcap/tls_keys.h"

enum {
  LAW_TLS_FRAGMENT_MAX = 16384 + 2048, /* of a protected record (RFC 5246, 6.2.3) */
  LAW_TLS_CID_MAX = 255,
};

/* How a record's header is counted into its authentication. */
typedef enum law_tls_layout {
  LAW_TLS_LAYOUT_12,  /* RFC 5246, 6.2.3 */
  LAW_TLS_LAYOUT_13,  /* RFC 8446, 5.2 */
  LAW_TLS_LAYOUT_CID, /* RFC 9146, 5 */
} law_tls_layout;

/* A record as it stands on the wire. */
typedef struct law_tls_record {
  law_tls_layout layout;
  uint8_t type;
  uint16_t version;
  uint64_t seq; /* DTLS: the epoch in the upper 16 bits */
  law_bytes cid;
  law_bytes fragment;
} law_tls_record;

/* One direction's keys, ready for use. */
typedef struct law_tls_cipher law_tls_cipher;

/* NULL: no memory, or OpenSSL lacks the cipher. |keys| NULL, only for a suite that does not encrypt:
 * its MAC is passed over. */
law_tls_cipher *law_tls_cipher_new(const law_tls_suite *suite, const law_tls_keys *keys, bool tls13,
                                   bool encrypt_then_mac);
void law_tls_cipher_free(law_tls_cipher *c);

/* |out| has room for LAW_TLS_FRAGMENT_MAX bytes. False when the record does not authenticate: nothing
 * in |out| may be used then. */
bool law_tls_cipher_open(law_tls_cipher *c, uint8_t *out, size_t *out_len,
                         const law_tls_record *record);
/* The sequence number that a record most likely has, if |*out_seq| is not known for sure: most
 * senders put it in the explicit nonce (RFC 5288, 3). False when there is none. */
bool law_tls_cipher_guess(const law_tls_cipher *c, uint64_t *out_seq, law_bytes fragment);

#endif
