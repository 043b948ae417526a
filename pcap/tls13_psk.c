#include "pcap/tls13_psk.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

typedef struct secret {
  uint8_t bytes[LAW_TLS_HASH_MAX];
  uint8_t len;
} secret;

struct law_tls13_psk {
  uint16_t index; /* among the identities */
  uint16_t key_len;
  uint8_t key[LAW_PSK_MAX];
  law_tls_hash hash;
  secret handshake;
  secret known[LAW_SECRET_LABELS];
};

static law_bytes bytes_of(const secret *s) { return law_bytes_of(s->bytes, s->len); }

static law_bytes zeros(law_tls_hash hash) {
  static const uint8_t zero[LAW_TLS_HASH_MAX];
  return law_bytes_of(zero, law_tls_hash_len(hash));
}

static void extract(law_tls_hash hash, secret *out, law_bytes salt, law_bytes key) {
  bool ok = law_tls_extract(hash, out->bytes, salt, key);
  out->len = ok ? (uint8_t)law_tls_hash_len(hash) : 0;
}

/* Derive-Secret(from, label, t), 7.1; without |t|: of no messages. */
static void derive(law_tls_hash hash, secret *out, const secret *from, const char *label,
                   const law_tls_transcript *t) {
  uint8_t context[LAW_TLS_HASH_MAX];
  law_tls_transcript *none = t ? NULL : law_tls_transcript_new();
  size_t len = t || none ? law_tls_transcript_hash(t ? t : none, hash, context) : 0;
  law_tls_transcript_free(none);
  bool ok = len > 0 && from->len > 0 &&
            law_tls_expand(hash, out->bytes, law_tls_hash_len(hash), bytes_of(from), label,
                           law_bytes_of(context, len));
  out->len = ok ? (uint8_t)law_tls_hash_len(hash) : 0;
}

static void early_secret(const law_tls13_psk *p, law_tls_hash hash, secret *out) {
  extract(hash, out, zeros(hash), law_bytes_of(p->key, p->key_len));
}

/* The next stage's secret, with no Diffie-Hellman exchange in it. */
static void next_stage(law_tls_hash hash, secret *out, const secret *from) {
  secret derived;
  derive(hash, &derived, from, "derived", NULL);
  extract(hash, out, bytes_of(&derived), zeros(hash));
  OPENSSL_cleanse(&derived, sizeof derived);
}

static law_bytes find_key(const law_pcap_secrets *secrets, law_bytes identities,
                          uint16_t *out_index) {
  law_bytes identity;
  for (uint16_t i = 0; law_tls_next_identity(&identities, &identity); i++) {
    law_bytes key = law_pcap_secrets_psk(secrets, identity);
    if (key.len > 0) {
      *out_index = i;
      return key;
    }
  }
  return law_bytes_of(NULL, 0);
}

law_tls13_psk *law_tls13_psk_new(const law_pcap_secrets *secrets, const law_tls_hello *hello,
                                 const law_tls_transcript *t) {
  uint16_t index = 0;
  law_bytes key = find_key(secrets, hello->identities, &index);
  law_tls13_psk *p = key.len > 0 ? calloc(1, sizeof *p) : NULL;
  if (!p) {
    return NULL;
  }
  secret early;
  p->index = index;
  p->key_len = (uint16_t)key.len;
  memcpy(p->key, key.data, key.len);
  /* The hash of a key from outside is SHA-256 unless it was agreed upon, 4.2.11. */
  early_secret(p, LAW_TLS_SHA256, &early);
  derive(LAW_TLS_SHA256, &p->known[LAW_SECRET_CLIENT_EARLY], &early, "c e traffic", t);
  OPENSSL_cleanse(&early, sizeof early);
  return p;
}

void law_tls13_psk_free(law_tls13_psk *p) {
  if (p) {
    OPENSSL_cleanse(p, sizeof *p);
    free(p);
  }
}

bool law_tls13_psk_server_hello(law_tls13_psk *p, const law_tls_hello *hello,
                                const law_tls_transcript *t) {
  const law_tls_suite *suite = law_tls_suite_of(hello->suite);
  secret early;
  if (!suite || !hello->pre_shared_key || hello->key_share || hello->selected != p->index) {
    return false;
  }
  p->hash = law_tls_suite_prf(suite);
  early_secret(p, p->hash, &early);
  next_stage(p->hash, &p->handshake, &early);
  derive(p->hash, &p->known[LAW_SECRET_CLIENT_HANDSHAKE], &p->handshake, "c hs traffic", t);
  derive(p->hash, &p->known[LAW_SECRET_SERVER_HANDSHAKE], &p->handshake, "s hs traffic", t);
  OPENSSL_cleanse(&early, sizeof early);
  return true;
}

void law_tls13_psk_finished(law_tls13_psk *p, const law_tls_transcript *t) {
  secret master;
  next_stage(p->hash, &master, &p->handshake);
  derive(p->hash, &p->known[LAW_SECRET_CLIENT_TRAFFIC], &master, "c ap traffic", t);
  derive(p->hash, &p->known[LAW_SECRET_SERVER_TRAFFIC], &master, "s ap traffic", t);
  OPENSSL_cleanse(&master, sizeof master);
}

law_bytes law_tls13_psk_secret(const law_tls13_psk *p, law_secret_label label) {
  return bytes_of(&p->known[label]);
}
