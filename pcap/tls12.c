#include "pcap/tls12.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "core/cursor.h"

void law_tls12_client_hello(law_tls12 *h, const law_tls_hello *hello) {
  memset(h, 0, sizeof *h);
  memcpy(h->client_random, hello->random, LAW_TLS_RANDOM);
  h->has_client = true;
}

void law_tls12_server_hello(law_tls12 *h, const law_tls_hello *hello) {
  memcpy(h->server_random, hello->random, LAW_TLS_RANDOM);
  h->suite_id = hello->suite;
  h->suite = law_tls_suite_of(hello->suite);
  h->encrypt_then_mac = hello->encrypt_then_mac;
  h->extended_master = hello->extended_master;
  h->has_server = true;
}

void law_tls12_key_exchange(law_tls12 *h, law_bytes body) {
  law_cursor c = law_cursor_of(body);
  h->has_exchange = true;
  if (!h->suite || h->suite->exchange != LAW_TLS_EXCHANGE_PSK) {
    return;
  }
  law_bytes identity = law_cursor_bytes16(&c, 1, 1);
  if (law_cursor_ok(&c) && identity.len <= LAW_PSK_MAX) {
    memcpy(h->identity, identity.data, identity.len);
    h->identity_len = (uint16_t)identity.len;
  }
}

bool law_tls12_wants_hash(const law_tls12 *h) {
  return h->suite && h->suite->exchange == LAW_TLS_EXCHANGE_PSK && h->extended_master;
}

static bool because(char *why, const char *text) {
  (void)snprintf(why, LAW_TLS_WHY, "%s", text);
  return false;
}

static bool master_of_psk(const law_tls12 *h, char *why, uint8_t out[LAW_TLS_MASTER],
                          const law_pcap_secrets *secrets) {
  law_bytes psk = law_pcap_secrets_psk(secrets, law_bytes_of(h->identity, h->identity_len));
  law_bytes hash = law_bytes_of(h->session_hash, h->session_hash_len);
  if (!h->has_exchange) {
    return because(why, "a resumed session whose secret is not in a key log");
  }
  if (psk.len == 0) {
    return because(why, "neither a key log nor a pre-shared key for it is at hand");
  }
  if (h->extended_master && hash.len == 0) {
    return because(
        why, "the capture lacks part of the handshake that its secret is made from (RFC 7627)");
  }
  return law_tls_psk_master(law_tls_suite_prf(h->suite), out, psk, hash, h->client_random,
                            h->server_random) ||
         because(why, "its keys could not be computed from the pre-shared key");
}

static bool master_of(const law_tls12 *h, char *why, uint8_t out[LAW_TLS_MASTER],
                      const law_pcap_secrets *secrets) {
  law_bytes logged = law_pcap_secrets_find(secrets, LAW_SECRET_CLIENT_RANDOM, h->client_random);
  if (logged.len == LAW_TLS_MASTER) {
    memcpy(out, logged.data, LAW_TLS_MASTER);
    return true;
  }
  if (h->suite->exchange == LAW_TLS_EXCHANGE_PSK) {
    return master_of_psk(h, why, out, secrets);
  }
  return because(why, "its secret is neither in the capture nor in a key log");
}

static bool is_known(const law_tls12 *h, char *why) {
  if (!h->has_client || !h->has_server) {
    return because(why, "the capture lacks the handshake that its keys come from");
  }
  if (!h->suite || h->suite->exchange == LAW_TLS_EXCHANGE_TLS13) {
    (void)snprintf(why, LAW_TLS_WHY, "cipher suite 0x%04X is none of those that can be read",
                   h->suite_id);
    return false;
  }
  return true;
}

law_tls_cipher *law_tls12_cipher(const law_tls12 *h, char *why, law_side side,
                                 const law_pcap_secrets *secrets) {
  uint8_t master[LAW_TLS_MASTER];
  law_tls_keys keys = {{0}, {0}, {0}};
  law_tls_cipher *cipher = NULL;
  if (!is_known(h, why)) {
    return NULL;
  }
  if (!master_of(h, why, master, secrets)) {
    /* Text that nobody encrypted can be read; only its MAC cannot be checked. */
    return h->suite->kind->name ? NULL : law_tls_cipher_new(h->suite, NULL, false, false);
  }
  if (law_tls_key_block(h->suite, &keys, side, law_bytes_of(master, sizeof master),
                        h->client_random, h->server_random)) {
    cipher = law_tls_cipher_new(h->suite, &keys, false, h->encrypt_then_mac);
  }
  if (!cipher) {
    (void)because(why, "OpenSSL could not set up its cipher");
  }
  OPENSSL_cleanse(master, sizeof master);
  OPENSSL_cleanse(&keys, sizeof keys);
  return cipher;
}
