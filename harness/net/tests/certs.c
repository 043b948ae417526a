#include "net/tests/certs.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct identity {
  EVP_PKEY *key;
  X509 *cert;
} identity;

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value) {
  X509V3_CTX ctx;
  X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
  X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
  assert_non_null(e);
  assert_int_equal(X509_add_ext(cert, e, -1), 1);
  X509_EXTENSION_free(e);
}

/* Signed by |issuer|; by itself without one. */
static identity make(const char *name, const identity *issuer, const char *names, long serial) {
  identity id = {EVP_EC_gen("P-256"), X509_new()};
  assert_non_null(id.key);
  assert_non_null(id.cert);
  const identity *by = issuer ? issuer : &id;
  X509_set_version(id.cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial);
  X509_gmtime_adj(X509_getm_notBefore(id.cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(id.cert), 24 * 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(id.cert), "CN", MBSTRING_ASC,
                             (const unsigned char *)name, -1, -1, 0);
  X509_set_issuer_name(id.cert, X509_get_subject_name(by->cert));
  X509_set_pubkey(id.cert, id.key);
  add_extension(id.cert, by->cert, NID_basic_constraints, issuer ? "CA:FALSE" : "critical,CA:TRUE");
  if (names) {
    add_extension(id.cert, by->cert, NID_subject_alt_name, names);
  }
  assert_true(X509_sign(id.cert, by->key, EVP_sha256()) > 0);
  return id;
}

static void save(const certs *c, const identity *id, const char *name, char *cert, char *key) {
  (void)snprintf(cert, CERTS_PATH, "%.40s/%.15s.pem", c->folder, name);
  FILE *out = fopen(cert, "w");
  assert_non_null(out);
  assert_int_equal(PEM_write_X509(out, id->cert), 1);
  assert_int_equal(fclose(out), 0);
  if (!key) {
    return;
  }
  (void)snprintf(key, CERTS_PATH, "%.40s/%.15s.key", c->folder, name);
  out = fopen(key, "w");
  assert_non_null(out);
  assert_int_equal(PEM_write_PrivateKey(out, id->key, NULL, NULL, 0, NULL, NULL), 1);
  assert_int_equal(fclose(out), 0);
}

static void drop(identity *id) {
  EVP_PKEY_free(id->key);
  X509_free(id->cert);
}

void certs_make(certs *c) {
  (void)snprintf(c->folder, sizeof c->folder, "/tmp/wirelaw-certs-XXXXXX");
  assert_non_null(mkdtemp(c->folder));
  identity ca = make("wirelaw test authority", NULL, NULL, 1);
  identity server = make("server", &ca, "DNS:localhost,IP:127.0.0.1", 2);
  identity client = make("client", &ca, NULL, 3);
  identity stray = make("stray", NULL, "IP:127.0.0.1", 4);
  save(c, &ca, "ca", c->ca, NULL);
  save(c, &server, "server", c->server_cert, c->server_key);
  save(c, &client, "client", c->client_cert, c->client_key);
  save(c, &stray, "stray", c->stray_cert, c->stray_key);
  drop(&ca);
  drop(&server);
  drop(&client);
  drop(&stray);
}

void certs_remove(const certs *c) {
  const char *const files[] = {c->ca,         c->server_cert, c->server_key, c->client_cert,
                               c->client_key, c->stray_cert,  c->stray_key};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    (void)unlink(files[i]);
  }
  (void)rmdir(c->folder);
}
