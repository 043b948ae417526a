/* certs.h: keys and certificates for tests, made when the test runs. */
#ifndef LAW_NET_TESTS_CERTS_H
#define LAW_NET_TESTS_CERTS_H

enum { CERTS_PATH = 64 };

/* Paths of PEM files in a folder of their own. */
typedef struct certs {
  char folder[CERTS_PATH];
  char ca[CERTS_PATH];
  char server_cert[CERTS_PATH], server_key[CERTS_PATH]; /* for localhost and 127.0.0.1 */
  char client_cert[CERTS_PATH], client_key[CERTS_PATH];
  char stray_cert[CERTS_PATH], stray_key[CERTS_PATH]; /* signed by itself */
} certs;

void certs_make(certs *c);
void certs_remove(const certs *c);

#endif
