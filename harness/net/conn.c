/* A connection's life: connecting, handshakes, open, done. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/internal.h"

/* ---- What epoll watches for ---- */

static uint32_t writing_mask(const law_conn *c) {
  bool wants = c->out.len > 0 || (c->tls && law_tls_wants_write(c->tls));
  return wants ? (uint32_t)EPOLLOUT : 0;
}

static uint32_t wanted_mask(const law_conn *c) {
  switch (c->state) {
    case LAW_CONN_CONNECTING:
      return EPOLLOUT;
    case LAW_CONN_SECURING:
    case LAW_CONN_UPGRADING:
      return EPOLLIN | writing_mask(c);
    case LAW_CONN_OPEN:
      if (c->hung_up && !c->reading) {
        return LAW_CONN_UNWATCHED; /* epoll would say so again and again */
      }
      return (c->reading ? (uint32_t)EPOLLIN : 0) | writing_mask(c);
    default:
      return LAW_CONN_UNWATCHED;
  }
}

static void unwatch(law_conn *c) {
  if (c->mask != LAW_CONN_UNWATCHED) {
    (void)epoll_ctl(c->net->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    c->mask = LAW_CONN_UNWATCHED;
  }
}

static void update_mask(law_conn *c) {
  uint32_t mask = wanted_mask(c);
  if (mask == c->mask) {
    return;
  }
  if (mask == LAW_CONN_UNWATCHED) {
    unwatch(c);
    return;
  }
  struct epoll_event e = {.events = mask, .data.u64 = c->object.handle};
  int how = c->mask == LAW_CONN_UNWATCHED ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  if (epoll_ctl(c->net->epoll_fd, how, c->fd, &e) != 0) {
    c->net->no_memory = true;
    return;
  }
  c->mask = mask;
}

/* ---- Beginning and end ---- */

static bool write_now(law_conn *c, law_bytes *bytes);
static void free_conn(law_conn *c);

law_conn *law_conn_new(law_net *net, law_scope *scope, law_side side, int fd, void *user) {
  law_conn *c = calloc(1, sizeof *c);
  if (!c) {
    return NULL;
  }
  c->object = (law_object){.kind = LAW_OBJECT_CONN, .user = user};
  c->net = net;
  c->scope = scope;
  c->side = side;
  c->fd = fd;
  c->mask = LAW_CONN_UNWATCHED;
  c->reading = true;
  c->timer.owner = c;
  if (!law_judging_start(c)) {
    free(c);
    return NULL;
  }
  if (!law_table_add(&net->table, &c->object)) {
    free_conn(c);
    return NULL;
  }
  return c;
}

bool law_conn_layer(law_conn *c, const law_endpoint *e, law_tls_context *context) {
  if (context && (c->tls = law_tls_new(c->net, context, c->fd, e)) == NULL) {
    return false;
  }
  if (c->tls) {
    law_tls_tap(c->tls, c);
  }
  if (!law_transport_is_ws(e->transport)) {
    return true;
  }
  c->ws = law_ws_new(e, c->side == LAW_CLIENT);
  return c->ws != NULL;
}

static void free_conn(law_conn *c) {
  law_judging_stop(c);
  law_queue_free(&c->out);
  law_tls_free(c->tls);
  law_ws_free(c->ws);
  free(c->comment);
  free(c);
}

/* The last that the other side may hear. */
static void say_goodbye(law_conn *c) {
  law_bytes rest = law_queue_bytes(&c->out);
  if (rest.len > 0) {
    (void)write_now(c, &rest);
  }
  if (c->tls) {
    law_tls_shutdown(c->tls);
  }
}

void law_conn_destroy(law_conn *c) {
  uint64_t now = law_net_now();
  if (c->opened) {
    law_judging_closed(c, c->side, c->reset, now);
    law_judging_closed(c, law_other_side(c->side), c->reset, now);
  }
  law_timer_cancel(&c->net->timers, &c->timer);
  unwatch(c);
  if (c->reset) {
    law_tcp_abort(c->fd);
  } else {
    say_goodbye(c);
  }
  law_capture_close(c, c->side, c->reset, now);
  close(c->fd);
  law_table_remove(&c->net->table, c->object.handle);
  free_conn(c);
}

/* Told to be closed or failed: taken down when the caller has seen the event. */
static void done(law_conn *c) {
  c->state = LAW_CONN_DONE;
  law_timer_cancel(&c->net->timers, &c->timer);
  unwatch(c);
  c->net->no_memory |= !law_handles_add(&c->net->done, c->object.handle);
}

__attribute__((format(printf, 2, 3))) static void fail(law_conn *c, const char *format, ...) {
  law_net *net = c->net;
  char text[LAW_NET_TEXT + LAW_NET_PEER];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  law_event *e = law_event_add(net, LAW_EV_FAILED, &c->object, law_net_now());
  if (e) {
    e->listener = c->listener;
    e->text = law_arena_text(&net->arena, text);
  }
  done(c);
}

static void opened(law_conn *c) {
  uint64_t now = law_net_now();
  law_event_kind kind = c->listener ? LAW_EV_ACCEPTED : LAW_EV_CONNECTED;
  law_event *e = law_event_add(c->net, kind, &c->object, now);
  if (e) {
    e->listener = c->listener;
  }
  c->state = LAW_CONN_OPEN;
  c->opened = true;
  law_timer_cancel(&c->net->timers, &c->timer);
  if (c->monitor) {
    law_judging_tick(c, now);
  }
}

/* The other side ended it: |io| is LAW_IO_FIN, _RST or _ERROR. */
static void ended(law_conn *c, law_io io, uint64_t now) {
  law_net *net = c->net;
  law_side from = law_other_side(c->side);
  c->reset = io == LAW_IO_RST;
  if (io != LAW_IO_ERROR) {
    law_capture_close(c, from, c->reset, now);
  }
  law_judging_closed(c, from, io != LAW_IO_FIN, now);
  law_event *e = law_event_add(net, LAW_EV_CLOSED, &c->object, now);
  if (e) {
    e->how = io == LAW_IO_FIN ? LAW_CLOSE_FIN : io == LAW_IO_RST ? LAW_CLOSE_RST : LAW_CLOSE_ERROR;
    e->text = io == LAW_IO_ERROR ? law_arena_text(&net->arena, net->why) : NULL;
  }
  done(c);
}

/* ---- Handshakes ---- */

static bool pending(const law_conn *c) {
  return (c->tls && law_tls_pending(c->tls)) || (c->ws && law_ws_pending(c->ws));
}

void law_conn_buffer(law_conn *c) {
  if (!c->buffered) {
    c->buffered = law_handles_add(&c->net->buffered, c->object.handle);
  }
}

static void handshake_failed(law_conn *c, const char *which, law_io io) {
  const char *why = c->net->why;
  if (io == LAW_IO_FIN) {
    why = "the other side closed the connection";
  }
  fail(c, "the %s handshake with %s failed: %s", which, c->peer, why);
}

/* What comes above TLS. */
static void secured(law_conn *c) {
  if (!c->ws) {
    opened(c);
    return;
  }
  c->state = LAW_CONN_UPGRADING;
  if (c->side == LAW_CLIENT && !law_ws_ask(c)) {
    fail(c, "the WebSocket handshake with %s could not be sent", c->peer);
  }
}

static void secure(law_conn *c) {
  law_io io = law_tls_handshake(c->net, c->tls);
  if (io == LAW_IO_OK) {
    secured(c);
    if (c->state != LAW_CONN_DONE && pending(c)) {
      law_conn_buffer(c);
    }
  } else if (io != LAW_IO_AGAIN) {
    handshake_failed(c, "TLS", io);
  }
}

void law_conn_begin(law_conn *c) {
  law_capture_begin(c, law_net_now());
  if (c->tls) {
    c->state = LAW_CONN_SECURING;
    secure(c);
  } else {
    secured(c);
  }
  update_mask(c);
}

static void upgrade(law_conn *c, law_bytes bytes, uint32_t packet) {
  law_io io = law_ws_upgrade(c, bytes, packet);
  if (io == LAW_IO_OK) {
    opened(c);
    if (pending(c)) {
      law_conn_buffer(c);
    }
  } else if (io != LAW_IO_AGAIN) {
    handshake_failed(c, "WebSocket", io);
  }
}

/* ---- Writing ---- */

static void send_fin(law_conn *c) {
  uint64_t now = law_net_now();
  c->fin_sent = true;
  if (c->tls) {
    law_tls_shutdown(c->tls);
  }
  law_capture_close(c, c->side, false, now);
  law_judging_closed(c, c->side, false, now);
  (void)shutdown(c->fd, SHUT_WR);
}

/* A broken connection is told when its end is read; the system may tell us only once that it was
 * reset. */
static bool write_failed(law_conn *c, law_io io) {
  if (io == LAW_IO_RST) {
    c->reset = true;
  }
  law_queue_drop(&c->out, c->out.len);
  return false;
}

/* Gives the system what it takes of |bytes|. False: the connection is broken. */
static bool write_now(law_conn *c, law_bytes *bytes) {
  while (bytes->len > 0) {
    size_t len = 0;
    law_io io = law_stream_write(c, *bytes, &len);
    bytes->data += len;
    bytes->len -= len;
    if (io == LAW_IO_AGAIN) {
      return true;
    }
    if (io != LAW_IO_OK) {
      return write_failed(c, io);
    }
  }
  return true;
}

void law_conn_flush(law_conn *c) {
  law_bytes rest = law_queue_bytes(&c->out);
  size_t before = rest.len;
  if (before > 0 && write_now(c, &rest)) {
    law_queue_drop(&c->out, before - rest.len);
  }
  if (c->closing && !c->fin_sent && c->out.len == 0) {
    send_fin(c);
  }
  update_mask(c);
}

static bool hold_back(law_conn *c, law_bytes bytes) {
  law_net *net = c->net;
  if (!law_queue_add(&c->out, bytes)) {
    net->no_memory = true;
    return false;
  }
  if (net->batch && !c->dirty) {
    c->dirty = law_handles_add(&net->dirty, c->object.handle);
  }
  if (!c->dirty) {
    update_mask(c);
  }
  return true;
}

static bool write_or_hold(law_conn *c, law_bytes bytes) {
  bool hold = c->out.len > 0 || (c->net->batch && c->state == LAW_CONN_OPEN);
  if (!hold && !write_now(c, &bytes)) {
    return false;
  }
  return bytes.len == 0 || hold_back(c, bytes);
}

bool law_conn_write(law_conn *c, law_bytes bytes, uint32_t *out_packet) {
  uint64_t now = law_net_now();
  if (!write_or_hold(c, bytes)) {
    return false;
  }
  uint32_t packet = law_capture_data(c, c->side, now, bytes);
  if (out_packet) {
    *out_packet = packet;
  }
  return true;
}

/* ---- Reading ---- */

static law_io take_in(law_conn *c, uint8_t *data, size_t len, uint32_t packet) {
  c->net->input.base = data;
  c->net->input.packet = packet;
  if (c->ws) {
    return law_ws_input(c, data, len);
  }
  law_judging_input(c, law_bytes_of(data, len));
  return LAW_IO_OK;
}

/* What came right behind a WebSocket's handshake; in the arena, as events need it. */
static law_io take_left(law_conn *c) {
  uint32_t packet;
  law_bytes left = law_ws_left(c->ws, &packet);
  uint8_t *copy = law_arena_alloc(&c->net->arena, left.len);
  if (!copy) {
    c->net->no_memory = true;
    return LAW_IO_OK;
  }
  memcpy(copy, left.data, left.len);
  c->net->input.now = law_net_now();
  return take_in(c, copy, left.len, packet);
}

/* Reads from the stream into the arena, and captures. */
static law_io read_some(law_conn *c, uint8_t **out, size_t *out_len, uint32_t *out_packet) {
  law_net *net = c->net;
  size_t cap;
  *out_len = 0;
  *out = law_arena_space(&net->arena, &cap);
  if (!*out) {
    net->no_memory = true;
    return LAW_IO_AGAIN;
  }
  law_io io = law_stream_read(c, *out, cap, out_len);
  law_arena_keep(&net->arena, *out_len);
  net->input.now = law_net_now();
  if (*out_len > 0) {
    law_bytes bytes = law_bytes_of(*out, *out_len);
    *out_packet = law_capture_data(c, law_other_side(c->side), net->input.now, bytes);
  }
  /* A send may have taken the system's word that it was reset. */
  return io == LAW_IO_FIN && c->reset ? LAW_IO_RST : io;
}

/* What follows from bytes that came to |taken|, and from what came after them. */
static void settle(law_conn *c, law_io taken, law_io after) {
  law_io io = taken == LAW_IO_OK ? after : taken;
  if (io != LAW_IO_OK && io != LAW_IO_AGAIN) {
    ended(c, io, c->net->input.now);
  } else if (io == LAW_IO_OK && c->tls && pending(c)) {
    law_conn_buffer(c);
  }
}

static void read_open(law_conn *c) {
  uint8_t *data;
  size_t len;
  uint32_t packet = 0;
  law_io taken = LAW_IO_OK;
  if (c->ws && law_ws_pending(c->ws) && (taken = take_left(c)) != LAW_IO_OK) {
    ended(c, taken, c->net->input.now);
    return;
  }
  law_io io = read_some(c, &data, &len, &packet);
  if (len > 0) {
    taken = take_in(c, data, len, packet);
  }
  settle(c, taken, io);
}

static void read_upgrade(law_conn *c) {
  uint8_t *data;
  size_t len;
  uint32_t packet = 0;
  law_io io = read_some(c, &data, &len, &packet);
  if (len > 0) {
    upgrade(c, law_bytes_of(data, len), packet);
  }
  if (io == LAW_IO_OK || io == LAW_IO_AGAIN) {
    return;
  }
  if (c->state == LAW_CONN_UPGRADING) {
    handshake_failed(c, "WebSocket", io);
  } else if (c->state == LAW_CONN_OPEN) {
    law_conn_buffer(c); /* reading again tells the same end, in its turn */
  }
}

/* Not reading, and something happened to the socket all the same. A reset can't be read later
 * either; what was sent before both sides closed can. */
static void not_reading(law_conn *c, uint32_t events) {
  if (events & EPOLLERR) {
    int error = law_tcp_error(c->fd);
    (void)snprintf(c->net->why, sizeof c->net->why, "%s", strerror(error));
    ended(c, error == ECONNRESET || error == EPIPE ? LAW_IO_RST : LAW_IO_ERROR, law_net_now());
  } else if (events & EPOLLHUP) {
    c->hung_up = true;
  }
}

void law_conn_read(law_conn *c, bool on) {
  c->reading = on;
  if (c->state != LAW_CONN_OPEN) {
    return;
  }
  update_mask(c);
  if (on && pending(c)) {
    law_conn_buffer(c);
  }
}

/* ---- What happened ---- */

void law_conn_connecting(law_conn *c, int error) {
  c->state = LAW_CONN_CONNECTING;
  if (error != 0) {
    fail(c, "cannot connect to %s: %s", c->peer, strerror(error));
  } else {
    update_mask(c);
  }
}

static void connected(law_conn *c) {
  int error = law_tcp_error(c->fd);
  if (error != 0) {
    fail(c, "cannot connect to %s: %s", c->peer, strerror(error));
    return;
  }
  law_conn_begin(c);
}

static void open_ready(law_conn *c, uint32_t events) {
  if (events & EPOLLOUT) {
    law_conn_flush(c);
  }
  bool tls_waited = c->tls && law_tls_wants_write(c->tls);
  if (!c->reading) {
    not_reading(c, events);
  } else if (events != EPOLLOUT || tls_waited) {
    read_open(c);
  }
}

static void upgrading_ready(law_conn *c, uint32_t events) {
  if (events & EPOLLOUT) {
    law_conn_flush(c);
  }
  if (events != EPOLLOUT) {
    read_upgrade(c);
  }
}

void law_conn_ready(law_conn *c, uint32_t events) {
  switch (c->state) {
    case LAW_CONN_CONNECTING:
      connected(c);
      break;
    case LAW_CONN_SECURING:
      secure(c);
      break;
    case LAW_CONN_UPGRADING:
      upgrading_ready(c, events);
      break;
    case LAW_CONN_OPEN:
      open_ready(c, events);
      break;
    case LAW_CONN_DONE:
      break;
  }
  update_mask(c);
}

void law_conn_timer(law_conn *c, uint64_t now) {
  if (c->state == LAW_CONN_OPEN) {
    law_judging_tick(c, now);
  } else if (c->state != LAW_CONN_DONE) {
    fail(c, "%s was not through with its handshake in time", c->peer);
  }
}

void law_conn_close(law_conn *c, law_close how) {
  if (c->state == LAW_CONN_DONE && how == LAW_CLOSE_FIN) {
    return;
  }
  if (c->state != LAW_CONN_OPEN || how != LAW_CLOSE_FIN) {
    if (c->out.len > 0 && c->state == LAW_CONN_OPEN) {
      law_conn_flush(c);
    }
    c->reset = true;
    law_conn_destroy(c);
    return;
  }
  if (!c->closing) {
    if (c->ws) {
      law_ws_close(c, LAW_WS_NORMAL);
    }
    c->closing = true;
    law_conn_flush(c);
  }
}
