/* tls_keys.h: from a secret to keys: the PRF of TLS 1.2 (RFC 5246, 5 and 6.3) and the key schedule
 * of TLS 1.3 (RFC 8446, 7). All of it pure; false only when OpenSSL fails. */
#ifndef LAW_PCAP_TLS_KEYS_H
#define LAW_PCAP_TLS_KEYS_H

#include "pcap/tls_suites.h"

enum {
  LAW_TLS_MASTER = 48,
  LAW_TLS_RANDOM = 32,
  LAW_TLS_KEY_MAX = 32,
  LAW_TLS_IV = 12,
};

/* What protects one direction. */
typedef struct law_tls_keys {
  uint8_t key[LAW_TLS_KEY_MAX];
  uint8_t iv[LAW_TLS_IV]; /* the fixed part of the nonce; GCM and CCM of TLS 1.2 have 4 bytes */
  uint8_t mac[LAW_TLS_HASH_MAX];
} law_tls_keys;

/* PRF(secret, label, seed), 5. |label|: at most 32 characters. */
bool law_tls_prf(law_tls_hash hash, uint8_t *out, size_t out_len, law_bytes secret,
                 const char *label, law_bytes seed);
/* The master secret of a plain PSK exchange (RFC 4279, 2): from the |session_hash|, if it has a
 * length (RFC 7627, 4), else from both randoms. */
bool law_tls_psk_master(law_tls_hash hash, uint8_t out[LAW_TLS_MASTER], law_bytes psk,
                        law_bytes session_hash, const uint8_t *client_random,
                        const uint8_t *server_random);
/* The keys of one |side| (6.3). */
bool law_tls_key_block(const law_tls_suite *suite, law_tls_keys *out, law_side side,
                       law_bytes master, const uint8_t *client_random,
                       const uint8_t *server_random);

/* HKDF-Extract(salt, key), RFC 5869, 2.2; gives as many bytes as |hash| has. */
bool law_tls_extract(law_tls_hash hash, uint8_t out[LAW_TLS_HASH_MAX], law_bytes salt,
                     law_bytes key);
/* HKDF-Expand-Label(secret, label, context, out_len), RFC 8446, 7.1. |label|: at most 32 characters;
 * |context|: at most a hash. */
bool law_tls_expand(law_tls_hash hash, uint8_t *out, size_t out_len, law_bytes secret,
                    const char *label, law_bytes context);
/* The keys of a traffic secret (7.3). */
bool law_tls_traffic_keys(const law_tls_suite *suite, law_tls_keys *out, law_bytes secret);

#endif
