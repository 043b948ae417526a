#include "pcap/tls_suites.h"

enum {
#define LAW_TLS_CIPHER(cipher, name, mode, key_len, block_len, tag_len) CIPHER_##cipher,
#include "pcap/tls_suites.def"
  NUM_CIPHERS
};

static const law_tls_kind kinds[NUM_CIPHERS] = {
#define LAW_TLS_CIPHER(cipher, name, mode, key_len, block_len, tag_len) \
  {name, LAW_TLS_MODE_##mode, key_len, block_len, tag_len},
#include "pcap/tls_suites.def"
};

/* In the order of their numbers. */
static const law_tls_suite suites[] = {
#define LAW_TLS_SUITE(id, exchange, cipher, hash) \
  {id, LAW_TLS_EXCHANGE_##exchange, LAW_TLS_##hash, &kinds[CIPHER_##cipher]},
#include "pcap/tls_suites.def"
};

const law_tls_suite *law_tls_suite_of(uint16_t id) {
  size_t low = 0;
  size_t high = sizeof suites / sizeof suites[0];
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (suites[middle].id == id) {
      return &suites[middle];
    }
    if (suites[middle].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return NULL;
}

law_tls_hash law_tls_suite_prf(const law_tls_suite *suite) {
  return suite->hash == LAW_TLS_SHA384 ? LAW_TLS_SHA384 : LAW_TLS_SHA256;
}

size_t law_tls_hash_len(law_tls_hash hash) {
  static const uint8_t lens[] = {[LAW_TLS_SHA1] = 20, [LAW_TLS_SHA256] = 32, [LAW_TLS_SHA384] = 48};
  return lens[hash];
}

size_t law_tls_suite_mac_len(const law_tls_suite *suite) {
  return suite->kind->tag_len > 0 ? 0 : law_tls_hash_len((law_tls_hash)suite->hash);
}
