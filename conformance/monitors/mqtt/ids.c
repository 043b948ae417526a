#include "monitors/mqtt/ids.h"

#include <string.h>

static uint32_t next_slot(uint32_t i) { return (i + 1) & (LAW_MQTT_ID_SLOTS - 1u); }

law_mqtt_id *law_mqtt_id_take(law_mqtt_ids *ids, uint16_t id, law_mqtt_use use) {
  if (LAW_UNLIKELY(id == 0 || ids->num_used >= LAW_MQTT_MAX_IDS)) {
    law_mqtt_id_forget(ids, id);
    ids->overflowed = true;
    return NULL;
  }
  uint32_t i = law_mqtt_id_slot(id);
  while (ids->slots[i].id != 0) {
    i = next_slot(i);
  }
  ids->slots[i] = (law_mqtt_id){.id = id, .use = (uint8_t)use, .asked = 1};
  ids->slots[i].order = ++ids->next_order;
  ids->unknown[id / 64] &= ~(UINT64_C(1) << (id % 64));
  ids->num[use]++;
  ids->num_used++;
  return &ids->slots[i];
}

void law_mqtt_id_becomes(law_mqtt_ids *ids, law_mqtt_id *entry, law_mqtt_use use) {
  ids->num[entry->use]--;
  ids->num[use]++;
  entry->use = (uint8_t)use;
}

/* True when an entry whose home is |home| may stand at |at| with |hole| free: the hole does not lie
 * between the two. */
static bool reachable(uint32_t home, uint32_t hole, uint32_t at) {
  const uint32_t mask = LAW_MQTT_ID_SLOTS - 1u;
  return ((at - home) & mask) < ((at - hole) & mask);
}

/* Moves later entries of the same run into the hole, so that a search may end at a free slot. */
void law_mqtt_id_free(law_mqtt_ids *ids, law_mqtt_id *entry) {
  uint32_t hole = (uint32_t)(entry - ids->slots);
  ids->num[entry->use]--;
  ids->num_used--;
  for (uint32_t at = next_slot(hole); ids->slots[at].id != 0; at = next_slot(at)) {
    if (!reachable(law_mqtt_id_slot(ids->slots[at].id), hole, at)) {
      ids->slots[hole] = ids->slots[at];
      hole = at;
    }
  }
  ids->slots[hole].id = 0;
}

void law_mqtt_id_done(law_mqtt_ids *ids, law_mqtt_id *entry) {
  uint16_t id = entry->id;
  bool doubtful = entry->doubtful;
  law_mqtt_id_free(ids, entry);
  if (LAW_UNLIKELY(doubtful)) {
    law_mqtt_id_forget(ids, id);
  }
}

void law_mqtt_ids_forget(law_mqtt_ids *ids) {
  uint32_t order = ids->next_order;
  memset(ids, 0, sizeof *ids);
  memset(ids->unknown, 0xff, sizeof ids->unknown);
  ids->next_order = order;
}

void law_mqtt_ids_know(law_mqtt_ids *ids) {
  if (!ids->overflowed) {
    memset(ids->unknown, 0, sizeof ids->unknown);
  }
}
