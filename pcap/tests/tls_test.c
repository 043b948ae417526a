#include "pcap/tls.h"

#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rfc8448.h"
#include "tls_heard.h"

typedef struct reading {
  heard *heard;
  law_pcap_secrets *secrets;
  law_pcap_tls *tls;
} reading;

static reading begin(law_pcap_secrets *secrets) {
  reading r = {heard_new(), secrets, NULL};
  law_tls_sink sink = heard_sink(r.heard);
  r.tls = law_pcap_tls_new(secrets, &sink);
  assert_non_null(r.tls);
  return r;
}

static void end(reading *r) {
  law_pcap_tls_free(r->tls);
  law_pcap_secrets_free(r->secrets);
  heard_free(r->heard);
}

/* Cut into pieces of up to |piece| bytes, each in memory of its own size, so that a read behind its
 * end is seen. */
static void push_cut(reading *r, unsigned from, law_bytes bytes, uint32_t *seed, uint32_t piece) {
  while (bytes.len > 0) {
    size_t len = 1 + below(seed, piece);
    len = len < bytes.len ? len : bytes.len;
    uint8_t *copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, len);
    law_pcap_tls_push(r->tls, from, law_bytes_of(copy, len));
    free(copy);
    bytes = law_bytes_of(bytes.data + len, bytes.len - len);
  }
}

static void push_chunks(reading *r, const pair *p, size_t first, size_t last, uint32_t seed,
                        uint32_t piece) {
  for (size_t i = first; i < last; i++) {
    push_cut(r, p->chunks[i].from, pair_bytes(p, &p->chunks[i]), &seed, piece);
  }
}

static void expect_readable(const reading *r) {
  for (unsigned from = 0; from < 2; from++) {
    if (law_pcap_tls_unreadable(r->tls, from)) {
      fail_msg("%s", law_pcap_tls_unreadable(r->tls, from));
    }
  }
}

static void expect_unreadable(const reading *r, unsigned from, const char *why) {
  const char *said = law_pcap_tls_unreadable(r->tls, from);
  assert_non_null(said);
  if (!strstr(said, why)) {
    fail_msg("\"%s\" lacks \"%s\"", said, why);
  }
}

/* The whole of |p| is read, with its key log or its pre-shared key, in several cuts. */
static void read_all(const pair *p, bool psk) {
  static const uint32_t pieces[] = {1, 7, 200, 3000, 100000};
  for (uint32_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
    reading r = begin(pair_secrets(p, psk));
    push_chunks(&r, p, 0, p->num_chunks, i + 1, pieces[i]);
    expect_readable(&r);
    heard_all(r.heard, p);
    assert_int_equal(law_pcap_tls_client(r.tls), 0);
    end(&r);
  }
}

static void talk(pair *p) {
  pair_say(p, 0, 1);
  pair_say(p, 1, 37);
  pair_say(p, 0, 16384);
  pair_say(p, 1, 40000);
  pair_say(p, 0, 300);
}

static void talk_and_read(pair_setup setup, bool psk) {
  pair *p = pair_new(&setup);
  pair_handshake(p);
  talk(p);
  pair_close(p, 0);
  pair_close(p, 1);
  read_all(p, psk);
  pair_free(p);
}

/* ---- Every suite ---- */

static const char *const suites12[] = {
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "DHE-RSA-AES128-GCM-SHA256",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "ADH-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES128-CCM",
    "ECDHE-ECDSA-AES256-CCM",
    "ECDHE-ECDSA-AES128-CCM8",
    "ECDHE-ECDSA-AES256-CCM8",
    "DHE-RSA-AES128-CCM",
    "AES256-CCM8",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "DHE-RSA-CHACHA20-POLY1305",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES128-SHA256",
    "ECDHE-RSA-AES256-SHA384",
    "DHE-RSA-AES256-SHA256",
    "AES128-SHA",
    "AES256-SHA256",
    "ADH-AES256-SHA",
    "AECDH-AES128-SHA",
    "NULL-SHA",
    "NULL-SHA256",
    "ECDHE-RSA-NULL-SHA",
};

static void reads_tls12_suites(void **state) {
  (void)state;
  static const uint64_t options[] = {0, SSL_OP_NO_ENCRYPT_THEN_MAC,
                                     SSL_OP_NO_EXTENDED_MASTER_SECRET};
  for (size_t i = 0; i < sizeof suites12 / sizeof suites12[0]; i++) {
    for (size_t j = 0; j < sizeof options / sizeof options[0]; j++) {
      talk_and_read(
          (pair_setup){.version = TLS1_2_VERSION, .ciphers = suites12[i], .options = options[j]},
          false);
    }
  }
}

static const char *const suites_psk[] = {
    "PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384", "PSK-CHACHA20-POLY1305", "PSK-AES128-CCM",
    "PSK-AES256-CCM",        "PSK-AES128-CCM8",       "PSK-AES256-CCM8",       "PSK-AES128-CBC-SHA",
    "PSK-AES256-CBC-SHA",    "PSK-AES128-CBC-SHA256", "PSK-AES256-CBC-SHA384", "PSK-NULL-SHA",
    "PSK-NULL-SHA256",       "PSK-NULL-SHA384",
};

static void reads_psk_suites(void **state) {
  (void)state;
  static const uint64_t options[] = {0, SSL_OP_NO_ENCRYPT_THEN_MAC,
                                     SSL_OP_NO_EXTENDED_MASTER_SECRET};
  for (size_t i = 0; i < sizeof suites_psk / sizeof suites_psk[0]; i++) {
    for (size_t j = 0; j < sizeof options / sizeof options[0]; j++) {
      pair_setup setup = {
          .version = TLS1_2_VERSION, .ciphers = suites_psk[i], .psk = true, .options = options[j]};
      talk_and_read(setup, true);
      talk_and_read(setup, false);
    }
  }
}

/* Those whose secret needs more than the key that both share. */
static void reads_other_psk_suites(void **state) {
  (void)state;
  static const char *const suites[] = {"DHE-PSK-AES128-GCM-SHA256",   "ECDHE-PSK-CHACHA20-POLY1305",
                                       "DHE-PSK-AES128-CCM8",         "ECDHE-PSK-AES128-CBC-SHA256",
                                       "ECDHE-PSK-AES256-CBC-SHA384", "DHE-PSK-AES128-CBC-SHA"};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    pair_setup setup = {.version = TLS1_2_VERSION, .ciphers = suites[i], .psk = true};
    talk_and_read(setup, false);
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 10);
    reading r = begin(pair_secrets(p, true));
    push_chunks(&r, p, 0, p->num_chunks, 1, 100);
    assert_int_equal(r.heard->len[0], 0);
    expect_unreadable(&r, 0, "neither in the capture nor in a key log");
    end(&r);
    pair_free(p);
  }
}

static void reads_tls13_suites(void **state) {
  (void)state;
  static const char *const suites[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                       "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
                                       "TLS_AES_128_CCM_8_SHA256"};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    pair_setup setup = {.version = TLS1_3_VERSION, .suites = suites[i]};
    talk_and_read(setup, false);
    setup.options = SSL_OP_ENABLE_MIDDLEBOX_COMPAT;
    talk_and_read(setup, false);
  }
}

/* Both ends know a key, and have no group in common. */
static pair_setup psk_ke(uint16_t suite, const char *name) {
  return (pair_setup){.version = TLS1_3_VERSION,
                      .suites = name,
                      .psk13 = suite,
                      .client_groups = "P-256",
                      .server_groups = "X25519",
                      .options = SSL_OP_ALLOW_NO_DHE_KEX};
}

static void reads_tls13_from_a_key_alone(void **state) {
  (void)state;
  static const uint16_t suites[] = {0x1301, 0x1302, 0x1303};
  static const char *const names[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                      "TLS_CHACHA20_POLY1305_SHA256"};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    talk_and_read(psk_ke(suites[i], names[i]), true);
    talk_and_read(psk_ke(suites[i], names[i]), false);
  }
}

static void reads_early_data_from_a_key_alone(void **state) {
  (void)state;
  pair_setup setup = psk_ke(0x1301, "TLS_AES_128_GCM_SHA256");
  setup.early_max = 16384;
  pair *p = pair_new(&setup);
  assert_true(pair_say_early(p, 1000));
  pair_handshake(p);
  talk(p);
  read_all(p, true);
  pair_free(p);
}

/* With a Diffie-Hellman exchange the key is not enough. */
static void a_key_is_not_enough_for_psk_dhe_ke(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .psk13 = 0x1301};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  pair_say(p, 0, 10);
  reading r = begin(pair_secrets(p, true));
  push_chunks(&r, p, 0, p->num_chunks, 1, 100);
  expect_unreadable(&r, 0, "its secrets are neither in the capture nor in a key log");
  end(&r);
  read_all(p, false);
  pair_free(p);
}

/* ---- RFC 8448 ---- */

static size_t from_hex(uint8_t *out, const char *hex) {
  size_t len = strlen(hex) / 2;
  for (size_t i = 0; i < len; i++) {
    unsigned byte;
    assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
    out[i] = (uint8_t)byte;
  }
  return len;
}

static void push_hex(reading *r, unsigned from, const char *hex) {
  uint8_t bytes[1024];
  uint32_t seed = 1;
  push_cut(r, from, law_bytes_of(bytes, from_hex(bytes, hex)), &seed, 50);
}

static law_pcap_secrets *secrets_of(const char *text) {
  char error[LAW_SECRETS_TEXT];
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  assert_true(law_pcap_secrets_add_keylog(s, law_bytes_of(text, strlen(text)), error));
  return s;
}

static void push_rfc8448(reading *r) {
  push_hex(r, 1, rfc8448_client_hello);
  push_hex(r, 0, rfc8448_server_hello);
  push_hex(r, 0, rfc8448_server_flight);
  push_hex(r, 1, rfc8448_client_finished);
  push_hex(r, 0, rfc8448_ticket);
  push_hex(r, 1, rfc8448_client_data);
  push_hex(r, 0, rfc8448_server_data);
  push_hex(r, 1, rfc8448_client_alert);
  push_hex(r, 0, rfc8448_server_alert);
}

static void expect_rfc8448(const reading *r) {
  for (unsigned from = 0; from < 2; from++) {
    assert_int_equal(r->heard->len[from], 50);
    for (size_t i = 0; i < 50; i++) {
      assert_int_equal(r->heard->data[from][i], i);
    }
    assert_true(r->heard->ended[from]);
  }
  expect_readable(r);
  assert_int_equal(law_pcap_tls_client(r->tls), 1);
  assert_string_equal(law_pcap_tls_version(r->tls), "TLS 1.3");
}

#define HANDSHAKE_LINES                                                                 \
  "CLIENT_HANDSHAKE_TRAFFIC_SECRET " RFC8448_CLIENT_RANDOM " " RFC8448_CLIENT_HANDSHAKE \
  "\n"                                                                                  \
  "SERVER_HANDSHAKE_TRAFFIC_SECRET " RFC8448_CLIENT_RANDOM " " RFC8448_SERVER_HANDSHAKE "\n"
#define TRAFFIC_LINES                                                         \
  "CLIENT_TRAFFIC_SECRET_0 " RFC8448_CLIENT_RANDOM " " RFC8448_CLIENT_TRAFFIC \
  "\n"                                                                        \
  "SERVER_TRAFFIC_SECRET_0 " RFC8448_CLIENT_RANDOM " " RFC8448_SERVER_TRAFFIC "\n"

static void reads_rfc8448(void **state) {
  (void)state;
  reading r = begin(secrets_of(HANDSHAKE_LINES TRAFFIC_LINES));
  push_rfc8448(&r);
  expect_rfc8448(&r);
  assert_int_equal(r.heard->num_gaps[0] + r.heard->num_gaps[1], 0);
  end(&r);
}

static void traffic_secrets_alone_are_enough(void **state) {
  (void)state;
  reading r = begin(secrets_of(TRAFFIC_LINES));
  push_rfc8448(&r);
  expect_rfc8448(&r);
  end(&r);
}

static void handshake_secrets_alone_are_not(void **state) {
  (void)state;
  reading r = begin(secrets_of(HANDSHAKE_LINES));
  push_rfc8448(&r);
  for (unsigned from = 0; from < 2; from++) {
    assert_int_equal(r.heard->len[from], 0);
    assert_int_equal(r.heard->num_gaps[from], 1);
    expect_unreadable(&r, from, "TLS 1.3 connection cannot be read: its secrets are neither");
  }
  end(&r);
}

/* ---- TLS 1.3: what happens between the records ---- */

static void reads_retries(void **state) {
  (void)state;
  talk_and_read(
      (pair_setup){
          .version = TLS1_3_VERSION, .client_groups = "P-256:X25519", .server_groups = "X25519"},
      false);
}

static void reads_key_updates(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  for (int i = 0; i < 6; i++) {
    unsigned from = (unsigned)i % 2;
    pair_say(p, from, 500);
    int kind = i < 3 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
    assert_int_equal(SSL_key_update(p->ends[from], kind), 1);
    pair_say(p, from, 70);
    pair_say(p, 1 - from, 90);
  }
  read_all(p, false);
  pair_free(p);
}

static pair *after_a_ticket(const pair_setup *setup) {
  pair *p = pair_new(setup);
  pair_handshake(p);
  pair_say(p, 0, 10);
  pair_say(p, 1, 10);
  pair_close(p, 0);
  pair_close(p, 1);
  read_all(p, false);
  assert_non_null(p->session);
  return p;
}

static void reads_resumed_tls13(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  pair_handshake(p);
  assert_int_equal(SSL_session_reused(p->ends[0]), 1);
  talk(p);
  read_all(p, false);
  SSL_SESSION_free(session);
  pair_free(p);
}

static void reads_resumed_tls12(void **state) {
  (void)state;
  static const uint64_t options[] = {0, SSL_OP_NO_TICKET};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = TLS1_2_VERSION, .options = options[i]};
    pair *p = after_a_ticket(&setup);
    SSL_SESSION *session = SSL_SESSION_dup(p->session);
    setup.resume = session;
    pair_again(p, &setup);
    pair_handshake(p);
    assert_int_equal(SSL_session_reused(p->ends[0]), 1);
    talk(p);
    read_all(p, false);
    SSL_SESSION_free(session);
    pair_free(p);
  }
}

/* With a key log of nothing but the first connection, the second is not readable, and says why. */
static void says_that_a_resumed_secret_is_missing(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_2_VERSION, .ciphers = "PSK-AES128-GCM-SHA256", .psk = true};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  pair_handshake(p);
  assert_int_equal(SSL_session_reused(p->ends[0]), 1);
  pair_say(p, 0, 10);
  reading r = begin(pair_secrets(p, true));
  push_chunks(&r, p, 0, p->num_chunks, 1, 100);
  expect_unreadable(&r, 0, "a resumed session whose secret is not in a key log");
  end(&r);
  SSL_SESSION_free(session);
  pair_free(p);
}

static void reads_early_data(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .early_max = 16384};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  assert_true(pair_say_early(p, 1000));
  assert_true(pair_say_early(p, 10));
  pair_handshake(p);
  assert_int_equal(SSL_get_early_data_status(p->ends[0]), SSL_EARLY_DATA_ACCEPTED);
  talk(p);
  read_all(p, false);
  SSL_SESSION_free(session);
  pair_free(p);
}

/* It comes out late, and says where it stood. */
static void early_data_keeps_its_mark(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .early_max = 16384};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  assert_true(pair_say_early(p, 100));
  pair_handshake(p);
  pair_say(p, 1, 10);
  reading r = begin(pair_secrets(p, false));
  r.heard->tls = r.tls;
  uint64_t frame = 1;
  for (size_t i = 0; i < p->num_chunks; i++, frame++) {
    law_pcap_tls_mark(r.tls, (law_tls_mark){frame, frame});
    push_chunks(&r, p, i, i + 1, 1, 100000);
  }
  assert_int_equal(r.heard->first_frame[0], 1);
  assert_int_equal(r.heard->first_frame[1], frame - 1);
  end(&r);
  SSL_SESSION_free(session);
  pair_free(p);
}

/* Refused, the client sends it again: it must come out once. */
static void drops_refused_early_data(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .early_max = 16384};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  assert_int_equal(SSL_set_max_early_data(p->ends[1], 0), 1);
  assert_int_equal(SSL_set_recv_max_early_data(p->ends[1], 16384), 1);
  assert_false(pair_say_early(p, 1000));
  p->said_len[0] = 0;
  pair_handshake(p);
  assert_int_equal(SSL_get_early_data_status(p->ends[0]), SSL_EARLY_DATA_REJECTED);
  talk(p);
  read_all(p, false);
  SSL_SESSION_free(session);
  pair_free(p);
}

/* A server that asks for another hello has refused it as well. */
static void drops_early_data_before_a_retry(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .early_max = 16384};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  assert_int_equal(SSL_set1_groups_list(p->ends[0], "P-256:X25519"), 1);
  assert_int_equal(SSL_set1_groups_list(p->ends[1], "X25519"), 1);
  assert_false(pair_say_early(p, 1000));
  p->said_len[0] = 0;
  pair_handshake(p);
  talk(p);
  read_all(p, false);
  SSL_SESSION_free(session);
  pair_free(p);
}

/* Without its own secret, taken 0-RTT data is a gap, and what follows it is read. */
static void tells_of_early_data_that_it_cannot_read(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION, .early_max = 16384};
  pair *p = after_a_ticket(&setup);
  SSL_SESSION *session = SSL_SESSION_dup(p->session);
  setup.resume = session;
  pair_again(p, &setup);
  assert_true(pair_say_early(p, 1000));
  pair_handshake(p);
  pair_say(p, 0, 200);
  char *line = strstr(p->keylog, "CLIENT_EARLY_TRAFFIC_SECRET");
  assert_non_null(line);
  line[0] = '#';
  reading r = begin(pair_secrets(p, false));
  push_chunks(&r, p, 0, p->num_chunks, 1, 100);
  expect_readable(&r);
  assert_int_equal(r.heard->num_gaps[0], 1);
  heard_end(r.heard, p, 0, 0, 200);
  end(&r);
  SSL_SESSION_free(session);
  pair_free(p);
}

/* ---- TLS 1.2: what happens between the records ---- */

static void reads_renegotiations(void **state) {
  (void)state;
  static const char *const suites[] = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = TLS1_2_VERSION,
                        .ciphers = suites[i],
                        .options = SSL_OP_ALLOW_CLIENT_RENEGOTIATION};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 100);
    assert_int_equal(SSL_renegotiate(p->ends[0]), 1);
    for (int step = 0; step < 6; step++) {
      uint8_t scratch[1];
      size_t len;
      (void)SSL_do_handshake(p->ends[0]);
      pair_carry(p, 0);
      (void)SSL_peek_ex(p->ends[1], scratch, 1, &len);
      pair_carry(p, 1);
    }
    talk(p);
    read_all(p, false);
    pair_free(p);
  }
}

/* ---- What cannot be read ---- */

static void says_that_secrets_are_missing(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  static const char *const names[] = {"this TLS 1.2 connection", "this TLS 1.3 connection"};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 10);
    pair_say(p, 1, 10);
    reading r = begin(law_pcap_secrets_new());
    push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
    for (unsigned from = 0; from < 2; from++) {
      expect_unreadable(&r, from, names[i]);
      expect_unreadable(&r, from, "neither in the capture nor in a key log");
      assert_int_equal(r.heard->len[from], 0);
      assert_int_equal(r.heard->num_gaps[from], 1);
    }
    end(&r);
    pair_free(p);
  }
}

/* Nothing secret is in text that nobody encrypted. */
static void reads_null_suites_without_secrets(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_2_VERSION, .ciphers = "NULL-SHA256"};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  talk(p);
  reading r = begin(law_pcap_secrets_new());
  push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
  expect_readable(&r);
  heard_all(r.heard, p);
  end(&r);
  pair_free(p);
}

static void reads_on_when_secrets_come_late(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  for (size_t i = 0; i < 2; i++) {
    char error[LAW_SECRETS_TEXT];
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 100);
    pair_say(p, 1, 100);
    size_t middle = p->num_chunks;
    pair_say(p, 0, 77);
    pair_say(p, 1, 77);
    reading r = begin(law_pcap_secrets_new());
    push_chunks(&r, p, 0, middle, 1, 1000);
    assert_non_null(law_pcap_tls_unreadable(r.tls, 0));
    assert_true(
        law_pcap_secrets_add_keylog(r.secrets, law_bytes_of(p->keylog, p->keylog_len), error));
    push_chunks(&r, p, middle, p->num_chunks, 1, 1000);
    expect_readable(&r);
    for (unsigned from = 0; from < 2; from++) {
      assert_int_equal(r.heard->num_gaps[from], 1);
      heard_end(r.heard, p, from, 0, 77);
    }
    end(&r);
    pair_free(p);
  }
}

static void says_that_a_suite_is_unknown(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_2_VERSION, .ciphers = "CAMELLIA128-SHA"};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  pair_say(p, 0, 10);
  reading r = begin(pair_secrets(p, false));
  push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
  expect_unreadable(&r, 0, "cipher suite 0x0041 is none of those that can be read");
  end(&r);
  pair_free(p);
}

static void says_that_a_version_is_old(void **state) {
  (void)state;
  static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
  static const char *const why[] = {"it is TLS 1.0, and only", "it is TLS 1.1, and only"};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 10);
    reading r = begin(pair_secrets(p, false));
    push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
    expect_unreadable(&r, 0, why[i]);
    expect_unreadable(&r, 1, why[i]);
    end(&r);
    pair_free(p);
  }
}

static void says_that_a_record_does_not_authenticate(void **state) {
  (void)state;
  static const char *const suites[] = {"ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA",
                                       "ECDHE-ECDSA-AES128-CCM8", "ECDHE-RSA-CHACHA20-POLY1305",
                                       "NULL-SHA"};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    pair_setup setup = {.version = TLS1_2_VERSION, .ciphers = suites[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 50);
    pair_say(p, 0, 60);
    p->wire[p->chunks[p->num_chunks - 1].at + 20] ^= 4;
    pair_say(p, 0, 70);
    pair_say(p, 1, 80);
    reading r = begin(pair_secrets(p, false));
    push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
    expect_unreadable(&r, 0, "record 2 of the client does not authenticate");
    assert_int_equal(r.heard->len[0], 50);
    assert_int_equal(r.heard->num_gaps[0], 1);
    assert_null(law_pcap_tls_unreadable(r.tls, 1));
    heard_end(r.heard, p, 1, 0, 80);
    end(&r);
    pair_free(p);
  }
}

static void says_that_secrets_are_of_another(void **state) {
  (void)state;
  reading r = begin(secrets_of("SERVER_HANDSHAKE_TRAFFIC_SECRET " RFC8448_CLIENT_RANDOM
                               " " RFC8448_CLIENT_HANDSHAKE "\n" TRAFFIC_LINES));
  push_rfc8448(&r);
  assert_int_equal(r.heard->len[0], 0);
  expect_unreadable(&r, 0, "record 0 of the server does not authenticate");
  end(&r);
}

static void says_that_it_began_before_the_capture(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    size_t first = p->num_chunks;
    pair_say(p, 0, 10);
    pair_say(p, 1, 10);
    reading r = begin(pair_secrets(p, false));
    push_chunks(&r, p, first, p->num_chunks, 1, 1000);
    for (unsigned from = 0; from < 2; from++) {
      expect_unreadable(&r, from, "the capture lacks the handshake that its keys come from");
      assert_int_equal(r.heard->len[from], 0);
    }
    assert_int_equal(law_pcap_tls_client(r.tls), -1);
    end(&r);
    pair_free(p);
  }
}

static void says_that_it_is_no_tls(void **state) {
  (void)state;
  reading r = begin(law_pcap_secrets_new());
  law_pcap_tls_push(r.tls, 0, law_bytes_of("\x10\x0c\x00\x04MQTT\x05", 9));
  expect_unreadable(&r, 0, "what follows is no record of TLS");
  law_pcap_tls_push(r.tls, 0, law_bytes_of("\x16\x03\x01\x00\x04", 5));
  end(&r);
}

/* ---- Lost bytes ---- */

/* Each chunk of a talk in turn is lost: what comes after it is read, and nothing twice. */
static void reads_on_after_lost_bytes(void **state) {
  (void)state;
  static const char *const suites[] = {"ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-SHA",
                                       "ECDHE-RSA-CHACHA20-POLY1305", NULL};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    pair_setup setup = {.version = suites[i] ? TLS1_2_VERSION : TLS1_3_VERSION,
                        .ciphers = suites[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    size_t first = p->num_chunks;
    for (int j = 0; j < 12; j++) {
      pair_say(p, 0, 100 + (size_t)j);
    }
    for (size_t lost = first; lost < p->num_chunks - 1; lost++) {
      reading r = begin(pair_secrets(p, false));
      push_chunks(&r, p, 0, lost, 1, 1000);
      law_pcap_tls_gap(r.tls, 0, p->chunks[lost].len);
      expect_unreadable(&r, 0, "bytes of the client are not in the capture");
      push_chunks(&r, p, lost + 1, p->num_chunks, 1, 1000);
      expect_readable(&r);
      assert_int_equal(r.heard->num_gaps[0], 1);
      assert_int_equal(r.heard->len[0], p->said_len[0] - (100 + lost - first));
      heard_end(r.heard, p, 0, r.heard->gap_at[0], r.heard->len[0] - r.heard->gap_at[0]);
      end(&r);
    }
    pair_free(p);
  }
}

/* A gap anywhere in the stream, of any length: what comes out is what was said, less something in
 * the middle, or a sentence. */
static void lost_bytes_give_no_wrong_ones(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  uint32_t seed = 7;
  size_t num_gaps_in_all = 0;
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    size_t client_len;
    for (int j = 0; j < 20; j++) {
      pair_say(p, 1, 30 + below(&seed, 3000));
    }
    uint8_t *server = pair_stream(p, 1, &client_len);
    size_t server_len = client_len;
    uint8_t *client = pair_stream(p, 0, &client_len);
    for (int run = 0; run < 200; run++) {
      size_t at = below(&seed, (uint32_t)server_len);
      size_t len = 1 + below(&seed, 5000);
      len = len < server_len - at ? len : server_len - at;
      reading r = begin(pair_secrets(p, false));
      push_cut(&r, 0, law_bytes_of(client, client_len), &seed, 3000);
      push_cut(&r, 1, law_bytes_of(server, at), &seed, 3000);
      law_pcap_tls_gap(r.tls, 1, run % 2 ? len : 0);
      push_cut(&r, 1, law_bytes_of(server + at + len, server_len - at - len), &seed, 3000);
      size_t before = r.heard->gap_at[1];
      size_t num_gaps = r.heard->num_gaps[1];
      assert_true(num_gaps == 1 || r.heard->len[1] == 0 || r.heard->len[1] == p->said_len[1]);
      num_gaps_in_all += num_gaps;
      assert_memory_equal(r.heard->data[1], p->said[1], before);
      heard_end(r.heard, p, 1, before, r.heard->len[1] - before);
      assert_true(r.heard->len[1] > before || law_pcap_tls_unreadable(r.tls, 1) ||
                  p->said_len[1] - before <= len);
      end(&r);
    }
    free(server);
    free(client);
    pair_free(p);
  }
  assert_true(num_gaps_in_all > 200);
}

/* The certificates are lost, as short captures do: the keys do not come from them. */
static void reads_on_when_certificates_are_lost(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    talk(p);
    reading r = begin(pair_secrets(p, false));
    assert_int_equal(p->chunks[1].from, 1);
    law_bytes flight = pair_bytes(p, &p->chunks[1]);
    push_chunks(&r, p, 0, 1, 1, 1000);
    law_pcap_tls_push(r.tls, 1, law_bytes_of(flight.data, 200));
    law_pcap_tls_gap(r.tls, 1, 100);
    law_pcap_tls_push(r.tls, 1, law_bytes_of(flight.data + 300, flight.len - 300));
    push_chunks(&r, p, 2, p->num_chunks, 1, 1000);
    expect_readable(&r);
    heard_all(r.heard, p); /* without a gap: nothing that was said is lost */
    end(&r);
    pair_free(p);
  }
}

/* The server's handshake cannot be read for want of its bytes: what the client says is told, after
 * it is told that the server's answers are not. */
static void tells_a_gap_before_the_other_side_goes_on(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  pair_say(p, 0, 100);
  reading r = begin(pair_secrets(p, false));
  law_bytes flight = pair_bytes(p, &p->chunks[1]);
  push_chunks(&r, p, 0, 1, 1, 1000);
  law_pcap_tls_push(r.tls, 1, law_bytes_of(flight.data, 200));
  law_pcap_tls_gap(r.tls, 1, 0);
  assert_int_equal(r.heard->num_gaps[1], 0);
  for (size_t i = 2; i < p->num_chunks; i++) {
    if (p->chunks[i].from == 0) {
      push_chunks(&r, p, i, i + 1, 1, 1000);
    }
  }
  heard_end(r.heard, p, 0, 0, 100);
  assert_int_equal(r.heard->num_gaps[1], 1);
  end(&r);
  pair_free(p);
}

/* A gap before the first hello is none to the reader. */
static void finds_a_hello_after_a_gap(void **state) {
  (void)state;
  pair_setup setup = {.version = TLS1_3_VERSION};
  pair *p = pair_new(&setup);
  pair_handshake(p);
  talk(p);
  reading r = begin(pair_secrets(p, false));
  law_pcap_tls_gap(r.tls, 0, 0);
  law_pcap_tls_gap(r.tls, 1, 0);
  push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
  expect_readable(&r);
  heard_all(r.heard, p);
  end(&r);
  pair_free(p);
}

/* ---- What else is told ---- */

static void tells_alpn_and_ends(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i], .alpn = "\x04mqtt"};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    pair_say(p, 0, 5);
    pair_close(p, 0);
    reading r = begin(pair_secrets(p, false));
    push_chunks(&r, p, 0, p->num_chunks, 1, 1000);
    law_bytes alpn = law_pcap_tls_alpn(r.tls);
    assert_int_equal(alpn.len, 4);
    assert_memory_equal(alpn.data, "mqtt", 4);
    assert_true(r.heard->ended[0]);
    assert_false(r.heard->ended[1]);
    end(&r);
    pair_free(p);
  }
}

static void detects_tls(void **state) {
  (void)state;
  uint8_t hello[1024];
  size_t len = from_hex(hello, rfc8448_client_hello);
  assert_true(law_tls_detect(law_bytes_of(hello, len)));
  assert_true(law_tls_detect(law_bytes_of(hello, 6)));
  assert_false(law_tls_detect(law_bytes_of(hello, 5)));
  assert_true(law_tls_detect(law_bytes_of("\x17\x03\x03\x00\x20x", 6)));
  assert_true(law_tls_detect(law_bytes_of("\x14\x03\x03\x00\x01\x01", 6)));
  assert_false(law_tls_detect(law_bytes_of("\x14\x03\x03\x00\x02\x01", 6)));
  assert_false(law_tls_detect(law_bytes_of("\x17\x03\x03\xff\xffx", 6)));
  assert_false(law_tls_detect(law_bytes_of("\x10\x0c\x00\x04MQTT", 8)));
  assert_false(law_tls_detect(law_bytes_of("\x16\xfe\xff\x00\x00\x00", 6)));
  assert_false(law_tls_detect(law_bytes_of("GET / HTTP/1.1", 14)));
}

/* Any bytes at all: no crash, and memory of a record at most. */
static void survives_noise(void **state) {
  (void)state;
  static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
  uint32_t seed = 3;
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = {.version = versions[i]};
    pair *p = pair_new(&setup);
    pair_handshake(p);
    talk(p);
    uint8_t *wire = malloc(p->wire_len);
    assert_non_null(wire);
    for (int run = 0; run < 300; run++) {
      memcpy(wire, p->wire, p->wire_len);
      for (uint32_t j = below(&seed, 8); j > 0; j--) {
        p->wire[below(&seed, (uint32_t)(run % 2 ? 2000 : p->wire_len))] ^=
            (uint8_t)(1u << below(&seed, 8));
      }
      reading r = begin(pair_secrets(p, false));
      push_chunks(&r, p, 0, p->num_chunks, seed, 5000);
      end(&r);
      memcpy(p->wire, wire, p->wire_len);
    }
    free(wire);
    pair_free(p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_tls12_suites),
      cmocka_unit_test(reads_psk_suites),
      cmocka_unit_test(reads_other_psk_suites),
      cmocka_unit_test(reads_tls13_suites),
      cmocka_unit_test(reads_tls13_from_a_key_alone),
      cmocka_unit_test(reads_early_data_from_a_key_alone),
      cmocka_unit_test(a_key_is_not_enough_for_psk_dhe_ke),
      cmocka_unit_test(reads_rfc8448),
      cmocka_unit_test(traffic_secrets_alone_are_enough),
      cmocka_unit_test(handshake_secrets_alone_are_not),
      cmocka_unit_test(reads_retries),
      cmocka_unit_test(reads_key_updates),
      cmocka_unit_test(reads_resumed_tls13),
      cmocka_unit_test(reads_resumed_tls12),
      cmocka_unit_test(says_that_a_resumed_secret_is_missing),
      cmocka_unit_test(reads_early_data),
      cmocka_unit_test(early_data_keeps_its_mark),
      cmocka_unit_test(drops_refused_early_data),
      cmocka_unit_test(drops_early_data_before_a_retry),
      cmocka_unit_test(tells_of_early_data_that_it_cannot_read),
      cmocka_unit_test(reads_renegotiations),
      cmocka_unit_test(says_that_secrets_are_missing),
      cmocka_unit_test(reads_null_suites_without_secrets),
      cmocka_unit_test(reads_on_when_secrets_come_late),
      cmocka_unit_test(says_that_a_suite_is_unknown),
      cmocka_unit_test(says_that_a_version_is_old),
      cmocka_unit_test(says_that_a_record_does_not_authenticate),
      cmocka_unit_test(says_that_secrets_are_of_another),
      cmocka_unit_test(says_that_it_began_before_the_capture),
      cmocka_unit_test(says_that_it_is_no_tls),
      cmocka_unit_test(reads_on_after_lost_bytes),
      cmocka_unit_test(lost_bytes_give_no_wrong_ones),
      cmocka_unit_test(reads_on_when_certificates_are_lost),
      cmocka_unit_test(tells_a_gap_before_the_other_side_goes_on),
      cmocka_unit_test(finds_a_hello_after_a_gap),
      cmocka_unit_test(tells_alpn_and_ends),
      cmocka_unit_test(detects_tls),
      cmocka_unit_test(survives_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
