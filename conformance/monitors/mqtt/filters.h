/* filters.h: the topic filters that one client has subscribed to on one connection, with all that
 * each of them ever allowed. A server may still deliver what it queued under older options, so
 * nothing is taken back by a later SUBSCRIBE or UNSUBSCRIBE. */
#ifndef LAW_MONITORS_MQTT_FILTERS_H
#define LAW_MONITORS_MQTT_FILTERS_H

#include "mqtt/mqtt.h"

enum {
  LAW_MQTT_MAX_FILTERS = 32,
  LAW_MQTT_FILTER_TEXT = 1024, /* bytes of all filters together */
  LAW_MQTT_MAX_FILTER_IDS = 2, /* different identifiers of one filter */
  LAW_MQTT_MAX_ASKED = 4,      /* SUBSCRIBE packets that wait for SUBACK */
  LAW_MQTT_MAX_ASKED_FILTERS = 8,
  LAW_MQTT_VERDICTS = 16, /* topics whose filters are remembered; a power of two */
  LAW_MQTT_NO_QOS = 0xff,
};

/* What a filter's subscriptions had, any of them. */
enum {
  LAW_MQTT_HAD_NO_ID = 1,
  LAW_MQTT_HAD_RETAIN_AS_PUBLISHED = 2,
  LAW_MQTT_HAD_RETAIN_CLEARED = 4,
  LAW_MQTT_HAD_LOCAL = 8,
  LAW_MQTT_HAD_NO_LOCAL = 16,
  LAW_MQTT_HAD_RETAINED = 32, /* Retain Handling 0 or 1 */
  LAW_MQTT_HAD_MANY_IDS = 64,
  LAW_MQTT_IS_SHARED = 128,
};

typedef struct law_mqtt_subscribed {
  uint16_t at, len;  /* in the text */
  uint16_t inner;    /* bytes of "$share/group/" before the filter that topics are matched with */
  uint16_t open;     /* requests whose SUBACK has not been seen */
  uint16_t times;    /* SUBSCRIBE packets that named it */
  uint8_t requested; /* the highest QoS of a request */
  uint8_t granted;   /* the highest QoS granted; LAW_MQTT_NO_QOS: none */
  uint8_t had;       /* LAW_MQTT_HAD_... */
  uint8_t num_ids;
  uint32_t ids[LAW_MQTT_MAX_FILTER_IDS];
  uint64_t asked_at;   /* ns, of the first SUBSCRIBE */
  uint64_t granted_at; /* ns, of the last SUBACK */
} law_mqtt_subscribed;

/* A SUBSCRIBE that waits for its SUBACK. */
typedef struct law_mqtt_asked {
  uint16_t packet_id; /* 0: free */
  uint8_t num;
  uint8_t filters[LAW_MQTT_MAX_ASKED_FILTERS];
} law_mqtt_asked;

/* What the filters that match one topic have in common. */
typedef struct law_mqtt_verdict {
  uint64_t topic; /* a hash */
  uint32_t epoch;
  uint8_t num;     /* filters that match, with a grant or an open request */
  uint8_t ceiling; /* the highest QoS that one of them allows */
  uint8_t had;     /* of all of them together */
  uint8_t first;   /* index of one */
  bool all_shared;
} law_mqtt_verdict;

typedef struct law_mqtt_filters {
  bool unknown; /* some subscription may not have been seen, or had no room */
  uint8_t num;
  uint16_t text_len;
  uint32_t epoch; /* of what the verdicts were made from */
  law_mqtt_asked asked[LAW_MQTT_MAX_ASKED];
  law_mqtt_subscribed all[LAW_MQTT_MAX_FILTERS];
  law_mqtt_verdict verdicts[LAW_MQTT_VERDICTS];
  uint8_t text[LAW_MQTT_FILTER_TEXT];
} law_mqtt_filters;

/* None. */
void law_mqtt_filters_init(law_mqtt_filters *f);

/* Takes in the filters of a SUBSCRIBE, before and after its SUBACK. */
void law_mqtt_filters_ask(law_mqtt_filters *f, const law_mqtt_message *subscribe, uint64_t now);
void law_mqtt_filters_grant(law_mqtt_filters *f, const law_mqtt_message *suback, uint64_t now);

/* All that the filters that match |topic| say. |hash| is the topic's. */
const law_mqtt_verdict *law_mqtt_filters_match(law_mqtt_filters *f, law_bytes topic, uint64_t hash);

/* Did any subscription have identifier |id|, and does a filter that had it match |topic|? */
void law_mqtt_filters_with_id(const law_mqtt_filters *f, uint32_t id, law_bytes topic,
                              bool *out_known, bool *out_matches);

#endif
