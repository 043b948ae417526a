#include "monitors/mqtt/ids.h"

#include <stddef.h>
#include <string.h>

/* ---- What is not known ---- */

static uint32_t find_mark(const law_mqtt_ids *ids, uint16_t id) {
  uint32_t i = 0;
  while (i < ids->num_marked && ids->marked[i] != id) {
    i++;
  }
  return i;
}

bool law_mqtt_id_is_marked(const law_mqtt_ids *ids, uint16_t id) {
  return find_mark(ids, id) < ids->num_marked;
}

static void unmark(law_mqtt_ids *ids, uint16_t id) {
  uint32_t i = find_mark(ids, id);
  if (i < ids->num_marked) {
    ids->marked[i] = ids->marked[--ids->num_marked];
  }
}

/* What gives way when there is no room is not known then. */
static void mark(law_mqtt_ids *ids, uint16_t id) {
  if (law_mqtt_id_is_marked(ids, id)) {
    return;
  }
  if (ids->num_marked < LAW_MQTT_MAX_MARKED) {
    ids->marked[ids->num_marked++] = id;
  } else if (ids->all_unknown) {
    ids->marked[ids->next_mark++ % LAW_MQTT_MAX_MARKED] = id;
  } else {
    ids->all_unknown = true;
    ids->num_marked = 0;
  }
}

void law_mqtt_id_forget(law_mqtt_ids *ids, uint16_t id) {
  if (ids->all_unknown) {
    unmark(ids, id);
  } else {
    mark(ids, id);
  }
}

static void know(law_mqtt_ids *ids, uint16_t id) {
  if (ids->all_unknown) {
    mark(ids, id);
  } else if (ids->num_marked > 0) {
    unmark(ids, id);
  }
}

void law_mqtt_ids_forget(law_mqtt_ids *ids) {
  uint32_t order = ids->next_order;
  memset(ids, 0, offsetof(law_mqtt_ids, slots));
  ids->all_unknown = true;
  ids->next_order = order;
}

void law_mqtt_ids_know(law_mqtt_ids *ids) {
  if (!ids->overflowed) {
    ids->all_unknown = false;
    ids->num_marked = 0;
  }
}

/* ---- What is in use ---- */

law_mqtt_id *law_mqtt_id_take(law_mqtt_ids *ids, uint16_t id, law_mqtt_use use) {
  if (LAW_UNLIKELY(id == 0 || ids->num_used == LAW_MQTT_MAX_IDS)) {
    law_mqtt_id_forget(ids, id);
    ids->overflowed = true;
    return NULL;
  }
  law_mqtt_id *entry = &ids->slots[ids->num_used++];
  *entry = (law_mqtt_id){.id = id, .use = (uint8_t)use, .asked = 1, .order = ++ids->next_order};
  know(ids, id);
  ids->num[use]++;
  return entry;
}

void law_mqtt_id_becomes(law_mqtt_ids *ids, law_mqtt_id *entry, law_mqtt_use use) {
  ids->num[entry->use]--;
  ids->num[use]++;
  entry->use = (uint8_t)use;
}

void law_mqtt_id_free(law_mqtt_ids *ids, law_mqtt_id *entry) {
  ids->num[entry->use]--;
  *entry = ids->slots[--ids->num_used];
}

void law_mqtt_id_done(law_mqtt_ids *ids, law_mqtt_id *entry) {
  uint16_t id = entry->id;
  bool doubtful = entry->doubtful;
  law_mqtt_id_free(ids, entry);
  if (LAW_UNLIKELY(doubtful)) {
    law_mqtt_id_forget(ids, id);
  }
}
