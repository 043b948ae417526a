/* ids.h: the packet identifiers that one side of a connection has in use, and for what. */
#ifndef LAW_MONITORS_MQTT_IDS_H
#define LAW_MONITORS_MQTT_IDS_H

#include "core/types.h"

/* What an identifier is used for, and how far its flow has come. */
typedef enum law_mqtt_use {
  LAW_MQTT_USE_QOS1 = 1,    /* PUBLISH sent, PUBACK to come */
  LAW_MQTT_USE_QOS2,        /* PUBLISH sent, PUBREC to come */
  LAW_MQTT_USE_RECEIVED,    /* PUBREC seen, PUBREL to come */
  LAW_MQTT_USE_RELEASED,    /* PUBREL sent, PUBCOMP to come */
  LAW_MQTT_USE_SUBSCRIBE,   /* SUBACK to come */
  LAW_MQTT_USE_UNSUBSCRIBE, /* UNSUBACK to come */
  LAW_MQTT_NUM_USES,
} law_mqtt_use;

/* One identifier in use. */
typedef struct law_mqtt_id {
  uint16_t id;      /* never 0 */
  uint8_t use;      /* law_mqtt_use */
  uint8_t asked;    /* packets of the sender that still wait for an answer */
  uint8_t turns;    /* as asked, of the second half of QoS 2 */
  bool resent;      /* sent more than once: which copy an answer belongs to is not known */
  bool doubtful;    /* an earlier, unseen packet may wait for an answer too */
  uint16_t filters; /* of SUBSCRIBE, UNSUBSCRIBE */
  uint16_t said;    /* the world's message, plus 1; 0: none */
  uint32_t order;   /* the place of a PUBLISH or PUBREC among all; of a request, a hash */
} law_mqtt_id;

enum {
  LAW_MQTT_MAX_IDS = 64, /* at once; more are not followed, and count as not known */
  LAW_MQTT_MAX_RANGES = 10,
};

/* Identifiers from one to another. */
typedef struct law_mqtt_range {
  uint16_t first, last;
} law_mqtt_range;

/* All identifiers of one sender. An identifier is in use, free, or not known: then nothing that
 * depends on it is judged.
 *
 * A connection costs little memory, as captures have many: few identifiers are in use at a time, so
 * they stand side by side in no order; senders count upwards, so those that are not known make few
 * ranges. When there would be too many, what lies between two of them is not known either. */
typedef struct law_mqtt_ids {
  uint16_t num[LAW_MQTT_NUM_USES]; /* by use */
  uint16_t num_used;
  bool overflowed; /* some identifier was not followed because too many were in use */
  uint8_t num_unknown;
  uint32_t next_order;
  law_mqtt_range unknown[LAW_MQTT_MAX_RANGES]; /* upwards; they do not touch each other */
  law_mqtt_id slots[LAW_MQTT_MAX_IDS];         /* the first |num_used| */
} law_mqtt_ids;

/* All are free. */
void law_mqtt_ids_init(law_mqtt_ids *ids);

LAW_INLINE bool law_mqtt_id_unknown(const law_mqtt_ids *ids, uint16_t id) {
  uint32_t i = 0;
  while (i < ids->num_unknown && ids->unknown[i].last < id) {
    i++;
  }
  return i < ids->num_unknown && ids->unknown[i].first <= id;
}

/* |id| is not known any more. */
void law_mqtt_id_forget(law_mqtt_ids *ids, uint16_t id);

/* The entry of |id|, or NULL when it is not in use (or not known); 0 never is. Valid until the next
 * change. */
LAW_INLINE law_mqtt_id *law_mqtt_id_find(law_mqtt_ids *ids, uint16_t id) {
  for (uint32_t i = 0; i < ids->num_used; i++) {
    if (ids->slots[i].id == id) {
      return &ids->slots[i];
    }
  }
  return NULL;
}

/* True when nothing but |entry|, of |id|, can be waiting for an answer (NULL: nothing at all). */
LAW_INLINE bool law_mqtt_id_certain(const law_mqtt_ids *ids, const law_mqtt_id *entry,
                                    uint16_t id) {
  return entry != NULL ? !entry->doubtful : !law_mqtt_id_unknown(ids, id);
}

/* Takes |id|, which is not in the table, into use. NULL when there is no room: it is not known
 * then. */
law_mqtt_id *law_mqtt_id_take(law_mqtt_ids *ids, uint16_t id, law_mqtt_use use);

void law_mqtt_id_becomes(law_mqtt_ids *ids, law_mqtt_id *entry, law_mqtt_use use);

/* |entry| is free from now on. */
void law_mqtt_id_free(law_mqtt_ids *ids, law_mqtt_id *entry);

/* |entry| has been answered: it is free, or not known if it was doubtful. */
void law_mqtt_id_done(law_mqtt_ids *ids, law_mqtt_id *entry);

/* Forgets all: no identifier is known any more. */
void law_mqtt_ids_forget(law_mqtt_ids *ids);

/* Every identifier that is not in use is known to be free. */
void law_mqtt_ids_know(law_mqtt_ids *ids);

/* Messages that count against the receiver's Receive Maximum (5.0 section 4.9). */
LAW_INLINE uint32_t law_mqtt_ids_in_flight(const law_mqtt_ids *ids) {
  return (uint32_t)ids->num[LAW_MQTT_USE_QOS1] + ids->num[LAW_MQTT_USE_QOS2] +
         ids->num[LAW_MQTT_USE_RECEIVED] + ids->num[LAW_MQTT_USE_RELEASED];
}

#endif
