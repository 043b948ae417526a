#include "peers/base/alarms.h"

#include <stdlib.h>

#include "peers/base/memory.h"

static void put(law_alarms *t, size_t place, law_alarm *a) {
  t->heap[place - 1] = a;
  a->place = place;
}

static void sift_up(law_alarms *t, law_alarm *a) {
  size_t i = a->place;
  while (i > 1 && t->heap[i / 2 - 1]->at > a->at) {
    put(t, i, t->heap[i / 2 - 1]);
    i /= 2;
  }
  put(t, i, a);
}

static void sift_down(law_alarms *t, law_alarm *a) {
  size_t i = a->place;
  while (2 * i <= t->num) {
    size_t child = 2 * i;
    if (child < t->num && t->heap[child]->at < t->heap[child - 1]->at) {
      child++;
    }
    if (t->heap[child - 1]->at >= a->at) {
      break;
    }
    put(t, i, t->heap[child - 1]);
    i = child;
  }
  put(t, i, a);
}

/* A loop timer that is too early does no harm; one that is too late must be replaced. */
static void arm(law_alarms *t) {
  if (t->num == 0 || (t->handle != 0 && t->due <= t->heap[0]->at)) {
    return;
  }
  if (t->handle != 0) {
    law_net_close(t->net, t->handle, LAW_CLOSE_FIN);
  }
  t->due = t->heap[0]->at;
  t->handle = law_net_timer(t->net, t->due, t->user);
}

void law_alarms_init(law_alarms *t, law_net *net, void *user) {
  *t = (law_alarms){.net = net, .user = user};
}

void law_alarms_free(law_alarms *t) {
  if (t->handle != 0) {
    law_net_close(t->net, t->handle, LAW_CLOSE_FIN);
  }
  free(t->heap);
  *t = (law_alarms){0};
}

void law_alarm_set(law_alarms *t, law_alarm *a, uint64_t at) {
  law_alarm_stop(t, a);
  if (t->num == t->cap) {
    t->cap = t->cap > 0 ? t->cap * 2 : 16;
    t->heap = law_resize(t->heap, t->cap * sizeof(law_alarm *));
  }
  a->at = at;
  t->num++;
  put(t, t->num, a);
  sift_up(t, a);
  arm(t);
}

void law_alarm_stop(law_alarms *t, law_alarm *a) {
  size_t place = a->place;
  if (place == 0) {
    return;
  }
  a->place = 0;
  law_alarm *last = t->heap[--t->num];
  if (last != a) {
    put(t, place, last);
    sift_up(t, last);
    sift_down(t, last);
  }
}

void law_alarms_run(law_alarms *t, uint64_t now) {
  t->handle = 0;
  while (t->num > 0 && t->heap[0]->at <= now) {
    law_alarm *a = t->heap[0];
    law_alarm_stop(t, a);
    a->ring(a);
  }
  arm(t);
}
