/* world.h: what the connections of one server have in common: sessions, and messages under way.
 *
 * Meaningful only when every connection of the server is observed, from its start and in the order
 * in which things happened, and when the server was not restarted in between: a world begins with
 * each start of it. It knows nothing of a client before it has seen a session of it begin. */
#ifndef LAW_MONITORS_MQTT_WORLD_H
#define LAW_MONITORS_MQTT_WORLD_H

#include "monitors/mqtt/monitor.h"

enum {
  LAW_MQTT_SESSION_SLOTS = 4096, /* powers of two */
  LAW_MQTT_MAX_SESSIONS = 3072,
  LAW_MQTT_MESSAGES = 4096,
  LAW_MQTT_MESSAGE_SLOTS = 8192,
  LAW_MQTT_OLD_BITS = 1 << 20,
};

/* One Client Identifier. When a connection of it is open, both times are "not known". */
typedef struct law_mqtt_session {
  uint64_t client;        /* a hash; 0: the slot is free */
  uint64_t user;          /* a hash: other users may have other sessions of the same name */
  uint64_t present_until; /* ns; the server certainly has the session before; 0: not known */
  uint64_t absent_from;   /* ns; it certainly has none after; UINT64_MAX: not known */
  uint32_t opened;        /* how many connections it has had */
  uint16_t open;          /* connections that the server has not closed */
  uint8_t version;
} law_mqtt_session;

/* What a PUBLISH says besides topic and payload; each a hash, 0: absent. */
typedef struct law_mqtt_extras {
  uint32_t format, response, correlation, content;
  uint32_t user, user_order, num_user;
} law_mqtt_extras;

/* One application message that a client sent. Topic and payload together are its name: a message
 * whose name another one had too is not judged. */
typedef struct law_mqtt_said {
  uint64_t name;
  uint64_t client;  /* hash of its publisher's Client Identifier */
  uint64_t at;      /* ns, when it was seen */
  uint64_t done_at; /* ns, when the server had acknowledged it; 0: not seen */
  uint32_t serial;  /* counts all messages; never 0 */
  uint32_t connection;
  law_mqtt_extras extras;
  uint16_t id;
  uint8_t qos, version;
  bool retain, copied;
  bool twin; /* another message has the same name */
} law_mqtt_said;

struct law_mqtt_world {
  bool blind;      /* a message may not have been seen */
  bool strangers;  /* a CONNECT may not have been seen: any session may have changed */
  bool disordered; /* a client released messages of QoS 2 in another order than it sent them */
  uint32_t num_sessions, num_connections;
  uint32_t num_said;
  law_mqtt_session sessions[LAW_MQTT_SESSION_SLOTS];
  law_mqtt_said said[LAW_MQTT_MESSAGES];  /* a ring */
  uint16_t index[LAW_MQTT_MESSAGE_SLOTS]; /* by name: place in the ring, plus 1 */
  uint64_t old[LAW_MQTT_OLD_BITS / 64];   /* names that have left the ring, perhaps */
};

/* sessions.c */
void law_mqtt_world_connect(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_world_connack(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_world_disconnect(law_mqtt_monitor *c, uint32_t expiry);
void law_mqtt_world_closed(law_mqtt_monitor *c, law_side from, bool reset, uint64_t now);

/* messages.c. |topic|: a hash, 0 when it is not known. */
void law_mqtt_world_will(law_mqtt_monitor *c, const law_mqtt_message *connect);
void law_mqtt_world_publish(law_mqtt_monitor *c, const law_mqtt_packet *p, uint64_t topic);
void law_mqtt_world_acknowledged(law_mqtt_monitor *c, const law_mqtt_id *e);

/* deliveries.c. |v| says what the subscriptions of the receiver allow; NULL when they are not
 * known. */
void law_mqtt_world_deliver(law_mqtt_monitor *c, const law_mqtt_packet *p,
                            const law_mqtt_verdict *v, uint64_t topic);

/* The name of a message, and the message that has it; NULL when there is none, or more than one. */
uint64_t law_mqtt_name_of(uint64_t topic, law_bytes payload);
const law_mqtt_said *law_mqtt_world_find(const law_mqtt_world *w, uint64_t name);

void law_mqtt_read_extras(law_mqtt_extras *out, const law_list *properties);

#endif
