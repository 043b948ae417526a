#include "peers/base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "peers/base/memory.h"

enum { FIRST_SLOTS = 8 };

/* Process-wide and constant once drawn: no state of any peer. */
static uint64_t seed(void) {
  static uint64_t drawn;
  while (drawn == 0) {
    if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn) {
      drawn = 0x9e3779b97f4a7c15u;
    }
  }
  return drawn;
}

static uint64_t mix(uint64_t h) {
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  h ^= h >> 32;
  h *= 0xd6e8feb86659fd93u;
  return h ^ (h >> 32);
}

static uint64_t hash_of(law_bytes key) {
  uint64_t h = seed() ^ key.len;
  size_t at = 0;
  while (at < key.len) {
    uint64_t word = 0;
    size_t n = key.len - at < 8 ? key.len - at : 8;
    memcpy(&word, key.data + at, n);
    h = mix(h ^ word);
    at += n;
  }
  return mix(h);
}

static law_map_entry **place_of(const law_map *m, uint64_t hash, law_bytes key) {
  law_map_entry **at = &m->slots[hash & (m->num_slots - 1)];
  while (*at != NULL) {
    law_map_entry *e = *at;
    if (e->hash == hash && law_bytes_equal(law_bytes_of(e->key, e->key_len), key)) {
      break;
    }
    at = &e->next;
  }
  return at;
}

static void grow(law_map *m) {
  size_t num_slots = m->num_slots > 0 ? m->num_slots * 2 : FIRST_SLOTS;
  law_map_entry **slots = law_alloc(num_slots * sizeof *slots);
  for (size_t i = 0; i < m->num_slots; i++) {
    law_map_entry *e = m->slots[i];
    while (e != NULL) {
      law_map_entry *next = e->next;
      law_map_entry **slot = &slots[e->hash & (num_slots - 1)];
      e->next = *slot;
      *slot = e;
      e = next;
    }
  }
  free(m->slots);
  m->slots = slots;
  m->num_slots = num_slots;
}

void *law_map_get(const law_map *m, law_bytes key) {
  if (m->num == 0) {
    return NULL;
  }
  law_map_entry *e = *place_of(m, hash_of(key), key);
  return e != NULL ? e->value : NULL;
}

static law_map_entry *new_entry(uint64_t hash, law_bytes key, void *value) {
  law_map_entry *e = law_alloc(sizeof *e + key.len);
  e->hash = hash;
  e->value = value;
  e->key_len = key.len;
  if (key.len > 0) {
    memcpy(e->key, key.data, key.len);
  }
  return e;
}

void *law_map_set(law_map *m, law_bytes key, void *value) {
  if (m->num >= m->num_slots) {
    grow(m);
  }
  uint64_t hash = hash_of(key);
  law_map_entry **at = place_of(m, hash, key);
  if (*at != NULL) {
    void *old = (*at)->value;
    (*at)->value = value;
    return old;
  }
  *at = new_entry(hash, key, value);
  m->num++;
  return NULL;
}

void *law_map_remove(law_map *m, law_bytes key) {
  if (m->num == 0) {
    return NULL;
  }
  law_map_entry **at = place_of(m, hash_of(key), key);
  law_map_entry *e = *at;
  if (e == NULL) {
    return NULL;
  }
  void *value = e->value;
  *at = e->next;
  free(e);
  m->num--;
  return value;
}

void law_map_free(law_map *m) {
  for (size_t i = 0; i < m->num_slots; i++) {
    for (law_map_entry *e = m->slots[i], *next; e != NULL; e = next) {
      next = e->next;
      free(e);
    }
  }
  free(m->slots);
  *m = (law_map){0};
}

void *law_map_get_number(const law_map *m, uint64_t key) {
  return law_map_get(m, law_bytes_of(&key, sizeof key));
}

void *law_map_set_number(law_map *m, uint64_t key, void *value) {
  return law_map_set(m, law_bytes_of(&key, sizeof key), value);
}

void *law_map_remove_number(law_map *m, uint64_t key) {
  return law_map_remove(m, law_bytes_of(&key, sizeof key));
}

law_map_entry *law_map_next(const law_map *m, law_map_walk *w) {
  law_map_entry *e = w->next;
  while (e == NULL && w->slot < m->num_slots) {
    e = m->slots[w->slot++];
  }
  w->next = e != NULL ? e->next : NULL;
  return e;
}
