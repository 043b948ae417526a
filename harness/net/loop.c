#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "net/internal.h"

enum {
  POLL_MAX = 256,
  /* Timers have their turn when all that was there has been read, or after that many full polls:
   * a message that was in time must not come behind the timer that waited for it. */
  POLLS_MAX = 16,
};

#define NS_PER_S UINT64_C(1000000000)

uint64_t law_net_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

void law_net_fail(law_net *net, const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(net->error, sizeof net->error, format, args);
  va_end(args);
}

const char *law_net_error(const law_net *net) { return net->error; }

law_net *law_net_new(void) {
  law_net *net = calloc(1, sizeof *net);
  if (!net) {
    return NULL;
  }
  net->netns_fd = -1;
  net->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (net->epoll_fd < 0) {
    free(net);
    return NULL;
  }
  return net;
}

law_object *law_net_object(const law_net *net, law_handle handle, law_object_kind kind) {
  law_object *object = law_table_get(&net->table, handle);
  return object && object->kind == kind ? object : NULL;
}

bool law_net_poll_add(law_net *net, int fd, uint32_t mask, law_handle handle) {
  struct epoll_event e = {.events = mask, .data.u64 = handle};
  return epoll_ctl(net->epoll_fd, EPOLL_CTL_ADD, fd, &e) == 0;
}

/* ---- Timers and watched descriptors ---- */

law_handle law_net_timer(law_net *net, uint64_t at, void *user) {
  law_alarm *a = calloc(1, sizeof *a);
  if (!a) {
    return 0;
  }
  a->object = (law_object){.kind = LAW_OBJECT_TIMER, .user = user};
  a->timer.owner = a;
  if (!law_table_add(&net->table, &a->object)) {
    free(a);
    return 0;
  }
  if (!law_timer_set(&net->timers, &a->timer, at)) {
    law_table_remove(&net->table, a->object.handle);
    free(a);
    return 0;
  }
  return a->object.handle;
}

static void close_alarm(law_net *net, law_alarm *a) {
  law_timer_cancel(&net->timers, &a->timer);
  law_table_remove(&net->table, a->object.handle);
  free(a);
}

static void close_watch(law_net *net, law_watch *w) {
  if (!w->always) {
    (void)epoll_ctl(net->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
  }
  law_table_remove(&net->table, w->object.handle);
  free(w);
}

static bool start_watch(law_net *net, law_watch *w) {
  if (law_net_poll_add(net, w->fd, EPOLLIN, w->object.handle)) {
    return true;
  }
  if (errno == EPERM && law_handles_add(&net->always, w->object.handle)) {
    w->always = true;
    return true;
  }
  law_net_fail(net, "cannot watch descriptor %d: %s", w->fd, strerror(errno));
  return false;
}

law_handle law_net_watch(law_net *net, int fd, void *user) {
  law_watch *w = calloc(1, sizeof *w);
  if (!w) {
    return 0;
  }
  w->object = (law_object){.kind = LAW_OBJECT_WATCH, .user = user};
  w->fd = fd;
  if (!law_table_add(&net->table, &w->object)) {
    free(w);
    return 0;
  }
  if (!start_watch(net, w)) {
    law_table_remove(&net->table, w->object.handle);
    free(w);
    return 0;
  }
  return w->object.handle;
}

/* ---- Any handle ---- */

static void close_object(law_net *net, law_object *object, law_close how) {
  switch (object->kind) {
    case LAW_OBJECT_CONN:
      law_conn_close((law_conn *)object, how);
      break;
    case LAW_OBJECT_LISTENER:
      law_listener_close(net, (law_listener *)object);
      break;
    case LAW_OBJECT_TIMER:
      close_alarm(net, (law_alarm *)object);
      break;
    case LAW_OBJECT_WATCH:
      close_watch(net, (law_watch *)object);
      break;
    case LAW_OBJECT_SCOPE:
      break;
  }
}

void law_net_close(law_net *net, law_handle handle, law_close how) {
  law_object *object = law_table_get(&net->table, handle);
  if (object) {
    close_object(net, object, how);
  }
}

void law_net_set_user(law_net *net, law_handle handle, void *user) {
  law_object *object = law_table_get(&net->table, handle);
  if (object) {
    object->user = user;
  }
}

uint16_t law_net_port(const law_net *net, law_handle handle) {
  const law_object *object = law_table_get(&net->table, handle);
  if (!object) {
    return 0;
  }
  if (object->kind == LAW_OBJECT_LISTENER) {
    return law_tcp_port(((const law_listener *)object)->fd);
  }
  return object->kind == LAW_OBJECT_CONN ? law_tcp_port(((const law_conn *)object)->fd) : 0;
}

static void free_scope(law_net *net, law_scope *s) {
  law_table_remove(&net->table, s->object.handle);
  free(s->world);
  free(s);
}

/* Scopes go last: connections use them to the end. */
static void free_objects(law_net *net, bool scopes) {
  law_object *object;
  for (law_handle from = 1; (object = law_table_first(&net->table, from)) != NULL;) {
    from = object->handle + 1;
    if (object->kind != LAW_OBJECT_SCOPE) {
      close_object(net, object, LAW_CLOSE_RST);
    } else if (scopes) {
      free_scope(net, (law_scope *)object);
    }
  }
}

void law_net_free(law_net *net) {
  if (!net) {
    return;
  }
  free_objects(net, false);
  free_objects(net, true);
  (void)law_net_capture_end(net);
  law_tls_contexts_free(net);
  law_secrets_free(&net->secrets);
  law_queue_free(&net->scratch);
  law_table_free(&net->table);
  law_timers_free(&net->timers);
  law_arena_free(&net->arena);
  law_tails_free(&net->tails);
  free(net->events);
  free(net->buffered.at);
  free(net->done.at);
  free(net->dirty.at);
  free(net->always.at);
  if (net->netns_fd >= 0) {
    close(net->netns_fd);
  }
  close(net->epoll_fd);
  free(net);
}

/* ---- One round ---- */

void law_net_batch(law_net *net, bool on) {
  net->batch = on;
  if (!on) {
    law_net_flush(net);
  }
}

void law_net_flush(law_net *net) {
  for (size_t i = 0; i < net->dirty.num; i++) {
    law_conn *c = (law_conn *)law_net_object(net, net->dirty.at[i], LAW_OBJECT_CONN);
    if (c) {
      c->dirty = false;
      law_conn_flush(c);
    }
  }
  net->dirty.num = 0;
}

static void watch_ready(law_net *net, const law_object *object) {
  (void)law_event_add(net, LAW_EV_READABLE, object, law_net_now());
}

static void dispatch(law_net *net, law_handle handle, uint32_t events) {
  law_object *object = law_table_get(&net->table, handle);
  if (!object) {
    return;
  }
  switch (object->kind) {
    case LAW_OBJECT_CONN:
      law_conn_ready((law_conn *)object, events);
      break;
    case LAW_OBJECT_LISTENER:
      law_listener_ready(net, (law_listener *)object);
      break;
    case LAW_OBJECT_WATCH:
      watch_ready(net, object);
      break;
    default:
      break;
  }
}

/* Connections whose input was read, but not looked at yet. */
static void run_buffered(law_net *net) {
  size_t num = net->buffered.num;
  for (size_t i = 0; i < num; i++) {
    law_conn *c = (law_conn *)law_net_object(net, net->buffered.at[i], LAW_OBJECT_CONN);
    if (c) {
      c->buffered = false;
      law_conn_ready(c, 0);
    }
  }
  /* Those that were added meanwhile. */
  net->buffered.num -= num;
  if (net->buffered.num > 0) {
    memmove(net->buffered.at, net->buffered.at + num, net->buffered.num * sizeof(law_handle));
  }
}

static void run_always(law_net *net) {
  size_t kept = 0;
  for (size_t i = 0; i < net->always.num; i++) {
    law_object *object = law_net_object(net, net->always.at[i], LAW_OBJECT_WATCH);
    if (object) {
      net->always.at[kept++] = object->handle;
      watch_ready(net, object);
    }
  }
  net->always.num = kept;
}

static void run_timer(law_net *net, law_timer *timer, uint64_t now) {
  law_object *object = timer->owner;
  switch (object->kind) {
    case LAW_OBJECT_CONN:
      law_conn_timer((law_conn *)object, now);
      break;
    case LAW_OBJECT_LISTENER:
      law_listener_resume(net, (law_listener *)object);
      break;
    default:
      (void)law_event_add(net, LAW_EV_TIMER, object, timer->at);
      break;
  }
}

static void run_timers(law_net *net) {
  uint64_t now = law_net_now();
  law_timer *timer;
  while ((timer = law_timers_pop(&net->timers, now)) != NULL) {
    run_timer(net, timer, now);
  }
}

/* Old kernels and emulators know milliseconds only. */
static int wait_ms(law_net *net, struct epoll_event *events, uint64_t ns) {
  uint64_t ms = ns / 1000000 + (ns % 1000000 != 0);
  return epoll_wait(net->epoll_fd, events, POLL_MAX, ms > INT32_MAX ? INT32_MAX : (int)ms);
}

/* |ns|: how long; UINT64_MAX for ever. */
static int wait_ns(law_net *net, struct epoll_event *events, uint64_t ns) {
  if (ns == 0 || ns == UINT64_MAX) {
    return epoll_wait(net->epoll_fd, events, POLL_MAX, ns == 0 ? 0 : -1);
  }
  struct timespec t = {.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
  int n = epoll_pwait2(net->epoll_fd, events, POLL_MAX, &t, NULL);
  if (n < 0 && (errno == ENOSYS || errno == EPERM)) {
    return wait_ms(net, events, ns);
  }
  return n;
}

static uint64_t time_left(const law_net *net, uint64_t until) {
  if (net->num_events > 0 || net->buffered.num > 0) {
    return 0;
  }
  uint64_t next = law_timers_next(&net->timers);
  uint64_t at = next < until ? next : until;
  if (at == UINT64_MAX || at == 0) {
    return at;
  }
  uint64_t now = law_net_now();
  return at > now ? at - now : 0;
}

/* False with errno when the system fails. */
static bool poll_once(law_net *net, uint64_t until) {
  struct epoll_event events[POLL_MAX];
  uint64_t left = time_left(net, until);
  if (left > 0) {
    law_capture_idle(net);
  }
  for (int polls = 0; polls < POLLS_MAX; polls++) {
    int n = wait_ns(net, events, polls == 0 ? left : 0);
    if (n < 0) {
      return false;
    }
    for (int i = 0; i < n; i++) {
      dispatch(net, (law_handle)events[i].data.u64, events[i].events);
    }
    if (n < POLL_MAX) {
      break;
    }
  }
  return true;
}

static bool run_round(law_net *net, uint64_t until) {
  law_events_turn_over(net);
  law_net_flush(net);
  run_always(net);
  run_buffered(net);
  if (!poll_once(net, until)) {
    return false;
  }
  run_timers(net);
  if (net->no_memory) {
    net->no_memory = false;
    law_net_fail(net, "no memory left");
    errno = ENOMEM;
    return false;
  }
  return true;
}

int law_net_wait(law_net *net, uint64_t until, law_event *out, size_t max) {
  if (max > INT32_MAX) {
    max = INT32_MAX;
  }
  for (;;) {
    size_t num = law_events_hand_out(net, out, max);
    if (num > 0 || max == 0) {
      return (int)num;
    }
    if (!run_round(net, until)) {
      return errno == EINTR ? 0 : -1;
    }
    if (net->num_events == 0 && until != UINT64_MAX && law_net_now() >= until) {
      return 0;
    }
  }
}
