#include "pcap/dtls.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/quic.h"
#include "pcap/tls_keys.h"
#include "tls_heard.h"

enum { MAX_RECORDS = 1024, HEADER = 13 };

typedef struct record {
  unsigned from;
  law_bytes bytes;
} record;

/* Each record of a talk as a datagram of its own, so that they can be lost and mixed. */
typedef struct records {
  record items[MAX_RECORDS];
  size_t num;
} records;

typedef struct reading {
  heard *heard;
  law_pcap_secrets *secrets;
  law_pcap_dtls *dtls;
} reading;

static reading begin(law_pcap_secrets *secrets) {
  reading r = {heard_new(), secrets, NULL};
  law_tls_sink sink = heard_sink(r.heard);
  r.dtls = law_pcap_dtls_new(secrets, &sink);
  assert_non_null(r.dtls);
  return r;
}

static void end(reading *r) {
  law_pcap_dtls_free(r->dtls);
  law_pcap_secrets_free(r->secrets);
  heard_free(r->heard);
}

/* From memory of the datagram's own size, so that a read behind its end is seen. */
static void push(reading *r, unsigned from, law_bytes datagram) {
  uint8_t *copy = malloc(datagram.len > 0 ? datagram.len : 1);
  assert_non_null(copy);
  memcpy(copy, datagram.data, datagram.len);
  law_pcap_dtls_push(r->dtls, from, law_bytes_of(copy, datagram.len));
  free(copy);
}

static void push_records(reading *r, const records *all) {
  for (size_t i = 0; i < all->num; i++) {
    push(r, all->items[i].from, all->items[i].bytes);
  }
}

static void split(records *out, const pair *p) {
  out->num = 0;
  for (size_t i = 0; i < p->num_chunks; i++) {
    law_bytes bytes = pair_bytes(p, &p->chunks[i]);
    while (bytes.len > 0) {
      size_t len = HEADER + (size_t)(bytes.data[11] << 8 | bytes.data[12]);
      assert_true(len <= bytes.len && out->num < MAX_RECORDS);
      out->items[out->num++] = (record){p->chunks[i].from, law_bytes_of(bytes.data, len)};
      bytes = law_bytes_of(bytes.data + len, bytes.len - len);
    }
  }
}

static void expect_readable(const reading *r) {
  for (unsigned from = 0; from < 2; from++) {
    if (law_pcap_dtls_unreadable(r->dtls, from)) {
      fail_msg("%s", law_pcap_dtls_unreadable(r->dtls, from));
    }
  }
}

static void expect_unreadable(const reading *r, unsigned from, const char *why) {
  const char *said = law_pcap_dtls_unreadable(r->dtls, from);
  assert_non_null(said);
  if (!strstr(said, why)) {
    fail_msg("\"%s\" lacks \"%s\"", said, why);
  }
}

static void read_all(const pair *p, bool psk) {
  records all;
  split(&all, p);
  reading whole = begin(pair_secrets(p, psk));
  for (size_t i = 0; i < p->num_chunks; i++) {
    push(&whole, p->chunks[i].from, pair_bytes(p, &p->chunks[i]));
  }
  expect_readable(&whole);
  heard_all(whole.heard, p);
  assert_string_equal(law_pcap_dtls_version(whole.dtls), "DTLS 1.2");
  assert_int_equal(law_pcap_dtls_client(whole.dtls), 0);
  end(&whole);
  reading single = begin(pair_secrets(p, psk));
  push_records(&single, &all);
  expect_readable(&single);
  heard_all(single.heard, p);
  end(&single);
}

static void talk(pair *p) {
  pair_say(p, 0, 1);
  pair_say(p, 1, 37);
  pair_say(p, 0, 300);
  pair_say(p, 1, 1000);
}

static pair_setup setup_of(const char *ciphers, uint64_t options) {
  return (pair_setup){.dtls = true,
                      .version = DTLS1_2_VERSION,
                      .ciphers = ciphers,
                      .psk = strncmp(ciphers, "PSK", 3) == 0,
                      .options = options};
}

static const pair_setup ccm8 = {
    .dtls = true, .version = DTLS1_2_VERSION, .ciphers = "PSK-AES128-CCM8", .psk = true};

/* ---- Suites ---- */

static void reads_suites(void **state) {
  (void)state;
  static const char *const suites[] = {"PSK-AES128-CCM8",
                                       "PSK-AES256-CCM8",
                                       "PSK-AES128-CCM",
                                       "PSK-AES128-GCM-SHA256",
                                       "PSK-AES256-GCM-SHA384",
                                       "PSK-CHACHA20-POLY1305",
                                       "PSK-AES128-CBC-SHA",
                                       "PSK-AES128-CBC-SHA256",
                                       "PSK-AES256-CBC-SHA384",
                                       "ECDHE-ECDSA-AES128-CCM8",
                                       "ECDHE-RSA-AES128-GCM-SHA256",
                                       "ECDHE-RSA-CHACHA20-POLY1305",
                                       "ECDHE-RSA-AES256-SHA"};
  static const uint64_t options[] = {0, SSL_OP_COOKIE_EXCHANGE, SSL_OP_NO_ENCRYPT_THEN_MAC,
                                     SSL_OP_NO_EXTENDED_MASTER_SECRET};
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
    for (size_t j = 0; j < sizeof options / sizeof options[0]; j++) {
      pair_setup setup = setup_of(suites[i], options[j]);
      pair *p = pair_new(&setup);
      pair_handshake(p);
      talk(p);
      pair_close(p, 0);
      read_all(p, false);
      if (setup.psk) {
        read_all(p, true);
      }
      pair_free(p);
    }
  }
}

static void reads_resumed_sessions(void **state) {
  (void)state;
  pair_setup setup = setup_of("ECDHE-ECDSA-AES128-CCM8", 0);
  pair *p = pair_new(&setup);
  pair_handshake(p);
  talk(p);
  pair_close(p, 0);
  assert_non_null(p->session);
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

/* ---- Loss, repetition, other orders ---- */

static void repeated_records_come_out_once(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  for (int i = 0; i < 100; i++) {
    pair_say(p, (unsigned)i % 2, 20);
  }
  split(&all, p);
  reading r = begin(pair_secrets(p, true));
  for (size_t i = 0; i < all.num; i++) {
    push(&r, all.items[i].from, all.items[i].bytes);
    push(&r, all.items[i].from, all.items[i].bytes);
    push(&r, all.items[i / 2].from, all.items[i / 2].bytes);
  }
  push_records(&r, &all);
  expect_readable(&r);
  heard_all(r.heard, p);
  end(&r);
  pair_free(p);
}

static void swap(records *all, size_t i, size_t j) {
  record item = all->items[i];
  all->items[i] = all->items[j];
  all->items[j] = item;
}

/* Every record up to its first protected one may come in any order, and all later ones as well. */
static void order_is_of_no_account(void **state) {
  (void)state;
  static const char *const suites[] = {"PSK-AES128-CCM8", "ECDHE-ECDSA-AES128-CCM8"};
  uint32_t seed = 5;
  for (size_t i = 0; i < 2; i++) {
    pair_setup setup = setup_of(suites[i], SSL_OP_COOKIE_EXCHANGE);
    pair *p = pair_new(&setup);
    records all;
    pair_handshake(p);
    split(&all, p);
    size_t num_shaking = 0;
    while (all.items[num_shaking].bytes.data[4] == 0) {
      num_shaking++;
    }
    size_t first = all.num;
    for (int j = 0; j < 20; j++) {
      pair_say(p, 0, 1 + (size_t)j);
    }
    split(&all, p);
    for (int run = 0; run < 50; run++) {
      for (size_t j = all.num - 1; j > first; j--) {
        swap(&all, j, first + below(&seed, (uint32_t)(j + 1 - first)));
      }
      /* The cookie's hello comes first: only then the answer to it can be there. */
      for (size_t j = num_shaking - 1; j > 3; j--) {
        swap(&all, j, 3 + below(&seed, (uint32_t)(j - 2)));
      }
      reading r = begin(pair_secrets(p, i == 0));
      push_records(&r, &all);
      expect_readable(&r);
      assert_int_equal(r.heard->num_messages[0], 20);
      assert_int_equal(r.heard->len[0], p->said_len[0]);
      end(&r);
    }
    pair_free(p);
  }
}

static void lost_datagrams_are_no_gap(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  for (int i = 0; i < 10; i++) {
    pair_say(p, 0, 50);
  }
  split(&all, p);
  for (size_t lost = all.num - 10; lost < all.num; lost++) {
    reading r = begin(pair_secrets(p, true));
    for (size_t i = 0; i < all.num; i++) {
      if (i != lost) {
        push(&r, all.items[i].from, all.items[i].bytes);
      }
    }
    expect_readable(&r);
    assert_int_equal(r.heard->num_messages[0], 9);
    assert_int_equal(r.heard->num_gaps[0], 0);
    end(&r);
  }
  pair_free(p);
}

/* A device that starts again speaks from the same port: the same flow, other keys. */
static void reads_a_second_association(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *first = pair_new(&setup);
  pair *second = pair_new(&setup);
  pair_handshake(first);
  pair_say(first, 0, 100);
  pair_say(first, 1, 100);
  pair_handshake(second);
  pair_say(second, 0, 200);
  pair_say(second, 1, 200);
  reading r = begin(pair_secrets(first, true));
  records all;
  split(&all, first);
  push_records(&r, &all);
  split(&all, second);
  push_records(&r, &all);
  expect_readable(&r);
  for (unsigned from = 0; from < 2; from++) {
    heard_end(r.heard, second, from, 100, 200);
    assert_memory_equal(r.heard->data[from], first->said[from], 100);
  }
  end(&r);
  pair_free(first);
  pair_free(second);
}

/* A hello that nobody answers changes nothing (RFC 6347, 4.2.8). */
static void a_hello_alone_changes_no_keys(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *first = pair_new(&setup);
  pair *second = pair_new(&setup);
  pair_handshake(first);
  pair_handshake(second);
  size_t num = first->num_chunks;
  pair_say(first, 0, 100);
  reading r = begin(pair_secrets(first, true));
  for (size_t i = 0; i < num; i++) {
    push(&r, first->chunks[i].from, pair_bytes(first, &first->chunks[i]));
  }
  push(&r, 0, pair_bytes(second, &second->chunks[0]));
  push(&r, 0, pair_bytes(first, &first->chunks[num]));
  expect_readable(&r);
  heard_end(r.heard, first, 0, 0, 100);
  end(&r);
  pair_free(first);
  pair_free(second);
}

/* ---- What cannot be read ---- */

static void says_that_secrets_are_missing(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  pair_say(p, 0, 10);
  split(&all, p);
  reading r = begin(law_pcap_secrets_new());
  push_records(&r, &all);
  expect_unreadable(&r, 0, "this DTLS 1.2 flow cannot be read: neither a key log nor a pre-shared");
  assert_int_equal(r.heard->num_gaps[0], 1);
  assert_true(law_pcap_secrets_add_psk(r.secrets, law_bytes_of(NULL, 0),
                                       law_bytes_of(pair_psk, sizeof pair_psk)));
  pair_say(p, 0, 20);
  push(&r, 0, pair_bytes(p, &p->chunks[p->num_chunks - 1]));
  assert_null(law_pcap_dtls_unreadable(r.dtls, 0));
  heard_end(r.heard, p, 0, 0, 20);
  end(&r);
  pair_free(p);
}

static void says_that_a_record_does_not_authenticate(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  pair_say(p, 0, 10);
  size_t at = p->wire_len;
  pair_say(p, 0, 20);
  p->wire[at + 30] ^= 1;
  split(&all, p);
  reading r = begin(pair_secrets(p, true));
  push_records(&r, &all);
  expect_unreadable(&r, 0, "record 2 of the client does not authenticate");
  assert_int_equal(r.heard->len[0], 10);
  pair_say(p, 0, 30);
  push(&r, 0, pair_bytes(p, &p->chunks[p->num_chunks - 1]));
  expect_readable(&r);
  heard_end(r.heard, p, 0, 10, 30);
  end(&r);
  law_pcap_secrets *wrong = law_pcap_secrets_new();
  assert_true(law_pcap_secrets_add_psk(wrong, law_bytes_of("wirelaw", 7), law_bytes_of("key", 3)));
  r = begin(wrong);
  push_records(&r, &all);
  expect_unreadable(&r, 0, "does not authenticate: the secrets are not its own");
  end(&r);
  pair_free(p);
}

static void says_that_it_began_before_the_capture(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  pair_handshake(p);
  pair_say(p, 0, 10);
  reading r = begin(pair_secrets(p, true));
  push(&r, 0, pair_bytes(p, &p->chunks[p->num_chunks - 1]));
  expect_unreadable(&r, 0, "the capture lacks the handshake that its keys come from");
  static const uint8_t cid[] = {25, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 1, 2, 3, 0, 2, 4, 5};
  push(&r, 1, law_bytes_of(cid, sizeof cid));
  expect_unreadable(&r, 1, "the handshake that its connection ids come from is not in it");
  end(&r);
  pair_free(p);
}

static void says_that_a_version_is_another(void **state) {
  (void)state;
  pair_setup setup = {.dtls = true, .version = DTLS1_VERSION};
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  pair_say(p, 0, 10);
  split(&all, p);
  reading r = begin(pair_secrets(p, false));
  push_records(&r, &all);
  expect_unreadable(&r, 0, "this DTLS 1.0 flow cannot be read: of DTLS only version 1.2 is read");
  end(&r);
  static const uint8_t unified[] = {0x2e, 0x00, 0x01, 0x00, 0x04, 1, 2, 3, 4};
  r = begin(law_pcap_secrets_new());
  push(&r, 1, law_bytes_of(unified, sizeof unified));
  expect_unreadable(&r, 1, "this DTLS 1.3 flow cannot be read");
  end(&r);
  pair_free(p);
}

/* ---- Connection ids (RFC 9146) ---- */

/* A key log's master secret, from its only line. */
static void master_of(const pair *p, uint8_t *out) {
  const char *hex = strrchr(p->keylog, ' ');
  assert_non_null(hex);
  for (size_t i = 0; i < LAW_TLS_MASTER; i++) {
    char byte[3] = {hex[1 + 2 * i], hex[2 + 2 * i], 0};
    out[i] = (uint8_t)strtoul(byte, NULL, 16);
  }
}

/* A hello with connection id |id| asked for: OpenSSL knows none of them. */
static size_t add_cid(uint8_t *out, law_bytes hello, const uint8_t *id, uint8_t id_len) {
  memcpy(out, hello.data, hello.len);
  uint8_t extension[16] = {0, 54, 0, (uint8_t)(id_len + 1), id_len};
  memcpy(extension + 5, id, id_len);
  size_t added = 5u + id_len;
  size_t body_at = HEADER + 12;
  size_t at = body_at + 34;
  at += 1u + out[at];
  if (out[HEADER] == 1) {
    at += 1u + out[at];                              /* cookie */
    at += 2u + (size_t)(out[at] << 8 | out[at + 1]); /* suites */
    at += 1u + out[at];                              /* compression */
  } else {
    at += 3;
  }
  size_t sum = (size_t)(out[at] << 8 | out[at + 1]) + added;
  out[at] = (uint8_t)(sum >> 8);
  out[at + 1] = (uint8_t)sum;
  memcpy(out + hello.len, extension, added);
  size_t len = hello.len + added;
  out[11] = (uint8_t)((len - HEADER) >> 8);
  out[12] = (uint8_t)(len - HEADER);
  size_t body_len = len - body_at;
  out[HEADER + 2] = out[HEADER + 10] = (uint8_t)(body_len >> 8);
  out[HEADER + 3] = out[HEADER + 11] = (uint8_t)body_len;
  return len;
}

/* AES-128-GCM, written down as RFC 9146, 5.3 and RFC 5288, 3 have it. */
static size_t seal_cid(uint8_t *out, const law_tls_keys *keys, law_bytes id, uint64_t seq,
                       const char *text, size_t padding) {
  uint8_t inner[256] = {0};
  uint8_t additional[64];
  uint8_t nonce[12];
  size_t text_len = strlen(text);
  size_t inner_len = text_len + 1 + padding;
  int len = 0;
  memcpy(inner, text, text_len);
  inner[text_len] = 23;
  uint8_t header[11] = {25, 0xfe, 0xfd, 0, 1};
  for (int i = 0; i < 6; i++) {
    header[5 + i] = (uint8_t)(seq >> (40 - 8 * i));
  }
  memcpy(nonce, keys->iv, 4);
  memcpy(nonce + 4, header + 3, 8);
  memset(additional, 0xff, 8);
  additional[8] = 25;
  additional[9] = (uint8_t)id.len;
  memcpy(additional + 10, header, 11);
  memcpy(additional + 21, id.data, id.len);
  additional[21 + id.len] = 0;
  additional[22 + id.len] = (uint8_t)inner_len;
  uint8_t *p = out;
  memcpy(p, header, sizeof header);
  p += sizeof header;
  memcpy(p, id.data, id.len);
  p += id.len;
  *p++ = 0;
  *p++ = (uint8_t)(8 + inner_len + 16);
  memcpy(p, nonce + 4, 8);
  p += 8;
  EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
  assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce), 1);
  assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &len, additional, 23 + (int)id.len), 1);
  assert_int_equal(EVP_EncryptUpdate(ctx, p, &len, inner, (int)inner_len), 1);
  p += len;
  assert_int_equal(EVP_EncryptFinal_ex(ctx, p, &len), 1);
  assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, p), 1);
  EVP_CIPHER_CTX_free(ctx);
  return (size_t)(p + 16 - out);
}

static void reads_connection_ids(void **state) {
  (void)state;
  static const uint8_t of_client[] = {7};
  static const uint8_t of_server[] = {1, 2, 3, 4, 5, 6};
  pair_setup setup = setup_of("PSK-AES128-GCM-SHA256", 0);
  pair *p = pair_new(&setup);
  records all;
  uint8_t hello[1024];
  uint8_t master[LAW_TLS_MASTER];
  uint8_t randoms[2][LAW_TLS_RANDOM];
  pair_handshake(p);
  split(&all, p);
  reading r = begin(pair_secrets(p, false));
  for (size_t i = 0; i < all.num; i++) {
    law_bytes bytes = all.items[i].bytes;
    unsigned from = all.items[i].from;
    bool is_hello = bytes.data[0] == 22 && bytes.data[4] == 0 && bytes.data[HEADER] == from + 1;
    if (is_hello) {
      memcpy(randoms[from], bytes.data + HEADER + 12 + 2, LAW_TLS_RANDOM);
      bytes = law_bytes_of(hello, from == 0 ? add_cid(hello, bytes, of_client, 1)
                                            : add_cid(hello, bytes, of_server, 6));
    }
    push(&r, from, bytes);
  }
  master_of(p, master);
  for (unsigned from = 0; from < 2; from++) {
    static const char *const texts[] = {"from the client", "from the server"};
    law_bytes id = from == 0 ? law_bytes_of(of_server, 6) : law_bytes_of(of_client, 1);
    law_tls_keys keys;
    uint8_t sealed[512];
    assert_true(law_tls_key_block(law_tls_suite_of(0x00a8), &keys,
                                  from == 0 ? LAW_CLIENT : LAW_SERVER,
                                  law_bytes_of(master, sizeof master), randoms[0], randoms[1]));
    size_t len = seal_cid(sealed, &keys, id, 9, texts[from], from * 20);
    push(&r, from, law_bytes_of(sealed, len));
    expect_readable(&r);
    assert_int_equal(r.heard->len[from], strlen(texts[from]));
    assert_memory_equal(r.heard->data[from], texts[from], strlen(texts[from]));
    push(&r, from, law_bytes_of(sealed, len));
    assert_int_equal(r.heard->num_messages[from], 1);
  }
  end(&r);
  pair_free(p);
}

/* ---- Telling ---- */

static void detects_dtls(void **state) {
  (void)state;
  pair_setup setup = ccm8;
  pair *p = pair_new(&setup);
  pair_handshake(p);
  assert_true(law_dtls_detect(pair_bytes(p, &p->chunks[0])));
  pair_free(p);
  static const uint8_t data[] = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, 30, 0};
  static const uint8_t old[] = {22, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 30, 0};
  static const uint8_t coap[] = {0x40, 1, 0, 1, 0xb4, 't', 'e', 's', 't', 0, 0, 0, 0, 0};
  assert_true(law_dtls_detect(law_bytes_of(data, sizeof data)));
  assert_true(law_dtls_detect(law_bytes_of(old, sizeof old)));
  assert_false(law_dtls_detect(law_bytes_of(data, 12)));
  assert_false(law_dtls_detect(law_bytes_of(coap, sizeof coap)));
}

static void detects_quic(void **state) {
  (void)state;
  static const uint8_t initial[] = {0xc3, 0, 0, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0x44};
  static const uint8_t draft[] = {0xc0, 0xff, 0, 0, 22, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0};
  static const uint8_t negotiation[] = {0x80, 0, 0, 0, 0, 0, 1, 9, 0, 0, 0, 1};
  static const uint8_t other[] = {0xc3, 0, 0, 7, 1, 4, 1, 2, 3, 4, 0, 0, 0x44};
  static const uint8_t long_id[] = {0xc3, 0,  0,  0,  1,  21, 1,  2,  3,  4,  5,  6,  7, 8, 9,
                                    10,   11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 0, 0, 0};
  assert_true(law_quic_detect(law_bytes_of(initial, sizeof initial)));
  assert_true(law_quic_detect(law_bytes_of(draft, sizeof draft)));
  assert_true(law_quic_detect(law_bytes_of(negotiation, sizeof negotiation)));
  assert_false(law_quic_detect(law_bytes_of(other, sizeof other)));
  assert_false(law_quic_detect(law_bytes_of(long_id, sizeof long_id)));
  assert_false(law_quic_detect(law_bytes_of(initial, 8)));
  assert_false(law_quic_detect(law_bytes_of("\x40\x01\x00\x01", 4)));
}

static void survives_noise(void **state) {
  (void)state;
  uint32_t seed = 3;
  pair_setup setup = setup_of("ECDHE-RSA-AES128-GCM-SHA256", 0);
  pair *p = pair_new(&setup);
  records all;
  pair_handshake(p);
  talk(p);
  split(&all, p);
  uint8_t *wire = malloc(p->wire_len);
  assert_non_null(wire);
  memcpy(wire, p->wire, p->wire_len);
  for (int run = 0; run < 500; run++) {
    for (uint32_t j = below(&seed, 8); j > 0; j--) {
      p->wire[below(&seed, (uint32_t)p->wire_len)] ^= (uint8_t)(1u << below(&seed, 8));
    }
    reading r = begin(pair_secrets(p, false));
    for (size_t i = 0; i < all.num; i++) {
      law_bytes bytes = all.items[i].bytes;
      push(&r, all.items[i].from,
           law_bytes_of(bytes.data, run % 5 ? bytes.len : below(&seed, (uint32_t)bytes.len)));
    }
    end(&r);
    memcpy(p->wire, wire, p->wire_len);
  }
  free(wire);
  pair_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_suites),
      cmocka_unit_test(reads_resumed_sessions),
      cmocka_unit_test(repeated_records_come_out_once),
      cmocka_unit_test(order_is_of_no_account),
      cmocka_unit_test(lost_datagrams_are_no_gap),
      cmocka_unit_test(reads_a_second_association),
      cmocka_unit_test(a_hello_alone_changes_no_keys),
      cmocka_unit_test(says_that_secrets_are_missing),
      cmocka_unit_test(says_that_a_record_does_not_authenticate),
      cmocka_unit_test(says_that_it_began_before_the_capture),
      cmocka_unit_test(says_that_a_version_is_another),
      cmocka_unit_test(reads_connection_ids),
      cmocka_unit_test(detects_dtls),
      cmocka_unit_test(detects_quic),
      cmocka_unit_test(survives_noise),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
