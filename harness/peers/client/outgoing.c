#include <stdlib.h>
#include <string.h>

#include "peers/client/internal.h"

static law_outgoing *owner(law_node *n) { return LAW_OWNER(n, law_outgoing, node); }

static void destroy(law_client *c, law_outgoing *o) {
  if (law_node_linked(&o->node)) {
    law_ring_remove(&c->outgoing, &o->node);
  }
  law_bytes properties = {o->properties.data, o->properties.len};
  law_free_bytes(&o->topic);
  law_free_bytes(&o->payload);
  law_free_bytes(&properties);
  free(o);
}

void law_outgoing_clear(law_client *c, const char *why) {
  LAW_RING_EACH(&c->outgoing, n) {
    destroy(c, owner(n));
    law_client_failed(c, "publish", why);
  }
}

bool law_outgoing_uses(const law_client *c, uint16_t packet_id) {
  LAW_RING_EACH(&c->outgoing, n) {
    if (owner(n)->packet_id == packet_id && owner(n)->state != LAW_WAITS) {
      return true;
    }
  }
  return false;
}

static law_outgoing *find(const law_client *c, uint16_t packet_id) {
  LAW_RING_EACH(&c->outgoing, n) {
    if (owner(n)->packet_id == packet_id && owner(n)->sent) {
      return owner(n);
    }
  }
  return NULL;
}

/* ---- Checks against what the server said ---- */

static uint32_t alias_of(const law_client_message *m) {
  return law_mqtt_property_number(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, 0);
}

static bool has(const law_list *list, uint8_t id) {
  law_mqtt_property p;
  return law_mqtt_property_of(list, id, &p);
}

/* Why the server would not take the message; NULL when it would. */
static const char *objection(const law_client *c, law_outgoing *o) {
  const law_limits *l = &c->limits;
  uint32_t alias = law_mqtt_property_number(&o->properties, LAW_MQTT_P_TOPIC_ALIAS, 0);
  if (o->qos > l->maximum_qos && !law_client_fault(c, FAULT_CLIENT_IGNORES_MAXIMUM_QOS)) {
    return "above the server's maximum QoS";
  }
  if (o->retain && !l->retain && !law_client_fault(c, FAULT_CLIENT_IGNORES_RETAIN_AVAILABLE)) {
    return "the server has no retained messages";
  }
  law_fault_id ignores =
      l->alias_maximum == 0 ? FAULT_CLIENT_ALIAS_UNASKED : FAULT_CLIENT_ALIAS_ABOVE_MAXIMUM;
  if (alias > l->alias_maximum && !law_client_fault(c, ignores)) {
    return "above the server's topic alias maximum";
  }
  return NULL;
}

/* What a client may never send, whatever the server says. */
static const char *own_objection(const law_client *c, const law_client_message *m) {
  bool lax = law_client_fault(c, FAULT_CLIENT_SENDS_BAD_TOPICS);
  if (m->topic.len == 0 && alias_of(m) == 0 && !lax) {
    return "no topic";
  }
  if (m->topic.len > 0 && !law_mqtt_topic_name_valid(m->topic) && !lax) {
    return "the topic name has wildcards";
  }
  if (has(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER) &&
      !law_client_fault(c, FAULT_CLIENT_PUBLISHES_SUBSCRIPTION_ID)) {
    return "only servers send subscription identifiers with a message";
  }
  return NULL;
}

/* ---- Sending ---- */

/* A topic alias does not outlive its connection: what is sent again goes without. */
static law_list without_alias(law_list list, law_buffer *out) {
  law_mqtt_property p;
  law_list it = list, kept = {NULL, 0, 0};
  for (const uint8_t *at = it.data; law_mqtt_next_property(&it, &p); at = it.data) {
    if (p.id != LAW_MQTT_P_TOPIC_ALIAS) {
      law_buffer_add(out, law_bytes_of(at, (size_t)(it.data - at)));
      kept.count++;
    }
  }
  kept.data = out->data;
  kept.len = (uint32_t)out->len;
  return kept;
}

static bool dup_of(const law_client *c, const law_outgoing *o, bool again) {
  if (again) {
    return !law_client_fault(c, FAULT_CLIENT_NO_DUP_ON_RESEND);
  }
  return law_client_fault(c, o->qos == 0   ? FAULT_CLIENT_DUP_ON_QOS0
                             : o->qos == 1 ? FAULT_CLIENT_DUP_ON_FIRST_QOS1
                                           : FAULT_CLIENT_DUP_ON_FIRST_QOS2);
}

static bool send_publish(law_client *c, law_outgoing *o) {
  law_buffer kept = {0};
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  bool again = o->sent;
  m.first = (uint8_t)(LAW_MQTT_PUBLISH << 4 | dup_of(c, o, again) << 3 | o->qos << 1 | o->retain);
  m.packet_id = o->packet_id;
  m.properties = o->properties;
  if (again && !law_client_fault(c, FAULT_CLIENT_ALIASES_CARRIED_OVER)) {
    m.properties = without_alias(o->properties, &kept);
  }
  m.u.publish.topic = o->topic;
  m.u.publish.payload = o->payload;
  uint32_t alias = law_mqtt_property_number(&m.properties, LAW_MQTT_P_TOPIC_ALIAS, 0);
  if (alias != 0 && law_client_fault(c, FAULT_CLIENT_ALIAS_DIRECTIONS_MIXED)) {
    law_incoming_set_alias(c, alias, o->topic);
  }
  bool sent = law_client_send(c, &m);
  law_buffer_free(&kept);
  o->sent |= sent;
  return sent;
}

static size_t num_unacknowledged(const law_client *c) {
  size_t num = 0;
  LAW_RING_EACH(&c->outgoing, n) { num += owner(n)->qos > 0 && owner(n)->state != LAW_WAITS; }
  return num;
}

static bool quota_left(const law_client *c) {
  int64_t max = c->limits.receive_maximum;
  if (law_client_fault(c, FAULT_CLIENT_IGNORES_RECEIVE_MAXIMUM)) {
    return true;
  }
  if (law_client_fault(c, FAULT_CLIENT_QUOTA_ONE_MORE)) {
    max++;
  }
  if (law_client_fault(c, FAULT_CLIENT_QUOTA_NOT_FRESH) && c->old_receive_maximum != 0 &&
      c->old_receive_maximum < max) {
    max = c->old_receive_maximum;
  }
  return (int64_t)num_unacknowledged(c) + c->quota_lost < max;
}

bool law_outgoing_quota_is_0(const law_client *c) {
  return num_unacknowledged(c) >= c->limits.receive_maximum;
}

/* QoS 0 messages do not wait for the quota; the order within one QoS stays. */
static bool may_send(const law_client *c, const law_outgoing *o) {
  bool quota = o->qos == 0 || quota_left(c) ||
               (o->qos == 2 && law_client_fault(c, FAULT_CLIENT_QUOTA_0_QOS2_SENT));
  return o->state == LAW_WAITS && quota;
}

static void send_first(law_client *c, law_outgoing *o) {
  const char *why = objection(c, o);
  if (why == NULL && o->qos > 0 && o->packet_id == 0) {
    o->packet_id = law_client_unused_id(c, o->qos);
  }
  if (why == NULL && !send_publish(c, o)) {
    why = "larger than the server takes";
  }
  if (why != NULL) {
    law_client_failed(c, "publish", why);
    destroy(c, o);
  } else if (o->qos == 0) {
    law_client_done(c, "publish");
    o->state = LAW_SENT;
    if (!law_client_fault(c, FAULT_CLIENT_QOS0_SENT_AGAIN)) {
      destroy(c, o);
    }
  } else {
    o->state = LAW_SENT;
  }
}

void law_outgoing_pump(law_client *c) {
  LAW_RING_EACH(&c->outgoing, n) {
    if (c->state == LAW_CLIENT_OPEN && may_send(c, owner(n))) {
      law_requests_pump(c, owner(n)->order);
      send_first(c, owner(n));
    }
  }
}

void law_client_publish(law_client *c, const law_client_message *m) {
  const char *why = own_objection(c, m);
  if (c->state == LAW_CLIENT_IDLE && m->qos == 0) {
    why = "not connected";
  }
  if (why != NULL) {
    law_client_failed(c, "publish", why);
    return;
  }
  law_outgoing *o = law_alloc(sizeof *o);
  o->order = c->num_commands++;
  o->qos = m->qos;
  o->retain = m->retain;
  o->topic = law_copy_bytes(m->topic);
  o->payload = law_copy_bytes(m->payload);
  o->properties = law_copy_list(m->properties);
  law_ring_append(&c->outgoing, &o->node);
  law_outgoing_pump(c);
}

/* ---- Acknowledgements ---- */

static void finish(law_client *c, law_outgoing *o, const char *why) {
  destroy(c, o);
  if (why != NULL) {
    law_client_failed(c, "publish", why);
  } else {
    law_client_done(c, "publish");
  }
  law_outgoing_pump(c);
}

static bool is_refusal(const law_mqtt_message *m) {
  return m->version == LAW_MQTT_5 && m->present != 0 && m->reason >= 0x80;
}

static const char *refusal_of(const law_mqtt_message *m) {
  return is_refusal(m) ? law_mqtt_reason_name(law_mqtt_type_of(m), m->version, m->reason) : NULL;
}

void law_outgoing_puback(law_client *c, const law_mqtt_message *m) {
  law_outgoing *o = find(c, m->packet_id);
  if (o == NULL) {
    return;
  }
  if (o->qos != 1) {
    law_client_refuse(c, 0x82, "PUBACK for a QoS 2 message");
    return;
  }
  if (is_refusal(m) && law_client_fault(c, FAULT_CLIENT_REFUSED_SENT_AGAIN)) {
    return;
  }
  if (is_refusal(m) && law_client_fault(c, FAULT_CLIENT_QUOTA_NOT_BACK_PUBACK_ERROR)) {
    c->quota_lost++;
  }
  finish(c, o, refusal_of(m));
}

/* FAULT_CLIENT_PUBREL_REVERSED: a PUBREL waits, and goes behind the next one. */
static void send_pubrel(law_client *c, uint16_t id) {
  if (!law_client_fault(c, FAULT_CLIENT_PUBREL_REVERSED)) {
    law_client_ack(c, LAW_MQTT_PUBREL, id, 0);
  } else if (c->faulty == 0) {
    c->faulty = id;
  } else {
    law_client_ack(c, LAW_MQTT_PUBREL, id, 0);
    law_client_ack(c, LAW_MQTT_PUBREL, (uint16_t)c->faulty, 0);
    c->faulty = 0;
  }
}

void law_outgoing_pubrec(law_client *c, const law_mqtt_message *m) {
  law_outgoing *o = find(c, m->packet_id);
  if (o == NULL) {
    law_client_ack(c, LAW_MQTT_PUBREL, m->packet_id, 0x92);
    return;
  }
  if (o->qos != 2) {
    law_client_refuse(c, 0x82, "PUBREC for a QoS 1 message");
    return;
  }
  if (is_refusal(m)) {
    if (law_client_fault(c, FAULT_CLIENT_QUOTA_NOT_BACK_PUBREC)) {
      c->quota_lost++;
    }
    finish(c, o, refusal_of(m));
    return;
  }
  o->state = LAW_RELEASED;
  send_pubrel(c, m->packet_id);
  if (law_client_fault(c, FAULT_CLIENT_QUOTA_BACK_AT_PUBREC)) {
    c->quota_lost--;
    law_outgoing_pump(c);
  }
  if (law_client_fault(c, FAULT_CLIENT_PUBREL_NOT_KEPT)) {
    finish(c, o, NULL);
  }
}

void law_outgoing_pubcomp(law_client *c, const law_mqtt_message *m) {
  law_outgoing *o = find(c, m->packet_id);
  if (o == NULL) {
    return;
  }
  if (o->state != LAW_RELEASED) {
    law_client_refuse(c, 0x82, "PUBCOMP before PUBREL");
    return;
  }
  finish(c, o, refusal_of(m));
}

/* ---- Resuming (4.4) ---- */

static bool is_forgotten(const law_client *c, const law_outgoing *o) {
  if (has(&o->properties, LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL) &&
      law_client_fault(c, FAULT_CLIENT_EXPIRES_AFTER_SENDING)) {
    return true;
  }
  if (o->state == LAW_RELEASED) {
    return law_client_fault(c, FAULT_CLIENT_FORGETS_PUBREL);
  }
  return law_client_fault(c, o->qos == 1 ? FAULT_CLIENT_FORGETS_QOS1 : FAULT_CLIENT_FORGETS_QOS2);
}

static void send_again(law_client *c, law_outgoing *o) {
  if (is_forgotten(c, o)) {
    destroy(c, o);
  } else if (o->state == LAW_RELEASED && !law_client_fault(c, FAULT_CLIENT_PUBLISH_AFTER_PUBREL)) {
    law_client_ack(c, LAW_MQTT_PUBREL, o->packet_id, 0);
  } else {
    if (law_client_fault(c, FAULT_CLIENT_RESENDS_WITH_NEW_ID)) {
      o->packet_id = law_client_unused_id(c, o->qos);
    }
    o->state = LAW_SENT;
    send_publish(c, o);
  }
}

/* What was sent goes again, in order, as far as the new receive maximum lets it. */
void law_outgoing_resume(law_client *c) {
  LAW_RING_EACH(&c->outgoing, n) {
    if (owner(n)->state == LAW_SENT) {
      owner(n)->state = LAW_WAITS;
    }
  }
  bool reversed = law_client_fault(c, FAULT_CLIENT_RESENDS_REVERSED);
  for (law_node *n = reversed ? c->outgoing.head.prev : c->outgoing.head.next, *next;
       n != &c->outgoing.head; n = next) {
    next = reversed ? n->prev : n->next;
    law_outgoing *o = owner(n);
    if (o->sent && (o->state == LAW_RELEASED || quota_left(c))) {
      send_again(c, o);
    }
  }
  law_outgoing_pump(c);
}
