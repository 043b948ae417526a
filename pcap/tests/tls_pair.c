#include "tls_pair.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const uint8_t pair_psk[16] = "0123456789abcdef";

/* ---- Certificates: made once, for all tests of a program ---- */

typedef struct identity {
  EVP_PKEY *key;
  X509 *certificate;
} identity;

static void sign(identity *id) {
  X509 *x = X509_new();
  assert_non_null(x);
  assert_int_equal(X509_set_version(x, 2), 1);
  assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
  assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -60));
  assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
  X509_NAME *name = X509_get_subject_name(x);
  assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                              (const unsigned char *)"wirelaw", -1, -1, 0),
                   1);
  assert_int_equal(X509_set_issuer_name(x, name), 1);
  assert_int_equal(X509_set_pubkey(x, id->key), 1);
  assert_true(X509_sign(x, id->key, EVP_sha256()) > 0);
  id->certificate = x;
}

static void use_identity(SSL_CTX *ctx, identity *id) {
  if (!id->certificate) {
    sign(id);
  }
  assert_int_equal(SSL_CTX_use_certificate(ctx, id->certificate), 1);
  assert_int_equal(SSL_CTX_use_PrivateKey(ctx, id->key), 1);
}

static void use_certificates(SSL_CTX *ctx) {
  static identity rsa;
  static identity ec;
  if (!rsa.key) {
    rsa.key = EVP_RSA_gen(2048);
    ec.key = EVP_EC_gen("P-256");
  }
  assert_non_null(rsa.key);
  assert_non_null(ec.key);
  use_identity(ctx, &rsa);
  use_identity(ctx, &ec);
}

/* ---- Contexts ---- */

static unsigned psk_of_client(SSL *ssl, const char *hint, char *out_identity, unsigned max,
                              unsigned char *out_psk, unsigned max_psk) {
  (void)ssl;
  (void)hint;
  assert_true(max > 7 && max_psk >= sizeof pair_psk);
  strcpy(out_identity, "wirelaw");
  memcpy(out_psk, pair_psk, sizeof pair_psk);
  return sizeof pair_psk;
}

static unsigned psk_of_server(SSL *ssl, const char *name, unsigned char *out_psk, unsigned max) {
  (void)ssl;
  assert_string_equal(name, "wirelaw");
  assert_true(max >= sizeof pair_psk);
  memcpy(out_psk, pair_psk, sizeof pair_psk);
  return sizeof pair_psk;
}

/* The key as TLS 1.3 has it: a session from outside. */
static SSL_SESSION *outside_session(SSL *ssl) {
  const pair *p = SSL_get_app_data(ssl);
  uint8_t id[2] = {(uint8_t)(p->psk13 >> 8), (uint8_t)p->psk13};
  const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, id);
  SSL_SESSION *session = SSL_SESSION_new();
  assert_true(session && cipher);
  assert_int_equal(SSL_SESSION_set1_master_key(session, pair_psk, sizeof pair_psk), 1);
  assert_int_equal(SSL_SESSION_set_cipher(session, cipher), 1);
  assert_int_equal(SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION), 1);
  assert_int_equal(SSL_SESSION_set_max_early_data(session, 16384), 1);
  return session;
}

static int use_session(SSL *ssl, const EVP_MD *md, const unsigned char **out_id, size_t *out_len,
                       SSL_SESSION **out) {
  (void)md;
  *out_id = (const unsigned char *)"wirelaw";
  *out_len = 7;
  *out = outside_session(ssl);
  return 1;
}

static int find_session(SSL *ssl, const unsigned char *id, size_t len, SSL_SESSION **out) {
  *out = len == 7 && memcmp(id, "wirelaw", 7) == 0 ? outside_session(ssl) : NULL;
  return 1;
}

static void on_keylog(const SSL *ssl, const char *line) {
  pair *p = SSL_get_app_data(ssl);
  size_t len = strlen(line);
  assert_true(p->keylog_len + len + 1 < sizeof p->keylog);
  memcpy(p->keylog + p->keylog_len, line, len);
  p->keylog[p->keylog_len + len] = '\n';
  p->keylog_len += len + 1;
}

static int on_session(SSL *ssl, SSL_SESSION *session) {
  pair *p = SSL_get_app_data(ssl);
  SSL_SESSION_free(p->session);
  p->session = session;
  return 1;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg) {
  (void)ssl;
  (void)arg;
  assert_true(in_len > 1);
  *out = in + 1;
  *out_len = in[0];
  return SSL_TLSEXT_ERR_OK;
}

static int any_cookie(SSL *ssl, unsigned char *out, unsigned *out_len) {
  (void)ssl;
  memcpy(out, "cookie", 6);
  *out_len = 6;
  return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len) {
  (void)ssl;
  return len == 6 && memcmp(cookie, "cookie", 6) == 0;
}

static void set_up_client(SSL_CTX *ctx, const pair_setup *setup) {
  SSL_CTX_set_keylog_callback(ctx, on_keylog);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(ctx, on_session);
  if (setup->client_groups) {
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, setup->client_groups), 1);
  }
  if (setup->alpn) {
    assert_int_equal(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)setup->alpn,
                                             (unsigned)strlen(setup->alpn)),
                     0);
  }
  if (setup->psk) {
    SSL_CTX_set_psk_client_callback(ctx, psk_of_client);
  }
  if (setup->psk13) {
    SSL_CTX_set_psk_use_session_callback(ctx, use_session);
  }
}

static void set_up_server(SSL_CTX *ctx, const pair_setup *setup) {
  static const unsigned char name[] = "wirelaw";
  assert_int_equal(SSL_CTX_set_session_id_context(ctx, name, sizeof name), 1);
  SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
  SSL_CTX_set_cookie_generate_cb(ctx, any_cookie);
  SSL_CTX_set_cookie_verify_cb(ctx, check_cookie);
  if (setup->server_groups) {
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, setup->server_groups), 1);
  }
  if (setup->early_max > 0) {
    assert_int_equal(SSL_CTX_set_max_early_data(ctx, setup->early_max), 1);
  }
  if (setup->psk13) {
    SSL_CTX_set_psk_find_session_callback(ctx, find_session);
  }
  if (setup->psk) {
    SSL_CTX_set_psk_server_callback(ctx, psk_of_server);
  } else {
    use_certificates(ctx);
  }
  assert_int_equal(SSL_CTX_set_dh_auto(ctx, 1), 1);
}

static SSL_CTX *new_context(const pair_setup *setup, unsigned side) {
  const SSL_METHOD *method = setup->dtls ? DTLS_method() : TLS_method();
  SSL_CTX *ctx = SSL_CTX_new(method);
  assert_non_null(ctx);
  SSL_CTX_set_security_level(ctx, 0); /* suites without encryption are to be read as well */
  SSL_CTX_set_options(ctx, setup->options);
  if (setup->version != 0) {
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, setup->version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, setup->version), 1);
  }
  if (setup->ciphers) {
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, setup->ciphers), 1);
  }
  if (setup->suites) {
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, setup->suites), 1);
  }
  if (side == 0) {
    set_up_client(ctx, setup);
  } else {
    set_up_server(ctx, setup);
  }
  return ctx;
}

static SSL *new_end(pair *p, const pair_setup *setup, unsigned side) {
  SSL *ssl = SSL_new(p->contexts[side]);
  assert_non_null(ssl);
  BIO *in = BIO_new(BIO_s_mem());
  BIO *out = BIO_new(BIO_s_mem());
  assert_true(in && out);
  (void)BIO_set_mem_eof_return(in, -1);
  SSL_set_bio(ssl, in, out);
  SSL_set_app_data(ssl, p);
  if (side == 0) {
    SSL_set_connect_state(ssl);
  } else {
    SSL_set_accept_state(ssl);
  }
  if (setup->dtls) {
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    (void)SSL_set_mtu(ssl, 400);
  }
  if (side == 0 && setup->resume) {
    assert_int_equal(SSL_set_session(ssl, setup->resume), 1);
  }
  return ssl;
}

void pair_again(pair *p, const pair_setup *setup) {
  p->psk13 = setup->psk13;
  for (unsigned side = 0; side < 2; side++) {
    SSL_free(p->ends[side]);
    p->ends[side] = new_end(p, setup, side);
    p->said_len[side] = 0;
  }
  p->num_chunks = 0;
  p->wire_len = 0;
  p->keylog_len = 0;
}

pair *pair_new(const pair_setup *setup) {
  pair *p = calloc(1, sizeof *p);
  assert_non_null(p);
  p->wire = malloc(PAIR_BYTES);
  p->said[0] = malloc(PAIR_BYTES);
  p->said[1] = malloc(PAIR_BYTES);
  assert_true(p->wire && p->said[0] && p->said[1]);
  p->contexts[0] = new_context(setup, 0);
  p->contexts[1] = new_context(setup, 1);
  pair_again(p, setup);
  return p;
}

void pair_free(pair *p) {
  for (unsigned side = 0; side < 2; side++) {
    SSL_free(p->ends[side]);
    SSL_CTX_free(p->contexts[side]);
    free(p->said[side]);
  }
  SSL_SESSION_free(p->session);
  free(p->wire);
  free(p);
}

/* ---- Talking ---- */

void pair_carry(pair *p, unsigned from) {
  BIO *out = SSL_get_wbio(p->ends[from]);
  int len = (int)BIO_ctrl_pending(out);
  if (len == 0) {
    return;
  }
  assert_true(p->num_chunks < PAIR_CHUNKS && p->wire_len + (size_t)len <= PAIR_BYTES);
  uint8_t *at = p->wire + p->wire_len;
  assert_int_equal(BIO_read(out, at, len), len);
  assert_int_equal(BIO_write(SSL_get_rbio(p->ends[1 - from]), at, len), len);
  p->chunks[p->num_chunks++] = (pair_chunk){from, p->wire_len, (size_t)len};
  p->wire_len += (size_t)len;
}

static bool step(pair *p, unsigned side) {
  ERR_clear_error();
  int result = SSL_do_handshake(p->ends[side]);
  if (result != 1 && SSL_get_error(p->ends[side], result) != SSL_ERROR_WANT_READ) {
    ERR_print_errors_fp(stderr);
    fail_msg("the handshake failed");
  }
  pair_carry(p, side);
  return result == 1;
}

/* Reads what |side| was sent that is no application data: tickets, updates. */
static void read_rest(pair *p, unsigned side) {
  uint8_t scratch[1];
  size_t len = 0;
  (void)SSL_peek_ex(p->ends[side], scratch, sizeof scratch, &len);
  pair_carry(p, side);
}

void pair_handshake(pair *p) {
  bool done[2] = {false, false};
  for (int i = 0; i < 20 && !(done[0] && done[1]); i++) {
    done[0] = step(p, 0);
    done[1] = step(p, 1);
  }
  assert_true(done[0] && done[1]);
  read_rest(p, 0);
}

static void remember(pair *p, unsigned from, size_t len) {
  static uint32_t state = 1;
  assert_true(p->said_len[from] + len <= PAIR_BYTES);
  for (size_t i = 0; i < len; i++) {
    state = state * 1664525 + 1013904223;
    p->said[from][p->said_len[from]++] = (uint8_t)(state >> 24);
  }
}

static void hear(pair *p, unsigned side, size_t len) {
  uint8_t scratch[4096];
  size_t total = 0;
  while (total < len) {
    size_t num = 0;
    assert_int_equal(SSL_read_ex(p->ends[side], scratch, sizeof scratch, &num), 1);
    total += num;
  }
}

void pair_say(pair *p, unsigned from, size_t len) {
  size_t written = 0;
  const uint8_t *text = p->said[from] + p->said_len[from];
  remember(p, from, len);
  assert_int_equal(SSL_write_ex(p->ends[from], text, len, &written), 1);
  assert_int_equal(written, len);
  pair_carry(p, from);
  hear(p, 1 - from, len);
  pair_carry(p, 1 - from);
}

bool pair_say_early(pair *p, size_t len) {
  uint8_t scratch[4096];
  size_t written = 0;
  size_t num = 0;
  const uint8_t *text = p->said[0] + p->said_len[0];
  remember(p, 0, len);
  assert_int_equal(SSL_write_early_data(p->ends[0], text, len, &written), 1);
  pair_carry(p, 0);
  int how;
  size_t total = 0;
  do {
    how = SSL_read_early_data(p->ends[1], scratch, sizeof scratch, &num);
    total += num;
  } while (how == SSL_READ_EARLY_DATA_SUCCESS && total < len);
  pair_carry(p, 1);
  return total == len;
}

void pair_close(pair *p, unsigned from) {
  (void)SSL_shutdown(p->ends[from]);
  pair_carry(p, from);
}

/* ---- What there is of it ---- */

law_bytes pair_bytes(const pair *p, const pair_chunk *chunk) {
  return law_bytes_of(p->wire + chunk->at, chunk->len);
}

uint8_t *pair_stream(const pair *p, unsigned from, size_t *out_len) {
  uint8_t *all = malloc(p->wire_len > 0 ? p->wire_len : 1);
  assert_non_null(all);
  *out_len = 0;
  for (size_t i = 0; i < p->num_chunks; i++) {
    if (p->chunks[i].from == from) {
      memcpy(all + *out_len, p->wire + p->chunks[i].at, p->chunks[i].len);
      *out_len += p->chunks[i].len;
    }
  }
  return all;
}

law_pcap_secrets *pair_secrets(const pair *p, bool psk) {
  char error[LAW_SECRETS_TEXT];
  law_pcap_secrets *s = law_pcap_secrets_new();
  assert_non_null(s);
  if (psk) {
    assert_true(law_pcap_secrets_add_psk(s, law_bytes_of("wirelaw", 7),
                                         law_bytes_of(pair_psk, sizeof pair_psk)));
  } else {
    assert_true(law_pcap_secrets_add_keylog(s, law_bytes_of(p->keylog, p->keylog_len), error));
  }
  return s;
}
