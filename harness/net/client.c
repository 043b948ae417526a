/* What a caller does with one connection: opening it, sending, not reading. */
#include <unistd.h>

#include "net/internal.h"

static law_conn *find(const law_net *net, law_handle handle) {
  return (law_conn *)law_net_object(net, handle, LAW_OBJECT_CONN);
}

static law_conn *new_client(law_net *net, law_scope *scope, const law_endpoint *to,
                            law_tls_context *context, int fd, void *user) {
  law_conn *c = law_conn_new(net, scope, LAW_CLIENT, fd, user);
  if (!c) {
    law_net_fail(net, "no memory left");
    close(fd);
    return NULL;
  }
  if (!law_conn_layer(c, to, context)) {
    law_net_fail(net, "no memory left");
    law_conn_destroy(c);
    return NULL;
  }
  law_tcp_peer_text(to, c->peer, sizeof c->peer);
  return c;
}

law_handle law_net_connect(law_net *net, law_handle scope, const law_endpoint *to, void *user) {
  law_scope *s = law_scope_of(net, scope);
  law_tls_context *context = NULL;
  int error = 0;
  if (!s || !law_transport_known(net, to->transport)) {
    return 0;
  }
  if (law_transport_is_secure(to->transport) &&
      (context = law_tls_context_of(net, to, false)) == NULL) {
    return 0;
  }
  int fd = law_tcp_connect(net, to, &error);
  law_conn *c = fd >= 0 ? new_client(net, s, to, context, fd, user) : NULL;
  if (!c) {
    return 0;
  }
  law_conn_connecting(c, error);
  return c->object.handle;
}

static law_conn *find_open(law_net *net, law_handle handle, uint32_t *out_packet) {
  law_conn *c = find(net, handle);
  if (out_packet) {
    *out_packet = 0;
  }
  return c && c->opened && !c->closing ? c : NULL;
}

bool law_net_send(law_net *net, law_handle handle, law_bytes bytes, uint32_t *out_packet) {
  law_conn *c = find_open(net, handle, out_packet);
  if (!c) {
    return false;
  }
  uint64_t now = law_net_now();
  bool sent = c->ws ? law_ws_send(c, LAW_WS_BINARY, true, bytes, out_packet)
                    : law_conn_write(c, bytes, out_packet);
  if (sent) {
    law_judging_output(c, now, bytes);
  }
  return sent;
}

bool law_net_send_frame(law_net *net, law_handle handle, uint8_t opcode, bool fin,
                        law_bytes payload, uint32_t *out_packet) {
  law_conn *c = find_open(net, handle, out_packet);
  uint64_t now = law_net_now();
  if (!c || !c->ws || !law_ws_send(c, opcode, fin, payload, out_packet)) {
    return false;
  }
  if (opcode == LAW_WS_BINARY || opcode == LAW_WS_CONTINUATION) {
    law_judging_output(c, now, payload);
  }
  return true;
}

const char *law_net_subprotocol(const law_net *net, law_handle handle) {
  const law_conn *c = find(net, handle);
  return c && c->ws ? law_ws_subprotocol(c->ws) : "";
}

size_t law_net_queued(const law_net *net, law_handle handle) {
  const law_conn *c = find(net, handle);
  return c ? c->out.len : 0;
}

void law_net_read(law_net *net, law_handle handle, bool on) {
  law_conn *c = find(net, handle);
  if (c) {
    law_conn_read(c, on);
  }
}
