/* tls_pair.h: a client and a server of OpenSSL that talk in memory, and what an eavesdropper would
 * have of it: for the tests of what reads TLS and DTLS. */
#ifndef LAW_PCAP_TESTS_TLS_PAIR_H
#define LAW_PCAP_TESTS_TLS_PAIR_H

#include <openssl/ssl.h>

#include "core/types.h"
#include "pcap/secrets.h"

enum { PAIR_CHUNKS = 512, PAIR_BYTES = 1 << 20, PAIR_KEYLOG = 16384 };

/* How the two are set up. All zero: what OpenSSL does by itself, with certificates. */
typedef struct pair_setup {
  bool dtls;
  int version;         /* TLS1_2_VERSION ...; 0: any */
  const char *ciphers; /* of TLS 1.2 and DTLS, as SSL_CTX_set_cipher_list has them */
  const char *suites;  /* of TLS 1.3 */
  uint16_t psk13;      /* as |psk|, in TLS 1.3, for this suite */
  bool psk;            /* key pair_psk for identity "wirelaw", no certificates */
  const char *client_groups;
  const char *server_groups;
  uint64_t options; /* SSL_OP_..., of the client and of the server */
  SSL_SESSION *resume;
  uint32_t early_max; /* bytes of 0-RTT data that the server takes */
  const char *alpn;   /* with its length before it */
} pair_setup;

typedef struct pair_chunk {
  unsigned from; /* 0: the client */
  size_t at;
  size_t len;
} pair_chunk;

typedef struct pair {
  SSL_CTX *contexts[2];
  SSL *ends[2];
  pair_chunk chunks[PAIR_CHUNKS]; /* what went over the wire, in its order */
  size_t num_chunks;
  uint8_t *wire;
  size_t wire_len;
  uint8_t *said[2]; /* application data of each side */
  size_t said_len[2];
  char keylog[PAIR_KEYLOG];
  size_t keylog_len;
  uint16_t psk13;
  SSL_SESSION *session; /* the last that the server gave */
} pair;

extern const uint8_t pair_psk[16];

/* Fails the test when OpenSSL does. |early| is 0-RTT data, which goes before the handshake. */
pair *pair_new(const pair_setup *setup);
void pair_free(pair *p);
/* Another connection between the same two. */
void pair_again(pair *p, const pair_setup *setup);
void pair_handshake(pair *p);
/* |from| says |len| bytes, and the other side reads them. */
void pair_say(pair *p, unsigned from, size_t len);
/* As pair_say, as 0-RTT data; before pair_handshake. True when the server took it. */
bool pair_say_early(pair *p, size_t len);
void pair_close(pair *p, unsigned from);
/* Takes what |from| wants to send over to the other side. */
void pair_carry(pair *p, unsigned from);

law_bytes pair_bytes(const pair *p, const pair_chunk *chunk);
/* All that |from| sent, in one. The caller frees it. */
uint8_t *pair_stream(const pair *p, unsigned from, size_t *out_len);
/* Secrets with the key log of |p|; with its pre-shared key instead, when |psk|. */
law_pcap_secrets *pair_secrets(const pair *p, bool psk);

#endif
