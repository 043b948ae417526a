#include "peers/broker/publish_out.h"

#include <stdlib.h>
#include <string.h>

#include "peers/broker/message.h"
#include "peers/broker/topics.h"

/* More would let a client make the server remember much. */
enum { MAX_ALIASES = 64 };

/* Payloads that the faults of large ones are about. */
enum { LARGE = 1000 };

/* Where a PUBLISH's properties are put together. */
typedef struct properties {
  law_link *conn;
  law_buffer memory;
  law_list list;
} properties;

static void add_bytes(properties *p, law_bytes one) {
  law_buffer_add(&p->memory, one);
  p->list.count++;
}

static void add_number(properties *p, uint8_t id, uint32_t number) {
  uint8_t memory[8];
  law_list one = {memory, 0, 0};
  law_writer w = law_writer_of(memory, sizeof memory);
  law_mqtt_add_number(&w, &one, id, number);
  add_bytes(p, law_bytes_of(memory, w.len));
}

/* ---- Properties of the message ---- */

/* Faults that lose one property of a message. */
static bool is_lost(const law_broker *b, uint8_t id) {
  switch (id) {
    case LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR:
      return law_fault(b, FAULT_PAYLOAD_FORMAT_LOST);
    case LAW_MQTT_P_CONTENT_TYPE:
      return law_fault(b, FAULT_CONTENT_TYPE_LOST);
    case LAW_MQTT_P_RESPONSE_TOPIC:
      return law_fault(b, FAULT_RESPONSE_TOPIC_LOST);
    case LAW_MQTT_P_CORRELATION_DATA:
      return law_fault(b, FAULT_CORRELATION_DATA_LOST);
    default:
      return false;
  }
}

static void add_user_properties_reversed(properties *p, law_list from) {
  law_bytes pairs[64];
  size_t num = 0;
  law_mqtt_property one;
  for (const uint8_t *at = from.data; law_mqtt_next_property(&from, &one); at = from.data) {
    if (one.id == LAW_MQTT_P_USER_PROPERTY && num < 64) {
      pairs[num++] = law_bytes_of(at, (size_t)(from.data - at));
    }
  }
  while (num > 0) {
    add_bytes(p, pairs[--num]);
  }
}

static bool user_property_goes(properties *p, bool is_will, uint32_t *num) {
  const law_broker *b = p->conn->broker;
  (*num)++;
  if (law_fault(b,
                is_will ? FAULT_WILL_USER_PROPERTIES_REVERSED : FAULT_USER_PROPERTIES_REVERSED)) {
    return false;
  }
  return !(*num > 1 && law_fault(b, FAULT_USER_PROPERTIES_FIRST_ONLY));
}

static void add_message_properties(properties *p, const law_message *m) {
  const law_broker *b = p->conn->broker;
  law_list it = m->properties;
  law_mqtt_property one;
  uint32_t num_user = 0;
  for (const uint8_t *at = it.data; law_mqtt_next_property(&it, &one); at = it.data) {
    bool goes = one.id == LAW_MQTT_P_USER_PROPERTY ? user_property_goes(p, m->will, &num_user)
                                                   : !is_lost(b, one.id);
    if (goes) {
      add_bytes(p, law_bytes_of(at, (size_t)(it.data - at)));
    }
  }
  if (law_fault(b,
                m->will ? FAULT_WILL_USER_PROPERTIES_REVERSED : FAULT_USER_PROPERTIES_REVERSED)) {
    add_user_properties_reversed(p, m->properties);
  }
}

/* What is left of the expiry interval (3.3.2.3.3). */
static void add_expiry(properties *p, const law_message *m) {
  const law_broker *b = p->conn->broker;
  uint32_t waited = law_fault(b, FAULT_EXPIRY_NOT_REDUCED) ? 0 : law_message_waited(b, m);
  uint32_t left = waited < m->expiry ? m->expiry - waited : 0;
  if (law_fault(b, FAULT_EXPIRY_LITTLE_ENDIAN)) {
    left = (left << 24) | ((left & 0xFF00) << 8) | ((left >> 8) & 0xFF00) | (left >> 24);
  }
  if (m->expires) {
    add_number(p, LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL, left);
  }
}

/* ---- Topic alias ---- */

/* FAULT_ALIAS_UNASKED: an alias for the third message of a topic, though the client allowed
 * none. */
static uint16_t unasked_alias(law_link *c, law_bytes topic) {
  uintptr_t seen = (uintptr_t)law_map_get(&c->aliases_out, topic) + 1;
  law_map_set(&c->aliases_out, topic, (void *)seen);
  return seen == 3 ? 1 : 0;
}

static uint16_t wrong_alias(const law_link *c) {
  const law_broker *b = c->broker;
  if (law_fault(b, FAULT_ALIAS_ABOVE_MAXIMUM) && c->alias_maximum < UINT16_MAX) {
    return (uint16_t)(c->alias_maximum + 1);
  }
  return 0;
}

/* The alias to send with |topic|, 0 for none. First come, first served; |*out_known|: the client
 * has it. */
static uint16_t alias_for(law_link *c, law_bytes topic, bool *out_known) {
  *out_known = false;
  if (c->alias_maximum == 0) {
    return law_fault(c->broker, FAULT_ALIAS_UNASKED) ? unasked_alias(c, topic) : 0;
  }
  if (c->broker->config.no_aliases) {
    return 0;
  }
  uintptr_t alias = (uintptr_t)law_map_get(&c->aliases_out, topic);
  *out_known = alias != 0;
  if (wrong_alias(c) != 0) {
    return wrong_alias(c);
  }
  bool room =
      c->aliases_out.num < c->alias_maximum || law_fault(c->broker, FAULT_ALIAS_MAXIMUM_IGNORED);
  if (alias == 0 && room && c->aliases_out.num < MAX_ALIASES) {
    alias = c->aliases_out.num + 1;
  }
  return (uint16_t)alias;
}

static void add_alias(properties *p, law_mqtt_message *m) {
  bool known;
  law_link *c = p->conn;
  uint16_t alias = alias_for(c, m->u.publish.topic, &known);
  if (alias != 0) {
    add_number(p, LAW_MQTT_P_TOPIC_ALIAS, law_fault(c->broker, FAULT_ALIAS_ZERO) ? 0 : alias);
  }
  if (known) {
    m->u.publish.topic.len = 0;
  }
}

/* The client has seen the alias only once the packet was really sent. */
static void learn_alias(law_link *c, law_bytes topic) {
  bool known;
  if (c->alias_maximum == 0) {
    return;
  }
  uint16_t alias = alias_for(c, topic, &known);
  if (alias != 0 && !known && wrong_alias(c) == 0) {
    law_map_set(&c->aliases_out, topic, (void *)(uintptr_t)alias);
  }
}

/* ---- The packet ---- */

static bool dup_of(const law_broker *b, const law_delivery *d) {
  if (law_fault(b, FAULT_DUP_PROPAGATED) && d->message->dup) {
    return true;
  }
  switch (d->qos) {
    case 0:
      return law_fault(b, FAULT_DUP_ON_QOS0) && law_has_three_levels(d->message->topic);
    case 1:
      return d->sent ? !law_fault(b, FAULT_NO_DUP_ON_RESEND)
                     : law_fault(b, FAULT_DUP_ON_FIRST_QOS1);
    default:
      return d->sent ? !law_fault(b, FAULT_NO_DUP_ON_RESEND)
                     : law_fault(b, FAULT_DUP_ON_FIRST_QOS2);
  }
}

/* Faults that change the topic. */
static law_bytes topic_of(const law_broker *b, const law_delivery *d) {
  law_bytes topic = d->message->topic;
  if (d->wildcard && topic.len > 1 && law_fault(b, FAULT_TOPIC_CUT)) {
    topic.len = 1;
  }
  if (law_bytes_start(topic, "\xEF\xBB\xBF") && law_fault(b, FAULT_BOM_STRIPPED)) {
    topic.data += 3;
    topic.len -= 3;
  }
  return topic;
}

static bool sends_qos0_id(const law_broker *b, const law_delivery *d) {
  return d->qos == 0 && law_fault(b, FAULT_QOS0_WITH_PACKET_ID) &&
         law_has_three_levels(d->message->topic);
}

static law_mqtt_message packet_of(const law_broker *b, const law_delivery *d) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  bool dup = dup_of(b, d);
  m.first = (uint8_t)((LAW_MQTT_PUBLISH << 4) | (dup << 3) | (d->qos << 1) | d->retain);
  m.packet_id = d->packet_id;
  m.u.publish.topic = topic_of(b, d);
  m.u.publish.payload = d->message->payload;
  if (m.u.publish.payload.len > LARGE && law_fault(b, FAULT_LARGE_PAYLOAD_CUT)) {
    m.u.publish.payload.len = LARGE;
  }
  if (sends_qos0_id(b, d)) {
    m.first |= 2; /* taken away again when it is encoded */
    m.packet_id = 1;
  }
  if (d->qos > 0 && law_fault(b, FAULT_PACKET_ID_ZERO)) {
    m.packet_id = 0;
  }
  return m;
}

static void add_properties(properties *p, law_mqtt_message *m, const law_delivery *d) {
  add_message_properties(p, d->message);
  add_expiry(p, d->message);
  for (uint32_t i = 0; i < d->num_ids; i++) {
    add_number(p, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, d->ids[i]);
  }
  add_alias(p, m);
  p->list.data = p->memory.data;
  p->list.len = (uint32_t)p->memory.len;
  m->properties = p->list;
}

/* Faults that no message can say: changes of the encoded packet, which begins at |start| of the
 * output. */
static void spoil(law_link *c, const law_delivery *d, size_t start) {
  const law_broker *b = c->broker;
  if (sends_qos0_id(b, d)) {
    c->out.data[start] &= (uint8_t)~0x06;
  }
  if (d->message->payload.len > LARGE && law_fault(b, FAULT_LARGE_PAYLOAD_CHANGED)) {
    c->out.data[c->out.len - 1] ^= 0xFF;
  }
}

bool law_publish_out(law_link *c, law_delivery *d) {
  size_t start = c->out.len;
  properties p = {.conn = c};
  law_mqtt_message m = packet_of(c->broker, d);
  if (c->version == LAW_MQTT_5) {
    add_properties(&p, &m, d);
  }
  bool sent = law_fault(c->broker, FAULT_IGNORE_MAXIMUM_PACKET_SIZE) ? law_link_send_oversize(c, &m)
                                                                     : law_link_send(c, &m);
  law_buffer_free(&p.memory);
  if (sent) {
    spoil(c, d, start);
    d->sent = true;
    learn_alias(c, d->message->topic);
  }
  return sent;
}
