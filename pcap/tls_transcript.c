#include "pcap/tls_transcript.h"

#include <stdlib.h>

#include "pcap/tls_hash.h"

struct law_tls_transcript {
  EVP_MD_CTX *sha256;
  EVP_MD_CTX *sha384;
  bool failed;
};

static EVP_MD_CTX *begin(law_tls_hash hash) {
  EVP_MD_CTX *ctx = EVP_MD_CTX_new();
  if (ctx && EVP_DigestInit_ex(ctx, law_tls_md(hash), NULL) != 1) {
    EVP_MD_CTX_free(ctx);
    return NULL;
  }
  return ctx;
}

law_tls_transcript *law_tls_transcript_new(void) {
  law_tls_transcript *t = calloc(1, sizeof *t);
  if (!t) {
    return NULL;
  }
  t->sha256 = begin(LAW_TLS_SHA256);
  t->sha384 = begin(LAW_TLS_SHA384);
  if (!t->sha256 || !t->sha384) {
    law_tls_transcript_free(t);
    return NULL;
  }
  return t;
}

void law_tls_transcript_free(law_tls_transcript *t) {
  if (t) {
    EVP_MD_CTX_free(t->sha256);
    EVP_MD_CTX_free(t->sha384);
    free(t);
  }
}

void law_tls_transcript_add(law_tls_transcript *t, law_bytes bytes) {
  if (EVP_DigestUpdate(t->sha256, bytes.data, bytes.len) != 1 ||
      EVP_DigestUpdate(t->sha384, bytes.data, bytes.len) != 1) {
    t->failed = true;
  }
}

static bool restart(EVP_MD_CTX *ctx, law_tls_hash hash) {
  enum { MESSAGE_HASH = 254 };
  uint8_t message[4 + LAW_TLS_HASH_MAX] = {MESSAGE_HASH, 0, 0, (uint8_t)law_tls_hash_len(hash)};
  return EVP_DigestFinal_ex(ctx, message + 4, NULL) == 1 &&
         EVP_DigestInit_ex(ctx, law_tls_md(hash), NULL) == 1 &&
         EVP_DigestUpdate(ctx, message, 4 + law_tls_hash_len(hash)) == 1;
}

void law_tls_transcript_retry(law_tls_transcript *t) {
  bool ok = restart(t->sha256, LAW_TLS_SHA256);
  t->failed = !restart(t->sha384, LAW_TLS_SHA384) || !ok || t->failed;
}

size_t law_tls_transcript_hash(const law_tls_transcript *t, law_tls_hash hash,
                               uint8_t out[LAW_TLS_HASH_MAX]) {
  EVP_MD_CTX *copy = EVP_MD_CTX_new();
  unsigned len = 0;
  bool ok = copy && !t->failed &&
            EVP_MD_CTX_copy_ex(copy, hash == LAW_TLS_SHA384 ? t->sha384 : t->sha256) == 1 &&
            EVP_DigestFinal_ex(copy, out, &len) == 1;
  EVP_MD_CTX_free(copy);
  return ok ? len : 0;
}
