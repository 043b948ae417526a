#include "net/internal.h"

law_io law_stream_read(law_conn *c, uint8_t *out, size_t cap, size_t *out_len) {
  return law_tcp_read(c->net, c->fd, out, cap, out_len);
}

law_io law_stream_write(law_conn *c, law_bytes bytes, size_t *out_len) {
  return law_tcp_write(c->net, c->fd, bytes, out_len);
}
