/* tls.h: TLS 1.2 and 1.3 by OpenSSL, over a connection's socket. */
#ifndef LAW_NET_TLS_H
#define LAW_NET_TLS_H

#include "net/io.h"
#include "net/net.h"

typedef struct law_tls_context
    law_tls_context;            /* keys, certificates, what is asked of the other side */
typedef struct law_tls law_tls; /* one connection's */
struct law_conn;

/* The context that |e| asks for. It is the loop's, and lives as long; the same files, unchanged,
 * give the same context. NULL when a file is not what it should be: see law_net_error. */
law_tls_context *law_tls_context_of(law_net *net, const law_endpoint *e, bool server);
void law_tls_contexts_free(law_net *net);

/* NULL: no memory. |e| gives the names; only used when connecting. */
law_tls *law_tls_new(law_net *net, law_tls_context *context, int fd, const law_endpoint *e);
void law_tls_free(law_tls *t);
/* Whose capture gets what goes over the socket, and the secrets. */
void law_tls_tap(law_tls *t, struct law_conn *c);

/* The handshake's next step: OK when it is done, AGAIN, or an end. */
law_io law_tls_handshake(law_net *net, law_tls *t);
/* As law_stream_read and law_stream_write. */
law_io law_tls_read(law_net *net, law_tls *t, uint8_t *out, size_t cap, size_t *out_len);
law_io law_tls_write(law_net *net, law_tls *t, law_bytes bytes, size_t *out_len);
/* Sends close_notify, if the connection still can. */
void law_tls_shutdown(law_tls *t);

/* It holds bytes that were read from the socket already. */
bool law_tls_pending(const law_tls *t);
/* It can only go on when the socket can be written. */
bool law_tls_wants_write(const law_tls *t);

#endif
