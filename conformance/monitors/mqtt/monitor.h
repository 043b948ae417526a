/* monitor.h: the state of one observed MQTT connection, and the parts of the monitor that keep it.
 *
 * One side is judged. What it may know is only what it provably received: whatever it sent before
 * the other side's packet was observed was sent without knowledge of that packet; whatever it
 * sends after may still have crossed it. So a rule that needs "it had not been asked" follows from
 * the order of observation, and a rule that needs "it had been told" waits until an answer shows
 * it.
 *
 * What is not known (a gap, a start in the middle, a packet of the other side that cannot be read)
 * mutes the rules that need it. Tables are of fixed size; what no longer fits is not known. */
#ifndef LAW_MONITORS_MQTT_MONITOR_H
#define LAW_MONITORS_MQTT_MONITOR_H

#include "monitors/mqtt/filters.h"
#include "monitors/mqtt/ids.h"
#include "monitors/mqtt/rules.h"
#include "mqtt/mqtt.h"

typedef struct law_mqtt_world law_mqtt_world;

/* Whether something that can happen once has happened. */
typedef enum law_mqtt_stage { LAW_MQTT_NOT_YET, LAW_MQTT_DONE, LAW_MQTT_UNCERTAIN } law_mqtt_stage;

/* What one side announced of itself in CONNECT or CONNACK: what the other must keep to. */
typedef struct law_mqtt_announced {
  uint32_t packet_size; /* 0: no limit */
  uint16_t receive_maximum;
  uint16_t alias_maximum;
  uint8_t maximum_qos;
  bool no_retain, no_wildcard, no_identifier, no_shared;
} law_mqtt_announced;

enum {
  LAW_MQTT_ALIASES = 256, /* followed one by one */
  LAW_MQTT_ALIAS_TOPICS = 16,
  LAW_MQTT_DELIVERED = 256,
  LAW_MQTT_LASTS = 64,
};

/* The last message delivered of one publisher, topic and QoS. */
typedef struct law_mqtt_last {
  uint64_t key;
  uint32_t serial;
} law_mqtt_last;

/* The connection's part in the world; unused without one. */
typedef struct law_mqtt_membership {
  uint16_t session; /* its place, plus 1; 0: none */
  bool overlaps;    /* another connection of the client was open when it began */
  bool absent;      /* the server certainly had no session then */
  bool ended;
  uint32_t opened;                        /* of the session, when it began */
  uint32_t connection;                    /* counts the connections of the world */
  uint32_t low, high;                     /* s, the session's expiry, as far as it is known */
} law_mqtt_membership;

/* What was delivered on the connection. */
typedef struct law_mqtt_history {
  uint32_t delivered[LAW_MQTT_DELIVERED]; /* serials of messages */
  law_mqtt_last last[LAW_MQTT_LASTS];
} law_mqtt_history;

/* Keep Alive: since when the client has been silent. */
typedef struct law_mqtt_silence {
  uint64_t since; /* ns */
  bool known;     /* false: the last packet was not seen, or the rule binds no more */
} law_mqtt_silence;

typedef struct law_mqtt_monitor {
  law_side judged;
  uint8_t version; /* 0: not known yet */
  bool muted;      /* nothing is certain any more */
  bool closed[2];
  bool left[2]; /* by side: it has sent DISCONNECT */
  uint8_t num_connacks, num_connects;
  law_mqtt_stage connect, connack;
  bool accepted, refused; /* what the CONNACK said */
  bool lost;              /* something was missed since the start */
  bool misled;            /* the other side sent what cannot be read, or broke another rule */
  bool maybe_resumed;     /* the session may be older than the connection */

  /* CONNECT */
  bool clean_start, has_method, no_problem_information, no_response_information;
  bool empty_client_id, zero_expiry;
  uint16_t keep_alive; /* s */

  /* CONNACK */
  bool has_server_keep_alive;
  uint16_t server_keep_alive; /* s */
  bool told;                  /* the judged client provably has the CONNACK */
  bool early_packet; /* the server sent more than AUTH before it: no answer proves anything */

  /* Copies, or acknowledgements that nothing seen asked for, may be on their way to the judged
   * side: when it takes an identifier of its own for free is not known any more. */
  bool strayed;

  uint64_t now;         /* of the last observation */
  uint64_t server_last; /* when the server was last heard */
  law_mqtt_silence silence;
  law_mqtt_world *world; /* NULL: only this connection is known */

  law_mqtt_announced announced[2];                /* by the side that announced it */
  uint32_t last_puback, last_pubrec, last_pubrel; /* orders of what the client answered last */
  uint32_t num_pings;                             /* that still wait for PINGRESP */
  bool pings_unknown;

  bool aliases_unknown;
  uint64_t aliases[LAW_MQTT_ALIASES / 64]; /* that the judged side has given a topic */
  bool higher_alias;                       /* so was one that is higher */
  bool far_alias;                          /* one was given a topic that |alias_topics| does not hold */

  uint64_t method; /* a hash of the Authentication Method */
  uint64_t client; /* a hash of the Client Identifier; 0: not known */
  uint64_t user;   /* a hash of the user name */
  uint32_t expiry; /* s, of the session, as agreed */

  /* What every packet needs stands above, so that it lies close together. */
  law_mqtt_ids ids[2]; /* by the side that assigned them */
  law_mqtt_filters filters;
  uint64_t alias_topics[2][LAW_MQTT_ALIAS_TOPICS]; /* by sender: hashes, of the lowest aliases */
  law_mqtt_membership shared;
  law_mqtt_history history; /* the last member: it is not there without a world */
} law_mqtt_monitor;

/* One packet on its way through the monitor. */
typedef struct law_mqtt_packet {
  const law_observed *seen;
  const law_mqtt_message *m;
  law_findings *out;
  bool judged; /* the judged side sent it */
} law_mqtt_packet;

/* Objects to packet |p|, at |offset| of it. Does nothing unless the judged side sent it. */
void law_mqtt_object(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_objection objection,
                     uint32_t offset);

LAW_INLINE law_side law_mqtt_other(law_side side) {
  return side == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT;
}

/* Offset of the byte after the fixed header. */
uint32_t law_mqtt_body_at(law_bytes wire);

/* Offset of property |id|, which the packet has. */
uint32_t law_mqtt_property_at(const law_mqtt_packet *p, uint8_t id);

/* A hash of |bytes|; never 0. */
uint64_t law_mqtt_hash(law_bytes bytes, uint64_t seed);

/* What the judged side must keep to, or NULL when it may not have been told. */
const law_mqtt_announced *law_mqtt_binding(const law_mqtt_monitor *c);

/* The judged side provably received the packet that it now answers. */
void law_mqtt_answered(law_mqtt_monitor *c);

/* |p| is against the rules; if the other side does that, nothing follows from the next use of an
 * identifier either. */
LAW_INLINE void law_mqtt_misuse(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  c->misled = c->misled || !p->judged;
}

/* Nothing that |from| sent so far is known for sure. */
void law_mqtt_lose(law_mqtt_monitor *c, law_side from);

/* session.c: CONNECT, CONNACK, AUTH, DISCONNECT, and what may come when. False: the packet belongs
 * to the other direction, and means nothing. */
bool law_mqtt_check_stage(law_mqtt_monitor *c, const law_mqtt_packet *p, uint8_t type);
void law_mqtt_see_connect(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_connack(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_auth(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_disconnect(law_mqtt_monitor *c, const law_mqtt_packet *p);

/* flows.c: QoS 1 and 2 */
void law_mqtt_see_publish_flow(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_puback(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_pubrec(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_pubrel(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_pubcomp(law_mqtt_monitor *c, const law_mqtt_packet *p);

/* requests.c: SUBSCRIBE, UNSUBSCRIBE, PINGREQ and their answers */
void law_mqtt_see_subscribe(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_unsubscribe(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_suback(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_unsuback(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_see_pingreq(law_mqtt_monitor *c);
void law_mqtt_see_pingresp(law_mqtt_monitor *c, const law_mqtt_packet *p);

/* limits.c: what the other side announced */
void law_mqtt_check_limits(law_mqtt_monitor *c, const law_mqtt_packet *p);
void law_mqtt_read_announced(law_mqtt_announced *out, const law_list *properties);

/* publish.c: what a PUBLISH holds: aliases, flags, identifiers, topic */
void law_mqtt_see_publish(law_mqtt_monitor *c, const law_mqtt_packet *p);
bool law_mqtt_payload_is_text(law_bytes payload);

/* silence.c: Keep Alive */
void law_mqtt_check_silence(law_mqtt_monitor *c, const law_mqtt_packet *p);
uint64_t law_mqtt_tick_silence(law_mqtt_monitor *c, uint64_t now, law_findings *out);

#endif
