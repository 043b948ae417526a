/* map.h: a hash table from bytes to pointers. Keys are copied. The hash is seeded for each
 * process, so that a client cannot choose keys that all fall into one place. */
#ifndef LAW_PEERS_MAP_H
#define LAW_PEERS_MAP_H

#include "core/types.h"

typedef struct law_map_entry {
  struct law_map_entry *next;
  uint64_t hash;
  void *value;
  size_t key_len;
  uint8_t key[];
} law_map_entry;

/* Empty when zeroed. */
typedef struct law_map {
  law_map_entry **slots;
  size_t num_slots, num;
} law_map;

/* NULL when there is none. */
void *law_map_get(const law_map *m, law_bytes key);
/* Sets or replaces; returns what stood there before. |value| is never NULL. */
void *law_map_set(law_map *m, law_bytes key, void *value);
/* Takes out; returns what stood there. */
void *law_map_remove(law_map *m, law_bytes key);
/* Frees the table, not the values. */
void law_map_free(law_map *m);

/* Numbers as keys. */
void *law_map_get_number(const law_map *m, uint64_t key);
void *law_map_set_number(law_map *m, uint64_t key, void *value);
void *law_map_remove_number(law_map *m, uint64_t key);

/* Walks all entries: law_map_walk w = {0}; while ((e = law_map_next(m, &w)) != NULL) ... The
 * entry at hand may be removed. No order. */
typedef struct law_map_walk {
  size_t slot;
  law_map_entry *next;
} law_map_walk;
law_map_entry *law_map_next(const law_map *m, law_map_walk *w);

#endif
