#include "monitors/mqtt/ids.h"

#include <stddef.h>
#include <string.h>

/* ---- What is not known ---- */

/* The first range that ends at |id| or beyond. */
static uint32_t range_at(const law_mqtt_ids *ids, uint32_t id) {
  uint32_t i = 0;
  while (i < ids->num_unknown && ids->unknown[i].last < id) {
    i++;
  }
  return i;
}

static void remove_range(law_mqtt_ids *ids, uint32_t i) {
  ids->num_unknown--;
  memmove(&ids->unknown[i], &ids->unknown[i + 1], (ids->num_unknown - i) * sizeof *ids->unknown);
}

/* Makes room for a range at |i|. False: there is none. */
static bool insert_range(law_mqtt_ids *ids, uint32_t i) {
  if (ids->num_unknown == LAW_MQTT_MAX_RANGES) {
    return false;
  }
  memmove(&ids->unknown[i + 1], &ids->unknown[i], (ids->num_unknown - i) * sizeof *ids->unknown);
  ids->num_unknown++;
  return true;
}

/* Joins range |i| with the next one when they touch. */
static void join_next(law_mqtt_ids *ids, uint32_t i) {
  if (i + 1 < ids->num_unknown && ids->unknown[i].last + 1u >= ids->unknown[i + 1].first) {
    ids->unknown[i].last = ids->unknown[i + 1].last;
    remove_range(ids, i + 1);
  }
}

/* Whether |id| is nearer to the range before |i| than to range |i|. */
static bool nearer_before(const law_mqtt_ids *ids, uint32_t i, uint16_t id) {
  return i > 0 && (i == ids->num_unknown ||
                   id - ids->unknown[i - 1].last <= ids->unknown[i].first - id);
}

void law_mqtt_id_forget(law_mqtt_ids *ids, uint16_t id) {
  uint32_t i = range_at(ids, id);
  if (i < ids->num_unknown && ids->unknown[i].first <= id) {
    return;
  }
  bool before = nearer_before(ids, i, id);
  bool touches = before ? ids->unknown[i - 1].last + 1 == id
                        : i < ids->num_unknown && ids->unknown[i].first == id + 1;
  if (!touches && insert_range(ids, i)) {
    ids->unknown[i] = (law_mqtt_range){id, id};
  } else if (before) {
    ids->unknown[i - 1].last = id;
    join_next(ids, i - 1);
  } else {
    ids->unknown[i].first = id;
  }
}

static void know(law_mqtt_ids *ids, uint16_t id) {
  uint32_t i = range_at(ids, id);
  if (i == ids->num_unknown || ids->unknown[i].first > id) {
    return;
  }
  law_mqtt_range *range = &ids->unknown[i];
  if (range->first == range->last) {
    remove_range(ids, i);
  } else if (range->first == id) {
    range->first++;
  } else if (range->last == id) {
    range->last--;
  } else if (insert_range(ids, i)) {
    range[0].last = (uint16_t)(id - 1); /* both are copies of what was one */
    range[1].first = (uint16_t)(id + 1);
  }
}

void law_mqtt_ids_init(law_mqtt_ids *ids) { memset(ids, 0, offsetof(law_mqtt_ids, slots)); }

void law_mqtt_ids_forget(law_mqtt_ids *ids) {
  uint32_t order = ids->next_order;
  law_mqtt_ids_init(ids);
  ids->num_unknown = 1;
  ids->unknown[0] = (law_mqtt_range){0, UINT16_MAX};
  ids->next_order = order;
}

void law_mqtt_ids_know(law_mqtt_ids *ids) {
  if (!ids->overflowed) {
    ids->num_unknown = 0;
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
