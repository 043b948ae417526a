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

static uint32_t wanted_mask(const law_conn *c) {
  switch (c->state) {
    case LAW_CONN_CONNECTING:
      return EPOLLOUT;
    case LAW_CONN_SECURING:
    case LAW_CONN_UPGRADING:
      return EPOLLIN | (c->out.len > 0 ? (uint32_t)EPOLLOUT : 0);
    case LAW_CONN_OPEN:
      return (c->reading ? (uint32_t)EPOLLIN : 0) | (c->out.len > 0 ? (uint32_t)EPOLLOUT : 0);
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
    law_judging_stop(c);
    free(c);
    return NULL;
  }
  return c;
}

void law_conn_destroy(law_conn *c) {
  uint64_t now = law_net_now();
  if (c->state != LAW_CONN_CONNECTING) {
    law_capture_close(c, c->side, c->reset, now);
    law_judging_closed(c, c->side, c->reset, now);
    law_judging_closed(c, law_other_side(c->side), c->reset, now);
  }
  law_timer_cancel(&c->net->timers, &c->timer);
  unwatch(c);
  if (c->reset) {
    law_tcp_abort(c->fd);
  } else if (c->out.len > 0) {
    law_bytes rest = law_queue_bytes(&c->out);
    (void)write_now(c, &rest);
  }
  close(c->fd);
  law_judging_stop(c);
  law_queue_free(&c->out);
  free(c->comment);
  law_table_remove(&c->net->table, c->object.handle);
  free(c);
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
  law_timer_cancel(&c->net->timers, &c->timer);
  if (c->monitor) {
    law_judging_tick(c, now);
  }
}

void law_conn_begin(law_conn *c) {
  law_capture_begin(c, law_net_now());
  opened(c);
  update_mask(c);
}

/* The other side ended it: |io| is LAW_IO_FIN, _RST or _ERROR. */
static void ended(law_conn *c, law_io io, uint64_t now) {
  law_net *net = c->net;
  c->reset = io != LAW_IO_FIN;
  law_capture_close(c, law_other_side(c->side), c->reset, now);
  law_judging_closed(c, law_other_side(c->side), c->reset, now);
  law_event *e = law_event_add(net, LAW_EV_CLOSED, &c->object, now);
  if (e) {
    e->how = io == LAW_IO_FIN ? LAW_CLOSE_FIN : io == LAW_IO_RST ? LAW_CLOSE_RST : LAW_CLOSE_ERROR;
    e->text = io == LAW_IO_ERROR ? law_arena_text(&net->arena, net->why) : NULL;
  }
  done(c);
}

/* ---- Writing ---- */

static void send_fin(law_conn *c) {
  uint64_t now = law_net_now();
  c->fin_sent = true;
  law_capture_close(c, c->side, false, now);
  law_judging_closed(c, c->side, false, now);
  (void)shutdown(c->fd, SHUT_WR);
}

/* A broken connection is told when its end is read; the system may tell us only once that it was reset. */
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

bool law_conn_write(law_conn *c, law_bytes bytes) {
  bool hold = c->out.len > 0 || (c->net->batch && c->state == LAW_CONN_OPEN);
  if (!hold && !write_now(c, &bytes)) {
    return false;
  }
  return bytes.len == 0 || hold_back(c, bytes);
}

/* ---- Reading ---- */

static void read_open(law_conn *c) {
  law_net *net = c->net;
  size_t cap, len = 0;
  uint8_t *space = law_arena_space(&net->arena, &cap);
  if (!space) {
    net->no_memory = true;
    return;
  }
  law_io io = law_stream_read(c, space, cap, &len);
  law_arena_keep(&net->arena, len);
  uint64_t now = law_net_now();
  if (len > 0) {
    law_bytes bytes = law_bytes_of(space, len);
    uint32_t packet = law_capture_data(c, law_other_side(c->side), now, bytes);
    net->input = (law_input){.base = space, .now = now, .packet = packet};
    law_judging_input(c, bytes);
  }
  if (io == LAW_IO_FIN && c->reset) {
    io = LAW_IO_RST;
  }
  if (io != LAW_IO_OK && io != LAW_IO_AGAIN) {
    ended(c, io, now);
  }
}

/* Not reading, and something happened to the socket all the same. A reset can't be read later either; what was
 * sent before both sides closed can. */
static void not_reading(law_conn *c, uint32_t events) {
  if (events & EPOLLERR) {
    int error = law_tcp_error(c->fd);
    (void)snprintf(c->net->why, sizeof c->net->why, "%s", strerror(error));
    ended(c, error == ECONNRESET || error == EPIPE ? LAW_IO_RST : LAW_IO_ERROR, law_net_now());
  } else if (events & EPOLLHUP) {
    unwatch(c);
  }
}

void law_conn_read(law_conn *c, bool on) {
  c->reading = on;
  if (c->state == LAW_CONN_OPEN) {
    update_mask(c);
  }
}

/* ---- What happened ---- */

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
  if (!c->reading) {
    not_reading(c, events);
  } else if (events != EPOLLOUT) {
    read_open(c);
  }
}

void law_conn_ready(law_conn *c, uint32_t events) {
  switch (c->state) {
    case LAW_CONN_CONNECTING:
      connected(c);
      break;
    case LAW_CONN_OPEN:
      open_ready(c, events);
      break;
    default:
      break;
  }
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
    c->closing = true;
    law_conn_flush(c);
  }
}

/* ---- The public side ---- */

static law_conn *find(const law_net *net, law_handle handle) {
  return (law_conn *)law_net_object(net, handle, LAW_OBJECT_CONN);
}

static void watch_connecting(law_conn *c, int error) {
  c->state = LAW_CONN_CONNECTING;
  if (error != 0) {
    fail(c, "cannot connect to %s: %s", c->peer, strerror(error));
  } else {
    update_mask(c);
  }
}

law_handle law_net_connect(law_net *net, law_handle scope, const law_endpoint *to, void *user) {
  law_scope *s = (law_scope *)law_net_object(net, scope, LAW_OBJECT_SCOPE);
  if (!s || to->transport != LAW_TCP) {
    law_net_fail(net, s ? "this transport is not supported" : "no such scope");
    return 0;
  }
  int error = 0;
  int fd = law_tcp_connect(net, to, &error);
  if (fd < 0) {
    return 0;
  }
  law_conn *c = law_conn_new(net, s, LAW_CLIENT, fd, user);
  if (!c) {
    law_net_fail(net, "no memory left");
    close(fd);
    return 0;
  }
  law_tcp_peer_text(to, c->peer, sizeof c->peer);
  watch_connecting(c, error);
  return c->object.handle;
}

bool law_net_send(law_net *net, law_handle handle, law_bytes bytes, uint32_t *out_packet) {
  law_conn *c = find(net, handle);
  if (out_packet) {
    *out_packet = 0;
  }
  if (!c || (c->state != LAW_CONN_OPEN && c->state != LAW_CONN_DONE) || c->closing) {
    return false;
  }
  uint64_t now = law_net_now();
  if (!law_conn_write(c, bytes)) {
    return false;
  }
  uint32_t packet = law_capture_data(c, c->side, now, bytes);
  if (out_packet) {
    *out_packet = packet;
  }
  law_judging_output(c, now, bytes);
  return true;
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
