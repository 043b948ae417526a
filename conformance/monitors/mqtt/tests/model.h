/* model.h: a client and a server that obey, with packets under way between them, and somebody who
 * watches the wire in the middle. What is watched crosses as it does on real networks. */
#ifndef LAW_MONITORS_MQTT_MODEL_H
#define LAW_MONITORS_MQTT_MODEL_H

#include "core/protocol.h"
#include "mqtt/mqtt.h"

enum {
  MODEL_MAX_WIRE = 160,
  MODEL_MAX_QUEUE = 64,
  MODEL_MAX_IDS = 12, /* few, so that they are used again soon */
  MODEL_MAX_FILTERS = 4,
  MODEL_MAX_OWED = 64,
  MODEL_NUM_TOPICS = 4,
  MODEL_MAX_CONNECTIONS = 3,
};

typedef struct model_packet {
  law_side from;
  uint8_t wire[MODEL_MAX_WIRE];
  size_t len;
} model_packet;

typedef struct model_queue {
  model_packet items[MODEL_MAX_QUEUE];
  size_t first, num;
} model_queue;

/* An application message. */
typedef struct model_message {
  uint8_t topic, qos;
  bool retain;
  uint32_t payload;
  uint32_t ids[MODEL_MAX_FILTERS]; /* of a delivery: subscription identifiers, 0: none */
} model_message;

/* What one side has sent under an identifier and not seen completed. */
typedef struct model_flow {
  uint8_t state; /* 0: free; else the packet type that it waits for */
  bool older;    /* sent on an earlier connection */
  model_message message;
} model_flow;

typedef struct model_owed {
  uint8_t type;
  uint16_t id;
  uint8_t num, codes[MODEL_MAX_FILTERS];
} model_owed;

typedef struct model_end {
  law_side side;
  bool connected; /* the client: has read CONNACK; the server: has sent it */
  bool left;
  model_flow flows[MODEL_MAX_IDS + 1];
  uint32_t in_flight;                      /* QoS above 0, sent on this connection */
  uint16_t receive_maximum, alias_maximum; /* that the other side announced, as far as known */
  uint8_t aliases[4];                      /* topic of each alias, plus 1 */
  model_owed owed[MODEL_MAX_OWED];
  size_t num_owed;
} model_end;

typedef struct model_subscription {
  bool on, no_local, as_published;
  uint8_t qos;
  uint32_t id;
} model_subscription;

typedef struct model_hub model_hub;

typedef struct model {
  model_hub *hub;
  uint64_t seed;
  uint8_t version;
  bool clean, present;
  model_end ends[2];
  model_queue sent[2], passed[2]; /* by sender: before and after the watcher */
  model_subscription subscribed[MODEL_MAX_FILTERS];
  uint8_t read_aliases[4];            /* the server's view of the client's: topic, plus 1 */
  bool unreleased[MODEL_MAX_IDS + 1]; /* messages of QoS 2 that the server has and may get again */
  model_message pending[MODEL_MAX_QUEUE]; /* to be delivered, the first one first */
  size_t num_pending;
} model;

/* The server behind all connections. */
struct model_hub {
  model connections[MODEL_MAX_CONNECTIONS];
  bool copy_each; /* a copy for each matching subscription, or one for all */
  uint32_t num_payloads;
  struct {
    bool on;
    model_message message;
  } retained[MODEL_NUM_TOPICS];
};

void model_init(model *m, model_hub *hub, uint8_t version, uint64_t seed);

/* Lets something happen. True when the watcher saw a packet, which is |*out| then. */
bool model_step(model *m, model_packet *out);

uint32_t model_draw(model *m, uint32_t below);

#endif
