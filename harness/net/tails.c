#include "net/tails.h"

#include <stdlib.h>
#include <string.h>

/* Spare buffers above this size are freed, not kept. */
enum { KEEP_SHIFT = 20 };

struct law_tail {
  law_tail *next;
  unsigned class;
  uint8_t data[];
};

static law_tail *tail_of(uint8_t *data) {
  return (law_tail *)(void *)(data - offsetof(law_tail, data));
}

static size_t size_of(unsigned class) { return (size_t)1 << (LAW_TAIL_MIN_SHIFT + class); }

static law_tail *take(law_tails *t, unsigned class) {
  law_tail *tail = t->spare[class];
  if (tail) {
    t->spare[class] = tail->next;
    return tail;
  }
  tail = malloc(sizeof *tail + size_of(class));
  if (tail) {
    tail->class = class;
  }
  return tail;
}

static void give(law_tails *t, law_tail *tail) {
  if (tail->class + LAW_TAIL_MIN_SHIFT > KEEP_SHIFT) {
    free(tail);
    return;
  }
  tail->next = t->spare[tail->class];
  t->spare[tail->class] = tail;
}

bool law_tails_grow(law_tails *t, law_judge_direction *direction, size_t need) {
  unsigned class = 0;
  while (class < LAW_TAIL_CLASSES && size_of(class) < need) {
    class ++;
  }
  law_tail *tail = class < LAW_TAIL_CLASSES ? take(t, class) : NULL;
  if (!tail) {
    return false;
  }
  if (direction->len > 0) {
    memcpy(tail->data, direction->tail, direction->len);
  }
  law_tails_drop(t, direction);
  direction->tail = tail->data;
  direction->cap = size_of(class);
  return true;
}

void law_tails_told(law_tails *t, law_judge_direction *direction) {
  law_tail *tail = tail_of(direction->tail);
  tail->next = t->told;
  t->told = tail;
  direction->tail = NULL;
  direction->cap = 0;
  direction->len = 0;
}

void law_tails_drop(law_tails *t, law_judge_direction *direction) {
  if (direction->tail) {
    give(t, tail_of(direction->tail));
    direction->tail = NULL;
    direction->cap = 0;
  }
}

void law_tails_reset(law_tails *t) {
  while (t->told) {
    law_tail *tail = t->told;
    t->told = tail->next;
    give(t, tail);
  }
}

void law_tails_free(law_tails *t) {
  law_tails_reset(t);
  for (size_t i = 0; i < LAW_TAIL_CLASSES; i++) {
    while (t->spare[i]) {
      law_tail *tail = t->spare[i];
      t->spare[i] = tail->next;
      free(tail);
    }
  }
}
