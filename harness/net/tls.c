#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/internal.h"
#include "net/tls_internal.h"

struct law_tls {
  SSL *ssl;
  int fd;
  int error; /* errno of the socket's last failure */
  bool end;  /* the socket's end was read */
  bool wants_write;
  bool shaken; /* the handshake is done */
  bool broken; /* nothing may be said any more */
  law_conn *conn;
};

/* ---- The socket below: OpenSSL's own would raise SIGPIPE and tell less about how it ended ---- */

static void captured(const law_tls *t, bool sent, const void *data, ssize_t len) {
  if (t->conn && len > 0) {
    law_side from = sent ? t->conn->side : law_other_side(t->conn->side);
    law_ciphertext_data(t->conn, from, law_bytes_of(data, (size_t)len));
  }
}

static bool try_again(int error) {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static int bio_write(BIO *bio, const char *data, int len) {
  law_tls *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  ssize_t n = send(t->fd, data, (size_t)len, MSG_NOSIGNAL);
  if (n >= 0) {
    captured(t, true, data, n);
    return (int)n;
  }
  if (try_again(errno)) {
    BIO_set_retry_write(bio);
  } else {
    t->error = errno;
  }
  return -1;
}

static int bio_read(BIO *bio, char *out, int cap) {
  law_tls *t = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  ssize_t n = recv(t->fd, out, (size_t)cap, 0);
  if (n > 0) {
    captured(t, false, out, n);
    return (int)n;
  }
  if (n == 0) {
    t->end = true;
    return 0;
  }
  if (try_again(errno)) {
    BIO_set_retry_read(bio);
  } else {
    t->error = errno;
  }
  return -1;
}

static long bio_ctrl(BIO *bio, int what, long number, void *user) {
  (void)bio;
  (void)number;
  (void)user;
  return what == BIO_CTRL_FLUSH ? 1 : 0;
}

static BIO_METHOD *bio_method(law_net *net) {
  if (!net->tls_bio) {
    net->tls_bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "law_net");
    if (net->tls_bio) {
      (void)BIO_meth_set_write(net->tls_bio, bio_write);
      (void)BIO_meth_set_read(net->tls_bio, bio_read);
      (void)BIO_meth_set_ctrl(net->tls_bio, bio_ctrl);
    }
  }
  return net->tls_bio;
}

static bool attach(law_net *net, law_tls *t) {
  BIO_METHOD *method = bio_method(net);
  BIO *bio = method ? BIO_new(method) : NULL;
  if (!bio) {
    return false;
  }
  BIO_set_data(bio, t);
  BIO_set_init(bio, 1);
  SSL_set_bio(t->ssl, bio, bio);
  SSL_set_app_data(t->ssl, t);
  return true;
}

/* ---- Beginning and end ---- */

static bool is_address(const char *name) {
  uint8_t scratch[16];
  return inet_pton(AF_INET, name, scratch) == 1 || inet_pton(AF_INET6, name, scratch) == 1;
}

/* Whom we mean to talk to: asked for by SNI if it is a name, and held to its certificate. */
static bool expect_name(law_tls *t, const law_endpoint *e) {
  const char *name = e->server_name ? e->server_name : e->host ? e->host : "127.0.0.1";
  if (is_address(name)) {
    return !e->verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(t->ssl), name) == 1;
  }
  return SSL_set_tlsext_host_name(t->ssl, name) == 1 &&
         (!e->verify || SSL_set1_host(t->ssl, name) == 1);
}

law_tls *law_tls_new(law_net *net, law_tls_context *context, int fd, const law_endpoint *e) {
  law_tls *t = calloc(1, sizeof *t);
  if (!t) {
    return NULL;
  }
  t->fd = fd;
  t->ssl = SSL_new(context->ctx);
  if (!t->ssl || !attach(net, t)) {
    law_tls_free(t);
    return NULL;
  }
  if (SSL_is_server(t->ssl)) {
    SSL_set_accept_state(t->ssl);
    return t;
  }
  SSL_set_connect_state(t->ssl);
  if (!expect_name(t, e)) {
    law_tls_free(t);
    return NULL;
  }
  return t;
}

void law_tls_free(law_tls *t) {
  if (t) {
    SSL_free(t->ssl);
    free(t);
  }
}

void law_tls_tap(law_tls *t, law_conn *c) { t->conn = c; }

void law_tls_keylog(const SSL *ssl, const char *line) {
  const law_tls *t = SSL_get_app_data(ssl);
  if (t->conn) {
    law_ciphertext_secret(t->conn->net, line);
  }
}

/* OpenSSL has done its work: what it made secrets for may go to the capture. */
static void settled(const law_tls *t) {
  if (t->conn) {
    law_ciphertext_flush(t->conn);
  }
}

void law_tls_shutdown(law_tls *t) {
  if (t->shaken && !t->broken) {
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    settled(t);
    t->broken = SSL_get_shutdown(t->ssl) == (SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }
}

/* ---- Traffic ---- */

static void explain(law_net *net, const law_tls *t) {
  long verified = SSL_get_verify_result(t->ssl);
  if (!t->shaken && verified != X509_V_OK) {
    (void)snprintf(net->why, sizeof net->why, "%s: %s", law_tls_reason(),
                   X509_verify_cert_error_string(verified));
  } else {
    (void)snprintf(net->why, sizeof net->why, "%s", law_tls_reason());
  }
}

/* What a failed call of OpenSSL came to. */
static law_io outcome(law_net *net, law_tls *t, int result) {
  int how = SSL_get_error(t->ssl, result);
  t->wants_write = how == SSL_ERROR_WANT_WRITE;
  if (how == SSL_ERROR_WANT_READ || how == SSL_ERROR_WANT_WRITE) {
    return LAW_IO_AGAIN;
  }
  if (how == SSL_ERROR_ZERO_RETURN) {
    return LAW_IO_FIN;
  }
  t->broken = true;
  if (t->end) {
    return LAW_IO_FIN;
  }
  if (t->error != 0) {
    (void)snprintf(net->why, sizeof net->why, "%s", strerror(t->error));
    return law_tcp_outcome(t->error);
  }
  explain(net, t);
  return LAW_IO_ERROR;
}

law_io law_tls_handshake(law_net *net, law_tls *t) {
  ERR_clear_error();
  int result = SSL_do_handshake(t->ssl);
  settled(t);
  if (result != 1) {
    return outcome(net, t, result);
  }
  t->shaken = true;
  t->wants_write = false;
  return LAW_IO_OK;
}

law_io law_tls_read(law_net *net, law_tls *t, uint8_t *out, size_t cap, size_t *out_len) {
  size_t total = 0;
  law_io io = LAW_IO_OK;
  while (total < cap && io == LAW_IO_OK) {
    size_t len = 0;
    ERR_clear_error();
    int result = SSL_read_ex(t->ssl, out + total, cap - total, &len);
    total += len;
    io = result == 1 ? LAW_IO_OK : outcome(net, t, result);
  }
  settled(t);
  *out_len = total;
  return io;
}

law_io law_tls_write(law_net *net, law_tls *t, law_bytes bytes, size_t *out_len) {
  ERR_clear_error();
  int result = SSL_write_ex(t->ssl, bytes.data, bytes.len, out_len);
  settled(t);
  if (result == 1) {
    t->wants_write = false;
    return LAW_IO_OK;
  }
  *out_len = 0;
  return outcome(net, t, result);
}

bool law_tls_pending(const law_tls *t) { return SSL_has_pending(t->ssl) == 1; }

bool law_tls_wants_write(const law_tls *t) { return t->wants_write; }
