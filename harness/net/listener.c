#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/internal.h"

enum {
  ACCEPT_MAX = 128,         /* in one go, so that others get their turn */
  PAUSE = 20 * 1000 * 1000, /* ns, when the process is out of descriptors */
};

static void take_in(law_net *net, law_listener *l, int fd) {
  law_conn *c = law_conn_new(net, l->scope, LAW_SERVER, fd, l->object.user);
  if (!c) {
    net->no_memory = true;
    close(fd);
    return;
  }
  c->listener = l->object.handle;
  if (!law_conn_layer(c, &l->at, l->tls)) {
    net->no_memory = true;
    law_conn_destroy(c);
    return;
  }
  law_tcp_prepare(fd);
  (void)snprintf(c->peer, sizeof c->peer, "the client");
  net->no_memory |= !law_timer_set(&net->timers, &c->timer, law_net_now() + LAW_NET_PATIENCE);
  law_conn_begin(c);
}

/* Nothing can be accepted, and epoll would say again and again that somebody waits. */
static void pause_listener(law_net *net, law_listener *l) {
  if (law_timer_set(&net->timers, &l->pause, law_net_now() + PAUSE)) {
    (void)epoll_ctl(net->epoll_fd, EPOLL_CTL_DEL, l->fd, NULL);
  }
}

static bool out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

void law_listener_ready(law_net *net, law_listener *l) {
  for (int i = 0; i < ACCEPT_MAX; i++) {
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      take_in(net, l, fd);
    } else if (out_of_resources(errno)) {
      law_net_fail(net, "cannot accept: %s", strerror(errno));
      pause_listener(net, l);
      return;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    }
  }
}

void law_listener_resume(law_net *net, law_listener *l) {
  if (!law_net_poll_add(net, l->fd, EPOLLIN, l->object.handle)) {
    pause_listener(net, l);
  }
}

static void free_listener(law_listener *l) {
  if (l) {
    free((char *)(uintptr_t)l->at.ws_path);
    free((char *)(uintptr_t)l->at.ws_subprotocol);
    free(l);
  }
}

void law_listener_close(law_net *net, law_listener *l) {
  law_timer_cancel(&net->timers, &l->pause);
  law_table_remove(&net->table, l->object.handle);
  close(l->fd);
  free_listener(l);
}

/* Accepted connections need no more than this of it. */
static bool copy_endpoint(law_listener *l, const law_endpoint *at) {
  l->at.transport = at->transport;
  l->at.ws_path = at->ws_path ? strdup(at->ws_path) : NULL;
  l->at.ws_subprotocol = at->ws_subprotocol ? strdup(at->ws_subprotocol) : NULL;
  return (l->at.ws_path || !at->ws_path) && (l->at.ws_subprotocol || !at->ws_subprotocol);
}

static law_listener *new_listener(law_net *net, law_scope *scope, const law_endpoint *at, int fd,
                                  void *user) {
  law_listener *l = calloc(1, sizeof *l);
  if (!l || !copy_endpoint(l, at)) {
    free_listener(l);
    return NULL;
  }
  l->object = (law_object){.kind = LAW_OBJECT_LISTENER, .user = user};
  l->scope = scope;
  l->fd = fd;
  l->pause.owner = l;
  if (!law_table_add(&net->table, &l->object)) {
    free_listener(l);
    return NULL;
  }
  return l;
}

static law_handle watch_listener(law_net *net, law_listener *l) {
  if (!law_net_poll_add(net, l->fd, EPOLLIN, l->object.handle)) {
    law_net_fail(net, "cannot watch the listener: %s", strerror(errno));
    law_listener_close(net, l);
    return 0;
  }
  return l->object.handle;
}

law_handle law_net_listen(law_net *net, law_handle scope, const law_endpoint *at, void *user) {
  law_scope *s = law_scope_of(net, scope);
  law_tls_context *tls = NULL;
  if (!s || !law_transport_known(net, at->transport)) {
    return 0;
  }
  if (law_transport_is_secure(at->transport) && (tls = law_tls_context_of(net, at, true)) == NULL) {
    return 0;
  }
  int fd = law_tcp_listen(net, at);
  if (fd < 0) {
    return 0;
  }
  law_listener *l = new_listener(net, s, at, fd, user);
  if (!l) {
    law_net_fail(net, "no memory left");
    close(fd);
    return 0;
  }
  l->tls = tls;
  return watch_listener(net, l);
}
