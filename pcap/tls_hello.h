/* tls_hello.h: what the hellos of TLS 1.2, TLS 1.3 and DTLS 1.2 settle, as far as it is needed to
 * read what follows them. Views point into the message. */
#ifndef LAW_PCAP_TLS_HELLO_H
#define LAW_PCAP_TLS_HELLO_H

#include "core/types.h"

/* Types of handshake messages (RFC 8446, 4; RFC 5246, 7.4). */
enum {
  LAW_TLS_HELLO_REQUEST = 0,
  LAW_TLS_CLIENT_HELLO = 1,
  LAW_TLS_SERVER_HELLO = 2,
  LAW_TLS_HELLO_VERIFY_REQUEST = 3,
  LAW_TLS_END_OF_EARLY_DATA = 5,
  LAW_TLS_ENCRYPTED_EXTENSIONS = 8,
  LAW_TLS_SERVER_HELLO_DONE = 14,
  LAW_TLS_CLIENT_KEY_EXCHANGE = 16,
  LAW_TLS_FINISHED = 20,
  LAW_TLS_KEY_UPDATE = 24,
};

/* Types of records. */
enum {
  LAW_TLS_CHANGE_CIPHER_SPEC = 20,
  LAW_TLS_ALERT = 21,
  LAW_TLS_HANDSHAKE = 22,
  LAW_TLS_APPLICATION_DATA = 23,
  LAW_TLS_CID = 25, /* RFC 9146 */
};

enum {
  LAW_TLS_1_2 = 0x0303,
  LAW_TLS_1_3 = 0x0304,
  LAW_DTLS_1_0 = 0xfeff,
  LAW_DTLS_1_2 = 0xfefd,
  LAW_DTLS_1_3 = 0xfefc,
};

typedef struct law_tls_hello {
  uint16_t version; /* ServerHello: what was chosen, also by supported_versions */
  const uint8_t *random;
  uint16_t suite;        /* ServerHello only */
  bool retry;            /* ServerHello: it is a HelloRetryRequest (RFC 8446, 4.1.3) */
  bool encrypt_then_mac; /* RFC 7366 */
  bool extended_master;  /* RFC 7627 */
  bool early_data;       /* RFC 8446, 4.2.10 */
  bool pre_shared_key;   /* RFC 8446, 4.2.11 */
  bool key_share;        /* ServerHello: a Diffie-Hellman exchange is part of the secrets */
  law_bytes identities;  /* ClientHello: of pre-shared keys, see law_tls_next_identity */
  uint16_t selected;     /* ServerHello: which of them */
  bool has_cid;          /* RFC 9146: |cid| is how the other side shall mark what it sends */
  law_bytes cid;
  law_bytes alpn; /* ServerHello, EncryptedExtensions: what was chosen */
} law_tls_hello;

/* False when |body|, the message without its header, is not what it should be. */
bool law_tls_client_hello(law_tls_hello *out, law_bytes body, bool dtls);
bool law_tls_server_hello(law_tls_hello *out, law_bytes body);
/* Takes the next of |*identities|; false at their end. */
bool law_tls_next_identity(law_bytes *identities, law_bytes *out);
/* Sets |early_data| and |alpn| only. */
bool law_tls_encrypted_extensions(law_tls_hello *out, law_bytes body);

#endif
