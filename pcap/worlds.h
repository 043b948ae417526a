/* worlds.h: what the connections of one server share, for each server whose connections are all in
 * the capture (monitors/mqtt/world.h). A bounded number; what nobody uses is forgotten first. */
#ifndef LAW_PCAP_WORLDS_H
#define LAW_PCAP_WORLDS_H

#include "core/protocol.h"

enum {
  LAW_WORLDS = 1024,
  LAW_WORLDS_LIVE = 48, /* with memory */
  LAW_WORLD_KEY = 24,
};

typedef struct law_world {
  uint8_t key[LAW_WORLD_KEY];
  void *memory; /* NULL: forgotten; what nobody knows any more does not begin anew */
  uint32_t users;
  uint64_t used; /* when last, counted */
} law_world;

typedef struct law_worlds {
  law_world all[LAW_WORLDS];
  size_t num, num_live;
  uint64_t turn;
} law_worlds;

/* The world of |key|, made if it is new; until it is given back it stays where it is. NULL: no
 * memory, too many, or forgotten. */
law_world *law_worlds_take(law_worlds *w, const law_protocol *protocol,
                           const uint8_t key[LAW_WORLD_KEY]);
/* NULL is fine. */
void law_worlds_give(law_world *world);
void law_worlds_free(law_worlds *w);

#endif
