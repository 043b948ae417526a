/* Contexts of TLS, kept: reading certificates costs far more than a handshake may. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "net/internal.h"
#include "net/tls_internal.h"

enum { KEY_TEXT = 16 * 1024 };

/* ---- What a context is known by ---- */

static void add_file(char *key, size_t cap, const char *path) {
  struct stat s = {0};
  size_t len = strlen(key);
  if (path && stat(path, &s) != 0) {
    s.st_ino = 0;
  }
  (void)snprintf(key + len, cap - len, "|%s:%ju:%jd:%jd.%09ld", path ? path : "",
                 (uintmax_t)s.st_ino, (intmax_t)s.st_size, (intmax_t)s.st_mtim.tv_sec,
                 s.st_mtim.tv_nsec);
}

static void make_key(char *key, size_t cap, const law_endpoint *e, bool server) {
  (void)snprintf(key, cap, "%d%d|%s", server, e->verify, e->alpn ? e->alpn : "");
  add_file(key, cap, e->ca_file);
  add_file(key, cap, e->cert_file);
  add_file(key, cap, e->key_file);
}

/* ---- Files ---- */

static const char *reason_of(unsigned long error) {
  if (ERR_SYSTEM_ERROR(error)) {
    return strerror(ERR_GET_REASON(error));
  }
  const char *reason = ERR_reason_error_string(error);
  return reason ? reason : "unknown error";
}

const char *law_tls_reason(void) { return reason_of(ERR_peek_error()); }

static bool refuse(law_net *net, const char *what, const char *path) {
  law_net_fail(net, "cannot use %s %s: %s", what, path, law_tls_reason());
  return false;
}

/* No password is asked for at the terminal. */
static int no_password(char *out, int cap, int writing, void *user) {
  (void)out;
  (void)cap;
  (void)writing;
  (void)user;
  return 0;
}

static bool load_own(law_net *net, SSL_CTX *ctx, const law_endpoint *e) {
  if (!e->cert_file) {
    return true;
  }
  const char *key_file = e->key_file ? e->key_file : e->cert_file;
  SSL_CTX_set_default_passwd_cb(ctx, no_password);
  if (SSL_CTX_use_certificate_chain_file(ctx, e->cert_file) != 1) {
    return refuse(net, "the certificate", e->cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) != 1) {
    return refuse(net, "the private key", key_file);
  }
  return true;
}

static bool load_authorities(law_net *net, SSL_CTX *ctx, const law_endpoint *e, bool server) {
  if (!e->ca_file) {
    return !e->verify || SSL_CTX_set_default_verify_paths(ctx) == 1;
  }
  if (SSL_CTX_load_verify_file(ctx, e->ca_file) != 1) {
    return refuse(net, "the authorities of", e->ca_file);
  }
  if (server && e->verify) {
    SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(e->ca_file));
  }
  return true;
}

/* ---- ALPN, RFC 7301 ---- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned in_len, void *user) {
  const law_tls_context *c = user;
  (void)ssl;
  for (unsigned at = 0; at < in_len; at += 1U + in[at]) {
    if (in[at] == c->alpn[0] && memcmp(in + at, c->alpn, 1U + c->alpn[0]) == 0) {
      *out = in + at + 1;
      *out_len = in[at];
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_alpn(law_net *net, law_tls_context *c, const law_endpoint *e, bool server) {
  size_t len = e->alpn ? strlen(e->alpn) : 0;
  if (len == 0) {
    return true;
  }
  if (len > UINT8_MAX) {
    law_net_fail(net, "the ALPN name %s is too long", e->alpn);
    return false;
  }
  c->alpn[0] = (unsigned char)len;
  memcpy(c->alpn + 1, e->alpn, len);
  if (server) {
    SSL_CTX_set_alpn_select_cb(c->ctx, choose_alpn, c);
    return true;
  }
  return SSL_CTX_set_alpn_protos(c->ctx, c->alpn, (unsigned)(1 + len)) == 0;
}

/* ---- Making one ---- */

static void set_manners(SSL_CTX *ctx, const law_endpoint *e, bool server) {
  static const unsigned char name[] = "wirelaw";
  (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
  (void)SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_keylog_callback(ctx, law_tls_keylog);
  (void)SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1);
  int how = SSL_VERIFY_NONE;
  if (e->verify) {
    how = SSL_VERIFY_PEER | (server ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
  }
  SSL_CTX_set_verify(ctx, how, NULL);
}

static void free_context(law_tls_context *c) {
  SSL_CTX_free(c->ctx);
  free(c->key);
  free(c);
}

static law_tls_context *make(law_net *net, const law_endpoint *e, bool server, const char *key) {
  law_tls_context *c = calloc(1, sizeof *c);
  if (!c) {
    law_net_fail(net, "no memory left");
    return NULL;
  }
  c->key = strdup(key);
  c->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  if (!c->key || !c->ctx) {
    law_net_fail(net, "cannot set up TLS: %s", c->key ? law_tls_reason() : "no memory left");
    free_context(c);
    return NULL;
  }
  set_manners(c->ctx, e, server);
  if (!load_own(net, c->ctx, e) || !load_authorities(net, c->ctx, e, server) ||
      !set_alpn(net, c, e, server)) {
    free_context(c);
    return NULL;
  }
  return c;
}

law_tls_context *law_tls_context_of(law_net *net, const law_endpoint *e, bool server) {
  char key[KEY_TEXT];
  if (server && !e->cert_file) {
    law_net_fail(net, "a TLS listener needs a certificate");
    return NULL;
  }
  make_key(key, sizeof key, e, server);
  for (law_tls_context *c = net->tls_contexts; c; c = c->next) {
    if (strcmp(c->key, key) == 0) {
      return c;
    }
  }
  ERR_clear_error();
  law_tls_context *c = make(net, e, server, key);
  if (c) {
    c->next = net->tls_contexts;
    net->tls_contexts = c;
  }
  return c;
}

void law_tls_contexts_free(law_net *net) {
  while (net->tls_contexts) {
    law_tls_context *c = net->tls_contexts;
    net->tls_contexts = c->next;
    free_context(c);
  }
  BIO_meth_free(net->tls_bio);
  net->tls_bio = NULL;
}
