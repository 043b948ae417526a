/* tls_hash.h: OpenSSL's side of law_tls_hash. For the .c files of TLS. */
#ifndef LAW_PCAP_TLS_HASH_H
#define LAW_PCAP_TLS_HASH_H

#include <openssl/evp.h>

#include "pcap/tls_suites.h"

static inline const EVP_MD *law_tls_md(law_tls_hash hash) {
  return hash == LAW_TLS_SHA1 ? EVP_sha1() : hash == LAW_TLS_SHA384 ? EVP_sha384() : EVP_sha256();
}

#endif
