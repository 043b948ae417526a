#include "pcap/worlds.h"

#include <stdlib.h>
#include <string.h>

static law_world *find(law_worlds *w, const uint8_t key[LAW_WORLD_KEY]) {
  for (size_t i = w->num; i-- > 0;) {
    if (memcmp(w->all[i].key, key, LAW_WORLD_KEY) == 0) {
      return &w->all[i];
    }
  }
  return NULL;
}

static void forget(law_worlds *w, law_world *world) {
  free(world->memory);
  world->memory = NULL;
  w->num_live--;
}

/* The one that was given back the longest ago. */
static void forget_oldest(law_worlds *w) {
  law_world *oldest = NULL;
  for (size_t i = 0; i < w->num; i++) {
    law_world *world = &w->all[i];
    if (world->memory && world->users == 0 && (!oldest || world->used < oldest->used)) {
      oldest = world;
    }
  }
  if (oldest) {
    forget(w, oldest);
  }
}

static law_world *make(law_worlds *w, const law_protocol *protocol,
                       const uint8_t key[LAW_WORLD_KEY]) {
  if (w->num_live == LAW_WORLDS_LIVE) {
    forget_oldest(w);
  }
  if (protocol->world_size == 0 || w->num == LAW_WORLDS || w->num_live == LAW_WORLDS_LIVE) {
    return NULL;
  }
  void *memory = malloc(protocol->world_size);
  if (!memory) {
    return NULL;
  }
  protocol->world_init(memory, LAW_SERVER);
  law_world *world = &w->all[w->num++];
  w->num_live++;
  *world = (law_world){.memory = memory};
  memcpy(world->key, key, LAW_WORLD_KEY);
  return world;
}

law_world *law_worlds_take(law_worlds *w, const law_protocol *protocol,
                           const uint8_t key[LAW_WORLD_KEY]) {
  law_world *world = find(w, key);
  world = world ? world : make(w, protocol, key);
  if (!world || !world->memory) {
    return NULL;
  }
  world->users++;
  world->used = ++w->turn;
  return world;
}

void law_worlds_give(law_world *world) {
  if (world) {
    world->users--;
  }
}

void law_worlds_free(law_worlds *w) {
  for (size_t i = 0; i < LAW_WORLDS; i++) {
    free(w->all[i].memory);
  }
  memset(w, 0, sizeof *w);
}
