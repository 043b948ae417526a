#include "pcap/flow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
  SLAB = 64, /* records */
  ALIGN = LAW_FLOW_ALIGN,
  USER_AT = (sizeof(law_flow_entry) + ALIGN - 1) & ~(size_t)(ALIGN - 1),
  FIRST_SLOTS = 1 << 10,
  EXACT = 1024, /* tables up to this size keep an exact order */
  LAZY = 16,    /* uses, in tables full of records, that others may be behind */
};

bool law_flows_init(law_flows *f, uint32_t max, size_t user_len) {
  memset(f, 0, sizeof *f);
  f->max = max;
  f->tolerance = max <= EXACT ? 0 : (uint64_t)max * LAZY;
  f->user_len = user_len;
  f->record_len = (USER_AT + user_len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
  f->num_slots = FIRST_SLOTS;
  f->slots = calloc(f->num_slots, sizeof *f->slots);
  f->slabs = calloc(max / SLAB + 1, sizeof *f->slabs);
  /* So that nobody can write a capture whose flows all fall into one place. */
  if (getrandom(&f->seed, sizeof f->seed, GRND_NONBLOCK) != (ssize_t)sizeof f->seed) {
    f->seed = (uint64_t)time(NULL) * UINT64_C(0x9e3779b97f4a7c15);
  }
  return f->slots != NULL && f->slabs != NULL;
}

void law_flows_free(law_flows *f) {
  for (uint32_t i = 0; i < f->num_slabs; i++) {
    free(f->slabs[i]);
  }
  free(f->slabs);
  free(f->slots);
}

/* ---- Records ---- */

static law_flow_entry *record_at(const law_flows *f, uint32_t index) {
  return (law_flow_entry *)(void *)(f->slabs[index / SLAB] + index % SLAB * f->record_len);
}

/* The index of a record is kept in |flow.number| while it is unused, and in its slot else. */
static bool add_slab(law_flows *f) {
  uint8_t *slab = aligned_alloc(ALIGN, SLAB * f->record_len);
  if (slab == NULL) {
    return false;
  }
  f->slabs[f->num_slabs++] = slab;
  return true;
}

static law_flow_entry *take_record(law_flows *f, uint32_t *out_index) {
  law_flow_entry *e = f->unused;
  if (e != NULL) {
    f->unused = e->older;
    *out_index = (uint32_t)e->flow.number;
  } else {
    if (f->num_records == f->num_slabs * SLAB && !add_slab(f)) {
      return NULL;
    }
    *out_index = f->num_records++;
    e = record_at(f, *out_index);
  }
  memset(e, 0, f->record_len);
  return e;
}

static void give_record(law_flows *f, law_flow_entry *e, uint32_t index) {
  memset(&e->key, 0xff, sizeof e->key); /* of no packet */
  e->flow.number = index;
  e->older = f->unused;
  f->unused = e;
}

/* ---- Slots ---- */

static uint32_t slot_hash(uint64_t slot) { return (uint32_t)(slot >> 32); }
static uint32_t slot_index(uint64_t slot) { return (uint32_t)slot - 1; }

law_flow_entry *law_flows_find(const law_flows *f, const law_flow_key *key, uint32_t hash) {
  uint32_t mask = f->num_slots - 1;
  for (uint32_t at = hash & mask; f->slots[at] != 0; at = (at + 1) & mask) {
    unsigned from;
    if (slot_hash(f->slots[at]) == hash) {
      law_flow_entry *e = record_at(f, slot_index(f->slots[at]));
      if (law_flow_is(e, key, &from)) {
        return e;
      }
    }
  }
  return NULL;
}

law_flow_entry *law_flows_guess(const law_flows *f, uint32_t hash) {
  uint32_t mask = f->num_slots - 1;
  for (uint32_t at = hash & mask; f->slots[at] != 0; at = (at + 1) & mask) {
    if (slot_hash(f->slots[at]) == hash) {
      return record_at(f, slot_index(f->slots[at]));
    }
  }
  return NULL;
}

static void put_slot(law_flows *f, uint64_t slot) {
  uint32_t mask = f->num_slots - 1, at = slot_hash(slot) & mask;
  while (f->slots[at] != 0) {
    at = (at + 1) & mask;
  }
  f->slots[at] = slot;
}

static bool grow(law_flows *f) {
  uint64_t *old = f->slots;
  uint32_t num_old = f->num_slots;
  uint64_t *larger = calloc((size_t)num_old * 2, sizeof *larger);
  if (larger == NULL) {
    return false;
  }
  f->slots = larger;
  f->num_slots = num_old * 2;
  for (uint32_t i = 0; i < num_old; i++) {
    if (old[i] != 0) {
      put_slot(f, old[i]);
    }
  }
  free(old);
  return true;
}

static uint32_t slot_of(const law_flows *f, const law_flow_entry *e) {
  uint32_t mask = f->num_slots - 1, at = e->hash & mask;
  while (slot_hash(f->slots[at]) != e->hash || record_at(f, slot_index(f->slots[at])) != e) {
    at = (at + 1) & mask;
  }
  return at;
}

/* Empties the slot |at|, and closes the gap: what was put further on because of it moves back. */
static void clear_slot(law_flows *f, uint32_t at) {
  uint32_t mask = f->num_slots - 1, gap = at;
  for (uint32_t i = (at + 1) & mask; f->slots[i] != 0; i = (i + 1) & mask) {
    uint32_t home = slot_hash(f->slots[i]) & mask;
    if (((i - home) & mask) >= ((i - gap) & mask)) {
      f->slots[gap] = f->slots[i];
      gap = i;
    }
  }
  f->slots[gap] = 0;
}

/* ---- Order ---- */

static law_flow_list *list_of(law_flows *f, const law_flow_entry *e) {
  return e->done ? &f->done : &f->open;
}

static void unlink_entry(law_flow_list *list, law_flow_entry *e) {
  *(e->newer != NULL ? &e->newer->older : &list->newest) = e->older;
  *(e->older != NULL ? &e->older->newer : &list->oldest) = e->newer;
}

static void link_entry(law_flows *f, law_flow_entry *e) {
  law_flow_list *list = list_of(f, e);
  e->newer = NULL;
  e->older = list->newest;
  *(e->older != NULL ? &e->older->newer : &list->oldest) = e;
  list->newest = e;
  e->placed = f->num_uses;
}

void law_flows_place(law_flows *f, law_flow_entry *e) {
  unlink_entry(list_of(f, e), e);
  link_entry(f, e);
}

void law_flows_done(law_flows *f, law_flow_entry *e) {
  unlink_entry(list_of(f, e), e);
  e->done = true;
  link_entry(f, e);
}

/* Those at the end of the list that were used since they were put in their place go to the front,
 * each at most once. */
law_flow_entry *law_flows_last(law_flows *f, law_flow_list *list) {
  law_flow_entry *e = list->oldest;
  while (e != NULL && e->used > e->placed) {
    law_flows_place(f, e);
    e = list->oldest;
  }
  return e;
}

law_flow_entry *law_flows_oldest(law_flows *f) {
  law_flow_entry *e = law_flows_last(f, &f->done);
  return e != NULL ? e : law_flows_last(f, &f->open);
}

/* ---- The table ---- */

law_flow_entry *law_flows_add(law_flows *f, const law_flow_key *key, uint32_t hash) {
  uint32_t index;
  if (f->num == f->max || (f->num * 2 >= f->num_slots && !grow(f))) {
    return NULL;
  }
  law_flow_entry *e = take_record(f, &index);
  if (e == NULL) {
    return NULL;
  }
  e->key = *key;
  e->hash = hash;
  if (f->user_len > 0) {
    e->flow.user = (uint8_t *)e + USER_AT;
  }
  put_slot(f, (uint64_t)hash << 32 | (index + 1));
  link_entry(f, e);
  f->num++;
  return e;
}

void law_flows_remove(law_flows *f, law_flow_entry *e) {
  uint32_t at = slot_of(f, e), index = slot_index(f->slots[at]);
  clear_slot(f, at);
  unlink_entry(list_of(f, e), e);
  give_record(f, e, index);
  f->num--;
}
