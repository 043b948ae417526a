/* tls_internal.h: what tls.c and tls_context.c share. */
#ifndef LAW_NET_TLS_INTERNAL_H
#define LAW_NET_TLS_INTERNAL_H

#include <openssl/ssl.h>

#include "net/tls.h"

struct law_tls_context {
  law_tls_context *next;
  char *key; /* what it was made of */
  SSL_CTX *ctx;
  unsigned char alpn[256]; /* a length and a name; length 0: none */
};

/* OpenSSL has made a secret. */
void law_tls_keylog(const SSL *ssl, const char *line);

/* The oldest error in OpenSSL's queue, in words. */
const char *law_tls_reason(void);

#endif
