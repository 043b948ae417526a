#include "pcap/tls_keys.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "pcap/tls_hash.h"

enum {
  LABEL_MAX = 32,
  SEED_MAX = 2 * LAW_TLS_RANDOM,
  KEY_BLOCK_MAX = 2 * (LAW_TLS_HASH_MAX + LAW_TLS_KEY_MAX + LAW_TLS_IV),
  SALT = 4, /* the fixed part of a GCM or CCM nonce (RFC 5288, 3; RFC 6655, 3) */
};

static bool hmac(law_tls_hash hash, uint8_t *out, law_bytes key, const uint8_t *data, size_t len) {
  /* An empty key is a key; NULL would mean another thing. */
  static const uint8_t none[1];
  return HMAC(law_tls_md(hash), key.len > 0 ? key.data : none, (int)key.len, data, len, out,
              NULL) != NULL;
}

/* P_hash, 5: A(1), HMAC(A(1) + seed), A(2), ... |text| has hash_len bytes free before it. */
static bool p_hash(law_tls_hash hash, uint8_t *out, size_t out_len, law_bytes secret, uint8_t *text,
                   size_t text_len) {
  size_t hash_len = law_tls_hash_len(hash);
  uint8_t *a = text - hash_len;
  uint8_t next[LAW_TLS_HASH_MAX];
  bool ok = hmac(hash, a, secret, text, text_len);
  while (ok && out_len > 0) {
    size_t len = out_len < hash_len ? out_len : hash_len;
    ok = hmac(hash, next, secret, a, hash_len + text_len);
    memcpy(out, next, len);
    out += len;
    out_len -= len;
    ok = ok && hmac(hash, next, secret, a, hash_len);
    memcpy(a, next, hash_len);
  }
  OPENSSL_cleanse(next, sizeof next);
  return ok;
}

bool law_tls_prf(law_tls_hash hash, uint8_t *out, size_t out_len, law_bytes secret,
                 const char *label, law_bytes seed) {
  uint8_t scratch[LAW_TLS_HASH_MAX + LABEL_MAX + SEED_MAX];
  uint8_t *text = scratch + LAW_TLS_HASH_MAX;
  size_t label_len = strlen(label);
  if (label_len > LABEL_MAX || seed.len > SEED_MAX) {
    return false;
  }
  memcpy(text, label, label_len);
  memcpy(text + label_len, seed.data, seed.len);
  bool ok = p_hash(hash, out, out_len, secret, text, label_len + seed.len);
  OPENSSL_cleanse(scratch, sizeof scratch);
  return ok;
}

static void put_randoms(uint8_t *out, const uint8_t *first, const uint8_t *second) {
  memcpy(out, first, LAW_TLS_RANDOM);
  memcpy(out + LAW_TLS_RANDOM, second, LAW_TLS_RANDOM);
}

/* struct { uint16 len; zeros[len]; uint16 len; psk[len]; }, RFC 4279, 2. */
static size_t put_premaster(uint8_t *out, law_bytes psk) {
  uint8_t high = (uint8_t)(psk.len >> 8);
  uint8_t low = (uint8_t)psk.len;
  out[0] = high;
  out[1] = low;
  memset(out + 2, 0, psk.len);
  out[2 + psk.len] = high;
  out[3 + psk.len] = low;
  memcpy(out + 4 + psk.len, psk.data, psk.len);
  return 4 + 2 * psk.len;
}

bool law_tls_psk_master(law_tls_hash hash, uint8_t out[LAW_TLS_MASTER], law_bytes psk,
                        law_bytes session_hash, const uint8_t *client_random,
                        const uint8_t *server_random) {
  enum { PSK_MAX = 512 };
  uint8_t premaster[4 + 2 * PSK_MAX];
  uint8_t randoms[2 * LAW_TLS_RANDOM];
  if (psk.len == 0 || psk.len > PSK_MAX) {
    return false;
  }
  law_bytes secret = law_bytes_of(premaster, put_premaster(premaster, psk));
  put_randoms(randoms, client_random, server_random);
  bool ok = session_hash.len > 0 ? law_tls_prf(hash, out, LAW_TLS_MASTER, secret,
                                               "extended master secret", session_hash)
                                 : law_tls_prf(hash, out, LAW_TLS_MASTER, secret, "master secret",
                                               law_bytes_of(randoms, sizeof randoms));
  OPENSSL_cleanse(premaster, sizeof premaster);
  return ok;
}

static size_t fixed_iv_len(const law_tls_suite *suite) {
  switch (suite->kind->mode) {
    case LAW_TLS_MODE_GCM:
    case LAW_TLS_MODE_CCM:
      return SALT;
    case LAW_TLS_MODE_CHACHA:
      return LAW_TLS_IV; /* RFC 7905, 2 */
    default:
      return 0; /* CBC has its whole IV in the record since TLS 1.1 */
  }
}

/* One side's part of the key block, in which each kind of key is there for both: client, server. */
static void take(uint8_t *out, const uint8_t **block, size_t len, law_side side) {
  memcpy(out, *block + (side == LAW_SERVER ? len : 0), len);
  *block += 2 * len;
}

bool law_tls_key_block(const law_tls_suite *suite, law_tls_keys *out, law_side side,
                       law_bytes master, const uint8_t *client_random,
                       const uint8_t *server_random) {
  uint8_t block[KEY_BLOCK_MAX];
  uint8_t randoms[2 * LAW_TLS_RANDOM];
  size_t mac_len = law_tls_suite_mac_len(suite);
  size_t key_len = suite->kind->key_len;
  size_t iv_len = fixed_iv_len(suite);
  put_randoms(randoms, server_random, client_random);
  bool ok = law_tls_prf(law_tls_suite_prf(suite), block, 2 * (mac_len + key_len + iv_len), master,
                        "key expansion", law_bytes_of(randoms, sizeof randoms));
  if (ok) {
    const uint8_t *at = block;
    take(out->mac, &at, mac_len, side);
    take(out->key, &at, key_len, side);
    take(out->iv, &at, iv_len, side);
  }
  OPENSSL_cleanse(block, sizeof block);
  return ok;
}

/* ---- TLS 1.3 ---- */

bool law_tls_extract(law_tls_hash hash, uint8_t out[LAW_TLS_HASH_MAX], law_bytes salt,
                     law_bytes key) {
  return hmac(hash, out, salt, key.data, key.len);
}

/* HkdfLabel, 7.1, and the counter of HKDF-Expand's only round behind it. */
static size_t put_hkdf_label(uint8_t *out, size_t out_len, const char *label, law_bytes context) {
  static const char prefix[] = "tls13 ";
  size_t prefix_len = sizeof prefix - 1;
  size_t label_len = strlen(label);
  uint8_t *p = out;
  *p++ = 0;
  *p++ = (uint8_t)out_len;
  *p++ = (uint8_t)(prefix_len + label_len);
  memcpy(p, prefix, prefix_len);
  memcpy(p + prefix_len, label, label_len);
  p += prefix_len + label_len;
  *p++ = (uint8_t)context.len;
  if (context.len > 0) {
    memcpy(p, context.data, context.len);
    p += context.len;
  }
  *p++ = 1;
  return (size_t)(p - out);
}

bool law_tls_expand(law_tls_hash hash, uint8_t *out, size_t out_len, law_bytes secret,
                    const char *label, law_bytes context) {
  uint8_t info[16 + LABEL_MAX + LAW_TLS_HASH_MAX];
  uint8_t block[LAW_TLS_HASH_MAX];
  if (strlen(label) > LABEL_MAX || out_len > law_tls_hash_len(hash) ||
      context.len > LAW_TLS_HASH_MAX) {
    return false;
  }
  size_t info_len = put_hkdf_label(info, out_len, label, context);
  bool ok = hmac(hash, block, secret, info, info_len);
  if (ok) {
    memcpy(out, block, out_len);
  }
  OPENSSL_cleanse(block, sizeof block);
  return ok;
}

bool law_tls_traffic_keys(const law_tls_suite *suite, law_tls_keys *out, law_bytes secret) {
  law_tls_hash hash = law_tls_suite_prf(suite);
  law_bytes none = law_bytes_of(NULL, 0);
  return law_tls_expand(hash, out->key, suite->kind->key_len, secret, "key", none) &&
         law_tls_expand(hash, out->iv, LAW_TLS_IV, secret, "iv", none);
}
