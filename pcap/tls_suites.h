/* tls_suites.h: what a cipher suite's number stands for. */
#ifndef LAW_PCAP_TLS_SUITES_H
#define LAW_PCAP_TLS_SUITES_H

#include "core/types.h"

typedef enum law_tls_exchange {
  LAW_TLS_EXCHANGE_OTHER,
  LAW_TLS_EXCHANGE_PSK,
  LAW_TLS_EXCHANGE_TLS13,
} law_tls_exchange;

typedef enum law_tls_mode {
  LAW_TLS_MODE_NONE,
  LAW_TLS_MODE_CBC,
  LAW_TLS_MODE_GCM,
  LAW_TLS_MODE_CCM,
  LAW_TLS_MODE_CHACHA,
} law_tls_mode;

typedef enum law_tls_hash { LAW_TLS_SHA1, LAW_TLS_SHA256, LAW_TLS_SHA384 } law_tls_hash;

enum { LAW_TLS_HASH_MAX = 48 };

/* Lengths are in bytes. */
typedef struct law_tls_kind {
  const char *name; /* OpenSSL's; NULL: no encryption */
  uint8_t mode;     /* law_tls_mode */
  uint8_t key_len;
  uint8_t block_len; /* CBC only */
  uint8_t tag_len;   /* AEAD only */
} law_tls_kind;

typedef struct law_tls_suite {
  uint16_t id;
  uint8_t exchange; /* law_tls_exchange */
  uint8_t hash;     /* law_tls_hash, as the table has it */
  const law_tls_kind *kind;
} law_tls_suite;

/* NULL: none of those that are read. Lives for ever. */
const law_tls_suite *law_tls_suite_of(uint16_t id);

/* The hash of the PRF, and of the transcript. */
law_tls_hash law_tls_suite_prf(const law_tls_suite *suite);
/* Bytes of each record's MAC; 0 where the cipher authenticates by itself. */
size_t law_tls_suite_mac_len(const law_tls_suite *suite);

size_t law_tls_hash_len(law_tls_hash hash);

#endif
