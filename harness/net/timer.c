#include "net/timer.h"

#include <stdlib.h>

static void put(law_timers *t, size_t i, law_timer *timer) {
  t->heap[i] = timer;
  timer->place = i + 1;
}

static void sift_up(law_timers *t, size_t i) {
  law_timer *timer = t->heap[i];
  while (i > 0 && t->heap[(i - 1) / 2]->at > timer->at) {
    put(t, i, t->heap[(i - 1) / 2]);
    i = (i - 1) / 2;
  }
  put(t, i, timer);
}

static void sift_down(law_timers *t, size_t i) {
  law_timer *timer = t->heap[i];
  for (size_t child = 2 * i + 1; child < t->num; child = 2 * i + 1) {
    if (child + 1 < t->num && t->heap[child + 1]->at < t->heap[child]->at) {
      child++;
    }
    if (t->heap[child]->at >= timer->at) {
      break;
    }
    put(t, i, t->heap[child]);
    i = child;
  }
  put(t, i, timer);
}

static bool grow(law_timers *t) {
  size_t cap = t->cap > 0 ? t->cap * 2 : 64;
  law_timer **heap = realloc(t->heap, cap * sizeof(law_timer *));
  if (!heap) {
    return false;
  }
  t->heap = heap;
  t->cap = cap;
  return true;
}

bool law_timer_set(law_timers *t, law_timer *timer, uint64_t at) {
  timer->at = at;
  if (timer->place == 0) {
    if (t->num == t->cap && !grow(t)) {
      return false;
    }
    put(t, t->num++, timer);
  }
  sift_up(t, timer->place - 1);
  sift_down(t, timer->place - 1);
  return true;
}

void law_timer_cancel(law_timers *t, law_timer *timer) {
  if (timer->place == 0) {
    return;
  }
  size_t i = timer->place - 1;
  law_timer *last = t->heap[--t->num];
  timer->place = 0;
  if (last != timer) {
    put(t, i, last);
    sift_up(t, i);
    sift_down(t, last->place - 1);
  }
}

uint64_t law_timers_next(const law_timers *t) { return t->num > 0 ? t->heap[0]->at : UINT64_MAX; }

law_timer *law_timers_pop(law_timers *t, uint64_t now) {
  if (t->num == 0 || t->heap[0]->at > now) {
    return NULL;
  }
  law_timer *timer = t->heap[0];
  law_timer_cancel(t, timer);
  return timer;
}

void law_timers_free(law_timers *t) {
  free(t->heap);
  *t = (law_timers){0};
}
