/* timer.h: a heap of deadlines. A timer is part of what it belongs to. */
#ifndef LAW_NET_TIMER_H
#define LAW_NET_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct law_timer {
  uint64_t at;  /* ns, monotonic */
  size_t place; /* in the heap, from 1; 0: not set */
  void *owner;
} law_timer;

typedef struct law_timers {
  law_timer **heap;
  size_t num, cap;
} law_timers;

/* A zeroed law_timers is empty. Timers still set are forgotten. */
void law_timers_free(law_timers *t);

/* Sets or moves |timer|. False: no memory. */
bool law_timer_set(law_timers *t, law_timer *timer, uint64_t at);
/* Does nothing when it is not set. */
void law_timer_cancel(law_timers *t, law_timer *timer);
/* UINT64_MAX when none is set. */
uint64_t law_timers_next(const law_timers *t);
/* Takes out the earliest one that is due at |now|; NULL when there is none. */
law_timer *law_timers_pop(law_timers *t, uint64_t now);

#endif
