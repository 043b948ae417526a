#include "pcap/tls_cipher.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/tls_hash.h"

enum {
  EXPLICIT_NONCE = 8,
  SALT = LAW_TLS_IV - EXPLICIT_NONCE,
  TYPE_CID = 25,
  HEAD_MAX = 24 + LAW_TLS_CID_MAX,
};

struct law_tls_cipher {
  const law_tls_suite *suite;
  EVP_CIPHER_CTX *ctx; /* NULL: no encryption */
  EVP_MAC_CTX *mac;    /* NULL: AEAD, or a MAC whose key nobody knows */
  uint8_t mac_key[LAW_TLS_HASH_MAX];
  uint8_t iv[LAW_TLS_IV];
  bool explicit_nonce;
  bool encrypt_then_mac;
};

/* ---- Beginning and end ---- */

static EVP_CIPHER_CTX *cipher_context(const law_tls_kind *kind, const uint8_t *key) {
  EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, kind->name, NULL);
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  bool ok = cipher && ctx && EVP_DecryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1;
  if (ok && kind->tag_len > 0) {
    ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, LAW_TLS_IV, NULL) == 1;
  }
  if (ok && kind->mode == LAW_TLS_MODE_CCM) {
    ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, kind->tag_len, NULL) == 1;
  }
  ok = ok && EVP_DecryptInit_ex2(ctx, NULL, key, NULL, NULL) == 1;
  EVP_CIPHER_free(cipher);
  if (!ok) {
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
  }
  return ctx;
}

static EVP_MAC_CTX *mac_context(law_tls_hash hash) {
  char name[16];
  (void)strcpy(name, EVP_MD_get0_name(law_tls_md(hash)));
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
      OSSL_PARAM_construct_end(),
  };
  EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
  EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
  EVP_MAC_free(mac);
  if (ctx && EVP_MAC_CTX_set_params(ctx, params) != 1) {
    EVP_MAC_CTX_free(ctx);
    return NULL;
  }
  return ctx;
}

law_tls_cipher *law_tls_cipher_new(const law_tls_suite *suite, const law_tls_keys *keys, bool tls13,
                                   bool encrypt_then_mac) {
  const law_tls_kind *kind = suite->kind;
  law_tls_cipher *c = calloc(1, sizeof *c);
  if (!c) {
    return NULL;
  }
  c->suite = suite;
  c->explicit_nonce = !tls13 && (kind->mode == LAW_TLS_MODE_GCM || kind->mode == LAW_TLS_MODE_CCM);
  c->encrypt_then_mac = encrypt_then_mac && kind->mode == LAW_TLS_MODE_CBC; /* RFC 7366, 3 */
  if (!keys) {
    return c;
  }
  memcpy(c->mac_key, keys->mac, sizeof c->mac_key);
  memcpy(c->iv, keys->iv, sizeof c->iv);
  c->ctx = kind->name ? cipher_context(kind, keys->key) : NULL;
  c->mac = kind->tag_len == 0 ? mac_context((law_tls_hash)suite->hash) : NULL;
  if ((kind->name && !c->ctx) || (kind->tag_len == 0 && !c->mac)) {
    law_tls_cipher_free(c);
    return NULL;
  }
  return c;
}

void law_tls_cipher_free(law_tls_cipher *c) {
  if (c) {
    EVP_CIPHER_CTX_free(c->ctx);
    EVP_MAC_CTX_free(c->mac);
    OPENSSL_cleanse(c, sizeof *c);
    free(c);
  }
}

/* ---- What is authenticated besides the text ---- */

static uint8_t *put16(uint8_t *p, size_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
  return p + 2;
}

static uint8_t *put64(uint8_t *p, uint64_t v) {
  for (int i = 0; i < 8; i++) {
    p[i] = (uint8_t)(v >> (56 - 8 * i));
  }
  return p + 8;
}

/* The record's header, as authentication counts it; |len| is what stands in it as length. Returns
 * how many bytes it has, at most HEAD_MAX. */
static size_t put_head(uint8_t *out, const law_tls_record *r, size_t len) {
  uint8_t *p = out;
  if (r->layout == LAW_TLS_LAYOUT_12) {
    p = put64(p, r->seq);
  } else if (r->layout == LAW_TLS_LAYOUT_CID) {
    memset(p, 0xff, 8);
    p[8] = TYPE_CID;
    p[9] = (uint8_t)r->cid.len;
    p += 10;
  }
  *p++ = r->type;
  p = put16(p, r->version);
  if (r->layout == LAW_TLS_LAYOUT_CID) {
    p = put64(p, r->seq);
    memcpy(p, r->cid.data, r->cid.len);
    p += r->cid.len;
  }
  return (size_t)(put16(p, len) - out);
}

/* ---- AEAD ---- */

static void put_nonce(const law_tls_cipher *c, uint8_t *out, const law_tls_record *r) {
  memcpy(out, c->iv, LAW_TLS_IV);
  if (c->explicit_nonce) {
    memcpy(out + SALT, r->fragment.data, EXPLICIT_NONCE);
    return;
  }
  uint8_t seq[8];
  (void)put64(seq, r->seq);
  for (int i = 0; i < 8; i++) {
    out[LAW_TLS_IV - 8 + i] ^= seq[i];
  }
}

static bool decrypt_aead(law_tls_cipher *c, uint8_t *out, law_bytes text, const uint8_t *nonce,
                         law_bytes head) {
  bool ccm = c->suite->kind->mode == LAW_TLS_MODE_CCM;
  int tag_len = c->suite->kind->tag_len;
  uint8_t tag[16];
  uint8_t none[16];
  int len = 0;
  memcpy(tag, text.data + text.len, (size_t)tag_len);
  bool ok = EVP_DecryptInit_ex2(c->ctx, NULL, NULL, nonce, NULL) == 1 &&
            EVP_CIPHER_CTX_ctrl(c->ctx, EVP_CTRL_AEAD_SET_TAG, tag_len, tag) == 1 &&
            (!ccm || EVP_DecryptUpdate(c->ctx, NULL, &len, NULL, (int)text.len) == 1) &&
            EVP_DecryptUpdate(c->ctx, NULL, &len, head.data, (int)head.len) == 1;
  /* CCM checks in the one call that decrypts, and takes none as no call at all. */
  ok = ok && ((text.len == 0 && !ccm) ||
              EVP_DecryptUpdate(c->ctx, out, &len, text.data, (int)text.len) == 1);
  return ok && (ccm || EVP_DecryptFinal_ex(c->ctx, none, &len) == 1);
}

static bool open_aead(law_tls_cipher *c, uint8_t *out, size_t *out_len, const law_tls_record *r) {
  size_t nonce_len = c->explicit_nonce ? EXPLICIT_NONCE : 0;
  size_t tag_len = c->suite->kind->tag_len;
  uint8_t scratch[HEAD_MAX];
  uint8_t nonce[LAW_TLS_IV];
  if (r->fragment.len < nonce_len + tag_len) {
    return false;
  }
  size_t len = r->fragment.len - nonce_len - tag_len;
  /* TLS 1.3 counts the length on the wire, the others that of the text. */
  size_t counted = r->layout == LAW_TLS_LAYOUT_13 ? r->fragment.len : len;
  law_bytes head = law_bytes_of(scratch, put_head(scratch, r, counted));
  put_nonce(c, nonce, r);
  *out_len = len;
  return decrypt_aead(c, out, law_bytes_of(r->fragment.data + nonce_len, len), nonce, head);
}

bool law_tls_cipher_guess(const law_tls_cipher *c, uint64_t *out_seq, law_bytes fragment) {
  if (!c->explicit_nonce || fragment.len < EXPLICIT_NONCE) {
    return false;
  }
  uint64_t seq = 0;
  for (int i = 0; i < EXPLICIT_NONCE; i++) {
    seq = seq << 8 | fragment.data[i];
  }
  *out_seq = seq;
  return true;
}

/* ---- CBC, and no encryption, with a MAC ---- */

static bool mac_is(law_tls_cipher *c, law_bytes head, law_bytes text, const uint8_t *want) {
  uint8_t mac[EVP_MAX_MD_SIZE];
  size_t len = 0;
  size_t mac_len = law_tls_suite_mac_len(c->suite);
  if (!c->mac) {
    return true;
  }
  return EVP_MAC_init(c->mac, c->mac_key, mac_len, NULL) == 1 &&
         EVP_MAC_update(c->mac, head.data, head.len) == 1 &&
         (text.len == 0 || EVP_MAC_update(c->mac, text.data, text.len) == 1) &&
         EVP_MAC_final(c->mac, mac, &len, sizeof mac) == 1 && len == mac_len &&
         CRYPTO_memcmp(mac, want, mac_len) == 0;
}

/* The text without its padding; false when that is none (RFC 5246, 6.2.3.2). */
static bool strip_padding(const uint8_t *text, size_t *len) {
  size_t padding = *len > 0 ? text[*len - 1] : 0;
  if (padding + 1 > *len) {
    return false;
  }
  for (size_t i = 1; i <= padding; i++) {
    if (text[*len - 1 - i] != padding) {
      return false;
    }
  }
  *len -= padding + 1;
  return true;
}

/* The record's first block is the IV. */
static bool decrypt_cbc(law_tls_cipher *c, uint8_t *out, size_t *out_len, law_bytes text) {
  size_t block_len = c->suite->kind->block_len;
  int len = 0;
  if (text.len < 2 * block_len || text.len % block_len != 0) {
    return false;
  }
  size_t num = text.len - block_len;
  *out_len = num;
  return EVP_DecryptInit_ex2(c->ctx, NULL, NULL, text.data, NULL) == 1 &&
         EVP_CIPHER_CTX_set_padding(c->ctx, 0) == 1 &&
         EVP_DecryptUpdate(c->ctx, out, &len, text.data + block_len, (int)num) == 1 &&
         (size_t)len == num && strip_padding(out, out_len);
}

static bool open_encrypt_then_mac(law_tls_cipher *c, uint8_t *out, size_t *out_len,
                                  const law_tls_record *r) {
  uint8_t scratch[HEAD_MAX];
  size_t mac_len = law_tls_suite_mac_len(c->suite);
  if (r->fragment.len < mac_len) {
    return false;
  }
  law_bytes text = law_bytes_of(r->fragment.data, r->fragment.len - mac_len);
  law_bytes head = law_bytes_of(scratch, put_head(scratch, r, text.len));
  return mac_is(c, head, text, text.data + text.len) && decrypt_cbc(c, out, out_len, text);
}

static bool open_mac_then_encrypt(law_tls_cipher *c, uint8_t *out, size_t *out_len,
                                  const law_tls_record *r) {
  uint8_t scratch[HEAD_MAX];
  size_t mac_len = law_tls_suite_mac_len(c->suite);
  size_t len = r->fragment.len;
  if (!c->ctx) {
    memcpy(out, r->fragment.data, len);
  } else if (!decrypt_cbc(c, out, &len, r->fragment)) {
    return false;
  }
  if (len < mac_len) {
    return false;
  }
  *out_len = len - mac_len;
  law_bytes head = law_bytes_of(scratch, put_head(scratch, r, *out_len));
  return mac_is(c, head, law_bytes_of(out, *out_len), out + *out_len);
}

bool law_tls_cipher_open(law_tls_cipher *c, uint8_t *out, size_t *out_len,
                         const law_tls_record *record) {
  if (record->fragment.len > LAW_TLS_FRAGMENT_MAX) {
    return false;
  }
  if (c->suite->kind->tag_len > 0) {
    return open_aead(c, out, out_len, record);
  }
  return c->encrypt_then_mac ? open_encrypt_then_mac(c, out, out_len, record)
                             : open_mac_then_encrypt(c, out, out_len, record);
}
