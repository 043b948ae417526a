#include "net/internal.h"

bool law_transport_known(law_net *net, law_transport transport) {
  if (transport <= LAW_WSS) {
    return true;
  }
  law_net_fail(net, "only tcp, tls, ws and wss are supported, no datagrams");
  return false;
}

bool law_transport_is_secure(law_transport transport) {
  return transport == LAW_TLS || transport == LAW_WSS;
}

bool law_transport_is_ws(law_transport transport) {
  return transport == LAW_WS || transport == LAW_WSS;
}

law_io law_stream_read(law_conn *c, uint8_t *out, size_t cap, size_t *out_len) {
  if (c->tls) {
    return law_tls_read(c->net, c->tls, out, cap, out_len);
  }
  return law_tcp_read(c->net, c->fd, out, cap, out_len);
}

law_io law_stream_write(law_conn *c, law_bytes bytes, size_t *out_len) {
  if (c->tls) {
    return law_tls_write(c->net, c->tls, bytes, out_len);
  }
  return law_tcp_write(c->net, c->fd, bytes, out_len);
}
