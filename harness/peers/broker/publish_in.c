#include "peers/broker/publish_in.h"

#include <stdlib.h>

#include "peers/broker/answer.h"
#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/retain.h"
#include "peers/broker/state_log.h"
#include "peers/broker/topics.h"

/* What to do with one PUBLISH. */
typedef struct incoming {
  law_link *conn;
  const law_mqtt_message *packet;
  law_bytes topic; /* with the alias resolved */
  uint8_t qos;
  uint8_t reason; /* of the acknowledgement */
  const char *text;
} incoming;

static bool refuse(law_link *c, uint8_t reason, const char *text) {
  law_link_refuse(c, reason, text);
  return false;
}

/* ---- Topic alias (5.0 section 3.3.2.3.4) ---- */

static bool alias_in_range(const law_link *c, uint32_t alias) {
  uint32_t max = c->broker->config.topic_alias_maximum;
  if (law_fault(c->broker, FAULT_HIGHEST_ALIAS_REFUSED) && max > 0) {
    max--;
  }
  return alias > 0 && alias <= max;
}

/* FAULT_ALIAS_DIRECTIONS_MIXED: the client's alias is taken for one the client knows, too. */
static void mix_directions(law_link *c, law_bytes topic, uint32_t alias) {
  if (law_fault(c->broker, FAULT_ALIAS_DIRECTIONS_MIXED) && alias <= c->alias_maximum) {
    law_map_set(&c->aliases_out, topic, (void *)(uintptr_t)alias);
  }
}

static void set_alias(law_link *c, law_bytes topic, uint32_t alias) {
  if (c->aliases_in == NULL) {
    c->aliases_in =
        law_alloc((c->broker->config.topic_alias_maximum + 1u) * sizeof *c->aliases_in);
  }
  if (c->aliases_in[alias].len > 0 && law_fault(c->broker, FAULT_ALIAS_NOT_REMAPPED)) {
    return;
  }
  law_free_bytes(&c->aliases_in[alias]);
  c->aliases_in[alias] = law_copy_bytes(topic);
  mix_directions(c, topic, alias);
}

static bool resolve(law_link *c, const law_mqtt_message *m, law_bytes *out_topic) {
  uint32_t alias = 0;
  law_mqtt_property p;
  *out_topic = m->u.publish.topic;
  if (m->version != LAW_MQTT_5) {
    return true;
  }
  if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, &p)) {
    alias = p.number;
    if (!alias_in_range(c, alias)) {
      if (law_fault(c->broker, FAULT_ALIAS_RANGE_UNCHECKED) && out_topic->len > 0) {
        return true;
      }
      return refuse(c, 0x94, "topic alias out of range");
    }
  }
  if (out_topic->len > 0) {
    if (alias != 0) {
      set_alias(c, *out_topic, alias);
    }
    return true;
  }
  if (alias == 0 || c->aliases_in == NULL || c->aliases_in[alias].len == 0) {
    return law_fault(c->broker, FAULT_UNKNOWN_ALIAS_IGNORED)
               ? (*out_topic = law_bytes_text("unknown"), true)
               : refuse(c, 0x82, "no topic name, and no topic of this alias");
  }
  *out_topic = law_fault(c->broker, FAULT_ALIAS_USE_LOST) ? law_bytes_text("lost")
                                                          : c->aliases_in[alias];
  return true;
}

/* ---- What the server does not take ---- */

static bool check(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  law_mqtt_property p;
  if (m->version == LAW_MQTT_5 &&
      law_mqtt_property_of(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p) &&
      !law_fault(b, FAULT_CLIENT_SUBSCRIPTION_ID_ACCEPTED) &&
      !law_fault(b, FAULT_CLIENT_SUBSCRIPTION_ID_FORWARDED)) {
    return refuse(c, 0x82, "a client's PUBLISH carries no subscription identifier");
  }
  if (law_mqtt_qos(m) > b->config.maximum_qos && !law_fault(b, FAULT_QOS_ABOVE_MAXIMUM_ACCEPTED)) {
    return refuse(c, 0x9B, "above maximum QoS");
  }
  if (law_mqtt_retain(m) && b->config.no_retain && !law_fault(b, FAULT_RETAIN_ACCEPTED)) {
    uint8_t reason = law_fault(b, FAULT_RETAIN_UNSPECIFIC) ? 0x80 : 0x9A;
    return refuse(c, reason, "no retained messages here");
  }
  return true;
}

/* 4.7.2: topics that begin with $ are the server's own. */
static bool is_servers_own(const law_broker *b, law_bytes topic) {
  return law_bytes_start(topic, "$") && !law_fault(b, FAULT_DOLLAR_EXCHANGED);
}

/* ---- Storing and sending on ---- */

static void keep_or_not(incoming *in, law_message *m) {
  law_broker *b = in->conn->broker;
  bool retain = m->retain && !law_fault(b, FAULT_NOT_RETAINED);
  if (!m->retain && m->qos == 1 && law_fault(b, FAULT_RETAINED_WITHOUT_ASKING)) {
    retain = true;
  }
  if (retain && !law_retain(b, m)) {
    in->reason = 0x97;
    in->text = "too many topics";
  }
}

static void take_in(incoming *in) {
  law_link *c = in->conn;
  law_broker *b = c->broker;
  const law_mqtt_message *p = in->packet;
  law_message_parts parts = {.topic = in->topic,
                             .payload = p->u.publish.payload,
                             .publisher = c->session->client_id,
                             .qos = in->qos,
                             .retain = law_mqtt_retain(p)};
  if (p->version == LAW_MQTT_5) {
    parts.properties = p->properties;
  }
  law_message *m = law_message_new(b, &parts);
  m->dup = law_mqtt_dup(p);
  keep_or_not(in, m);
  if (m->payload.len == 0 && m->retain && law_fault(b, FAULT_EMPTY_RETAINED_NOT_SENT)) {
    in->reason = 0;
  } else if (m->payload.len == 0 && law_fault(b, FAULT_EMPTY_PAYLOAD_DROPPED)) {
    in->reason = 0;
  } else if (law_route(b, m, c->session) == 0 && in->reason == 0) {
    in->reason = 0x10;
    in->text = "no matching subscribers";
  }
  law_message_drop(b, m);
}

static void process(incoming *in) {
  const law_broker *b = in->conn->broker;
  law_bytes payload = in->packet->u.publish.payload;
  if (is_servers_own(b, in->topic)) {
    in->reason = 0x87;
    in->text = "topics that begin with $ are the server's own";
  } else if (!law_message_fits(b, payload.len + in->topic.len)) {
    in->reason = 0x97;
    in->text = "too much held already";
  } else {
    take_in(in);
  }
}

/* 3.1.1 has no word for a refusal: what can't be kept ends the connection instead of being lost. */
static bool answerable(incoming *in) {
  if (in->reason == 0x87 && law_fault(in->conn->broker, FAULT_DOLLAR_UNANSWERED)) {
    return false;
  }
  if (in->conn->version == LAW_MQTT_5 || in->reason != 0x97) {
    return true;
  }
  law_link_close(in->conn, LAW_CLOSE_FIN);
  return false;
}

static void answer_qos0(const incoming *in) {
  if (law_fault(in->conn->broker, FAULT_QOS0_ANSWERED) && law_has_three_levels(in->topic)) {
    law_answer_ack(in->conn, LAW_MQTT_PUBACK, 1, 0, NULL);
  }
}

/* FAULT_QOS1_DEDUPLICATED: DUP with the identifier of the message before is taken for the same message. */
static bool deduplicated(law_link *c, const law_mqtt_message *m) {
  if (!law_fault(c->broker, FAULT_QOS1_DEDUPLICATED)) {
    return false;
  }
  bool again = law_mqtt_dup(m) && c->faulty == m->packet_id;
  c->faulty = m->packet_id;
  return again;
}

static void take_qos1(incoming *in) {
  law_link *c = in->conn;
  if (!deduplicated(c, in->packet)) {
    process(in);
  }
  if (!answerable(in) || (law_fault(c->broker, FAULT_NO_PUBACK_FOR_DUP) &&
                          law_mqtt_dup(in->packet))) {
    return;
  }
  law_answer_ack(c, LAW_MQTT_PUBACK, in->packet->packet_id, in->reason, in->text);
}

/* FAULT_QOS2_EXPIRED_FLOW_STOPS keeps when the message expires, in ms, instead of just a mark. */
static void *mark_of(const law_link *c, const law_mqtt_message *m) {
  uint32_t expiry = 0;
  if (m->version == LAW_MQTT_5 && law_fault(c->broker, FAULT_QOS2_EXPIRED_FLOW_STOPS)) {
    expiry = law_mqtt_property_number(&m->properties, LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL, 0);
  }
  uint64_t due = c->broker->now / 1000000 + expiry * UINT64_C(1000);
  return expiry != 0 ? (void *)(uintptr_t)due : c->session;
}

static bool has_expired(const law_link *c, uint16_t id) {
  void *mark = law_map_get_number(&c->session->incoming, id);
  return mark != NULL && mark != c->session && (uintptr_t)mark <= c->broker->now / 1000000;
}

static void hold(law_link *c, const law_mqtt_message *m) {
  law_map_set_number(&c->session->incoming, m->packet_id, mark_of(c, m));
  law_log_incoming(c->session, m->packet_id, true);
}

static bool is_held(const law_link *c, uint16_t id) {
  return law_map_get_number(&c->session->incoming, id) != NULL;
}

/* A QoS 2 message is sent on when it first comes; its identifier is held until PUBREL (4.3.3, method B). */
static void take_qos2(incoming *in) {
  law_link *c = in->conn;
  law_broker *b = c->broker;
  uint16_t id = in->packet->packet_id;
  if (is_held(c, id)) {
    if (law_fault(b, FAULT_QOS2_DELIVERED_AGAIN)) {
      process(in);
    }
    if (!law_fault(b, FAULT_NO_PUBREC_FOR_DUPLICATE)) {
      law_answer_ack(c, LAW_MQTT_PUBREC, id, 0, NULL);
    }
    return;
  }
  if (c->session->incoming.num >= b->config.receive_maximum && c->version == LAW_MQTT_5 &&
      !law_fault(b, FAULT_RECEIVE_MAXIMUM_NOT_ENFORCED)) {
    law_link_refuse(c, 0x93, "receive maximum exceeded");
    return;
  }
  process(in);
  if (!answerable(in)) {
    return;
  }
  if (in->reason < 0x80 || law_fault(b, FAULT_REFUSED_QOS2_HELD)) {
    hold(c, in->packet);
  }
  law_answer_ack(c, LAW_MQTT_PUBREC, id, in->reason, in->text);
}

void law_publish_in(law_link *c, const law_mqtt_message *m) {
  incoming in = {.conn = c, .packet = m, .qos = law_mqtt_qos(m)};
  if (in.qos > 0 && law_fault(c->broker, FAULT_CLIENT_ID_SPACE_SHARED) &&
      law_map_get_number(&c->session->in_flight_by_id, m->packet_id) != NULL) {
    return;
  }
  if (!check(c, m) || !resolve(c, m, &in.topic)) {
    return;
  }
  switch (in.qos) {
    case 0:
      process(&in);
      answer_qos0(&in);
      break;
    case 1:
      take_qos1(&in);
      break;
    default:
      take_qos2(&in);
  }
}

void law_pubrel_in(law_link *c, const law_mqtt_message *m) {
  const law_broker *b = c->broker;
  bool known = is_held(c, m->packet_id);
  if (law_fault(b, FAULT_QOS2_EXPIRED_FLOW_STOPS) && has_expired(c, m->packet_id)) {
    return;
  }
  if (known && !law_fault(b, FAULT_HELD_AFTER_PUBCOMP)) {
    law_map_remove_number(&c->session->incoming, m->packet_id);
    law_log_incoming(c->session, m->packet_id, false);
  }
  if (!known && law_fault(b, FAULT_NO_PUBCOMP_UNKNOWN)) {
    return;
  }
  law_answer_ack(c, LAW_MQTT_PUBCOMP, m->packet_id, known ? 0 : 0x92, NULL);
}
