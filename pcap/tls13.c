#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/tls_internal.h"

/* ---- Secrets and ciphers ---- */

static law_secret_label label_of(bool client, law_tls_phase phase) {
  switch (phase) {
    case LAW_TLS_EARLY:
      return LAW_SECRET_CLIENT_EARLY;
    case LAW_TLS_SHAKING:
      return client ? LAW_SECRET_CLIENT_HANDSHAKE : LAW_SECRET_SERVER_HANDSHAKE;
    default:
      return client ? LAW_SECRET_CLIENT_TRAFFIC : LAW_SECRET_SERVER_TRAFFIC;
  }
}

static law_bytes secret_of(const law_pcap_tls *t, unsigned from, law_tls_phase phase) {
  law_secret_label label = label_of(law_tls_is_client(t, from), phase);
  law_bytes logged = law_pcap_secrets_find(t->secrets, label, t->handshake.client_random);
  return logged.len == 0 && t->psk ? law_tls13_psk_secret(t->psk, label) : logged;
}

static law_tls_cipher *cipher_of(const law_tls_suite *suite, law_bytes secret) {
  law_tls_keys keys = {{0}, {0}, {0}};
  law_tls_cipher *cipher = NULL;
  if (law_tls_traffic_keys(suite, &keys, secret)) {
    cipher = law_tls_cipher_new(suite, &keys, true, false);
  }
  OPENSSL_cleanse(&keys, sizeof keys);
  return cipher;
}

static bool fits(const law_tls_suite *suite, law_bytes secret) {
  return suite && secret.len == law_tls_hash_len(law_tls_suite_prf(suite));
}

static void enter(law_tls_side *s, law_tls_phase phase, law_tls_cipher *cipher, law_bytes secret) {
  law_tls_install(s, phase, cipher);
  s->secret_len = (uint8_t)secret.len;
  if (secret.len > 0) {
    memcpy(s->secret, secret.data, secret.len);
  }
}

/* ---- Opening ---- */

static law_tls_record record_of(const law_tls_frame *frame) {
  return (law_tls_record){.layout = LAW_TLS_LAYOUT_13,
                          .type = frame->type,
                          .version = frame->version,
                          .fragment = frame->fragment};
}

/* |phase| as another one than the current: its records are counted from 0. */
static bool try_suite(law_pcap_tls *t, unsigned from, law_tls_text *out, const law_tls_frame *frame,
                      law_tls_phase phase, const law_tls_suite *suite) {
  law_tls_side *s = &t->sides[from];
  law_bytes secret = secret_of(t, from, phase);
  law_tls_cipher *cipher = fits(suite, secret) ? cipher_of(suite, secret) : NULL;
  if (!cipher) {
    return false;
  }
  if (!law_tls_try(s, cipher, out, record_of(frame), 0, s->slack)) {
    law_tls_cipher_free(cipher);
    return false;
  }
  uint64_t seq = s->seq;
  enter(s, phase, cipher, secret);
  s->seq = seq;
  return true;
}

/* 0-RTT data has the suite of the session that it resumes, which no message names. */
static bool try_early(law_pcap_tls *t, unsigned from, law_tls_text *out,
                      const law_tls_frame *frame) {
  static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304, 0x1305};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    if (try_suite(t, from, out, frame, LAW_TLS_EARLY, law_tls_suite_of(suites[i]))) {
      return true;
    }
  }
  return false;
}

static bool try_phase(law_pcap_tls *t, unsigned from, law_tls_text *out, const law_tls_frame *frame,
                      law_tls_phase phase) {
  law_tls_side *s = &t->sides[from];
  if (phase == s->phase && s->cipher) {
    return law_tls_try(s, s->cipher, out, record_of(frame), s->seq, s->slack);
  }
  if (phase == LAW_TLS_EARLY) {
    return try_early(t, from, out, frame);
  }
  return try_suite(t, from, out, frame, phase, t->handshake.suite);
}

/* The content's type is the last byte that is not zero (RFC 8446, 5.2). */
static bool strip(law_tls_text *text) {
  while (text->len > 0 && text->data[text->len - 1] == 0) {
    text->len--;
  }
  if (text->len == 0) {
    return false;
  }
  text->type = text->data[--text->len];
  return true;
}

static bool is_missing(const law_pcap_tls *t, unsigned from, law_tls_phase phase) {
  return !t->handshake.suite || secret_of(t, from, phase).len == 0;
}

static const char *reason_of(const law_pcap_tls *t) {
  if (t->version != LAW_TLS_1_3 || !t->handshake.has_client) {
    return "the capture lacks the handshake that its keys come from";
  }
  return t->handshake.suite ? "its secrets are neither in the capture nor in a key log"
                            : "its cipher suite is none of those that can be read";
}

law_tls_opened law_tls13_open(law_pcap_tls *t, unsigned from, law_tls_text *out,
                              const law_tls_frame *frame) {
  law_tls_side *s = &t->sides[from];
  law_tls_phase first = s->phase < LAW_TLS_EARLY ? LAW_TLS_SHAKING : s->phase;
  bool missing = false;
  for (unsigned phase = first; phase <= LAW_TLS_TRAFFIC; phase++) {
    if (try_phase(t, from, out, frame, (law_tls_phase)phase)) {
      return strip(out) ? LAW_TLS_OPENED : LAW_TLS_WRONG;
    }
    missing = missing || is_missing(t, from, (law_tls_phase)phase);
  }
  if (s->phase == LAW_TLS_EARLY) {
    law_tls_early_unread(t);
  }
  if (!missing) {
    return LAW_TLS_WRONG;
  }
  law_tls_explain(t, s, "%s", reason_of(t));
  return LAW_TLS_UNREAD;
}

/* ---- What is inside ---- */

static void application_data(law_pcap_tls *t, unsigned from, law_bytes plain) {
  if (t->sides[from].phase == LAW_TLS_EARLY) {
    law_tls_early_data(t, plain);
    return;
  }
  if (law_tls_is_client(t, from) && t->early == LAW_TLS_EARLY_OFFERED) {
    /* Nobody could read what the server said to it. */
    law_tls_early_settle(t, LAW_TLS_EARLY_REFUSED);
    law_tls_hole(t, from);
  }
  law_tls_deliver(t, from, plain);
}

void law_tls13_content(law_pcap_tls *t, unsigned from, const law_tls_text *text) {
  law_bytes bytes = law_bytes_of(text->data, text->len);
  if (text->type == LAW_TLS_APPLICATION_DATA) {
    application_data(t, from, bytes);
  } else if (text->type == LAW_TLS_HANDSHAKE) {
    law_tls_handshake_bytes(t, from, bytes);
  } else if (text->type == LAW_TLS_ALERT) {
    law_tls_alert(t, from, bytes);
  }
}

/* The next generation of keys, 7.2. */
static void update(law_pcap_tls *t, law_tls_side *s) {
  const law_tls_suite *suite = t->handshake.suite;
  uint8_t secret[LAW_TLS_HASH_MAX] = {0};
  law_bytes next = law_bytes_of(secret, s->secret_len);
  if (s->phase != LAW_TLS_TRAFFIC || s->secret_len == 0 ||
      !law_tls_expand(law_tls_suite_prf(suite), secret, next.len,
                      law_bytes_of(s->secret, s->secret_len), "traffic upd",
                      law_bytes_of(NULL, 0))) {
    return;
  }
  law_tls_cipher *cipher = cipher_of(suite, next);
  if (cipher) {
    enter(s, LAW_TLS_TRAFFIC, cipher, next);
  }
  OPENSSL_cleanse(secret, sizeof secret);
}

static void encrypted_extensions(law_pcap_tls *t, const law_tls_message *message) {
  law_tls_hello hello;
  if (law_tls_encrypted_extensions(&hello, law_tls_message_body(message))) {
    law_tls_keep_alpn(t, hello.alpn);
    law_tls_early_settle(t, hello.early_data ? LAW_TLS_EARLY_TAKEN : LAW_TLS_EARLY_REFUSED);
  }
}

/* The secret of the next phase is looked for when its first record comes. */
static void leave_for(law_tls_side *s, law_tls_phase phase) { law_tls_install(s, phase, NULL); }

/* The secrets of a pre-shared key go on from the server's Finished. */
static void finished(law_pcap_tls *t, bool client) {
  if (!client && t->psk && t->transcript) {
    law_tls13_psk_finished(t->psk, t->transcript);
  }
  law_tls_drop_transcript(t);
}

void law_tls13_message(law_pcap_tls *t, unsigned from, const law_tls_message *message) {
  law_tls_side *s = &t->sides[from];
  bool client = law_tls_is_client(t, from);
  if (message->type == LAW_TLS_KEY_UPDATE) {
    update(t, s);
  } else if (message->type == LAW_TLS_FINISHED && s->phase == LAW_TLS_SHAKING) {
    finished(t, client);
    leave_for(s, LAW_TLS_TRAFFIC);
  } else if (message->type == LAW_TLS_ENCRYPTED_EXTENSIONS && !client) {
    encrypted_extensions(t, message);
  } else if (message->type == LAW_TLS_END_OF_EARLY_DATA && client && s->phase == LAW_TLS_EARLY) {
    law_tls_early_settle(t, LAW_TLS_EARLY_TAKEN); /* only then it is sent, 4.5 */
    leave_for(s, LAW_TLS_SHAKING);
  }
}

void law_tls13_server_hello(law_pcap_tls *t, const law_tls_hello *hello) {
  law_tls_side *client = &t->sides[t->client];
  law_tls_side *server = &t->sides[1 - t->client];
  if (hello->retry || !hello->pre_shared_key) {
    law_tls_early_settle(t, LAW_TLS_EARLY_REFUSED);
  }
  if (hello->retry) {
    return;
  }
  t->handshake.suite_id = hello->suite;
  t->handshake.suite = law_tls_suite_of(hello->suite);
  if (t->handshake.suite && t->handshake.suite->exchange != LAW_TLS_EXCHANGE_TLS13) {
    t->handshake.suite = NULL;
  }
  if (!t->psk || !t->transcript || !law_tls13_psk_server_hello(t->psk, hello, t->transcript)) {
    law_tls_drop_transcript(t);
  }
  leave_for(server, LAW_TLS_SHAKING);
  if (client->phase == LAW_TLS_PLAIN) {
    leave_for(client, t->early == LAW_TLS_EARLY_NONE ? LAW_TLS_SHAKING : LAW_TLS_EARLY);
  }
}
