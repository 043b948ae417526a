/* tls12.h: what a handshake of TLS 1.2 or DTLS 1.2 settled, and the ciphers that follow from it and
 * the secrets at hand. */
#ifndef LAW_PCAP_TLS12_H
#define LAW_PCAP_TLS12_H

#include "pcap/secrets.h"
#include "pcap/tls_cipher.h"
#include "pcap/tls_hello.h"

enum { LAW_TLS_WHY = 192 }; /* bytes of the sentence why something cannot be read */

/* All zero at the start. */
typedef struct law_tls12 {
  const law_tls_suite *suite; /* NULL: none that is known here */
  uint16_t suite_id;
  bool has_client;
  bool has_server;
  bool has_exchange; /* the client sent a key exchange: the session was not resumed */
  bool encrypt_then_mac;
  bool extended_master;
  uint8_t client_random[LAW_TLS_RANDOM];
  uint8_t server_random[LAW_TLS_RANDOM];
  uint8_t session_hash[LAW_TLS_HASH_MAX];
  uint8_t session_hash_len; /* 0: not known */
  uint16_t identity_len;
  uint8_t identity[LAW_PSK_MAX];
} law_tls12;

void law_tls12_client_hello(law_tls12 *h, const law_tls_hello *hello);
void law_tls12_server_hello(law_tls12 *h, const law_tls_hello *hello);
/* |body| of a ClientKeyExchange: with plain PSK, the identity is in it (RFC 4279, 2). */
void law_tls12_key_exchange(law_tls12 *h, law_bytes body);
/* The master secret is made from the session's hash, and from a pre-shared key. */
bool law_tls12_wants_hash(const law_tls12 *h);

/* What protects what |side| sends. NULL: |why| (LAW_TLS_WHY bytes) says why it cannot be read. */
law_tls_cipher *law_tls12_cipher(const law_tls12 *h, char *why, law_side side,
                                 const law_pcap_secrets *secrets);

#endif
