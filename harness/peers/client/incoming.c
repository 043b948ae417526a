#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "peers/client/internal.h"

/* ---- Topic aliases of the server (3.3.2.3.4) ---- */

void law_incoming_forget_aliases(law_client *c) {
  if (law_client_fault(c, FAULT_CLIENT_REMEMBERS_ALIASES) || c->aliases_in == NULL) {
    return;
  }
  for (size_t i = 0; i <= UINT16_MAX; i++) {
    law_free_bytes(&c->aliases_in[i]);
  }
  free(c->aliases_in);
  c->aliases_in = NULL;
}

void law_incoming_set_alias(law_client *c, uint32_t alias, law_bytes topic) {
  if (c->aliases_in == NULL) {
    c->aliases_in = law_alloc((UINT16_MAX + 1u) * sizeof *c->aliases_in);
  }
  if (c->aliases_in[alias].len > 0 && law_client_fault(c, FAULT_CLIENT_ALIAS_NOT_REMAPPED)) {
    return;
  }
  law_free_bytes(&c->aliases_in[alias]);
  c->aliases_in[alias] = law_copy_bytes(topic);
}

static bool alias_in_range(const law_client *c, uint32_t alias) {
  uint32_t max = c->own_alias_maximum;
  if (law_client_fault(c, FAULT_CLIENT_REFUSES_HIGHEST_ALIAS) && max > 0) {
    max--;
  }
  return (alias > 0 && alias <= max) || law_client_fault(c, FAULT_CLIENT_ALIAS_RANGE_UNCHECKED);
}

static bool resolve(law_client *c, const law_mqtt_message *m, law_bytes *out_topic) {
  law_mqtt_property p;
  *out_topic = m->u.publish.topic;
  if (m->version != LAW_MQTT_5) {
    return true;
  }
  bool aliased = law_mqtt_property_of(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, &p);
  if (aliased && !alias_in_range(c, p.number)) {
    law_client_refuse(c, 0x94, "topic alias out of range");
    return false;
  }
  if (out_topic->len > 0) {
    if (aliased) {
      law_incoming_set_alias(c, p.number, *out_topic);
    }
    return true;
  }
  if (!aliased || c->aliases_in == NULL || c->aliases_in[p.number].len == 0) {
    if (law_client_fault(c, FAULT_CLIENT_UNKNOWN_ALIAS_ACCEPTED)) {
      return true;
    }
    law_client_refuse(c, 0x82, "no topic name, and no topic of this alias");
    return false;
  }
  *out_topic = c->aliases_in[p.number];
  return !law_client_fault(c, FAULT_CLIENT_ALIAS_USE_LOST);
}

/* ---- Messages ---- */

static void tell(law_client *c, const law_mqtt_message *m, law_bytes topic) {
  law_client_event e = {.kind = LAW_CLIENT_MESSAGE,
                        .topic = topic,
                        .payload = m->u.publish.payload,
                        .qos = law_mqtt_qos(m),
                        .retain = law_mqtt_retain(m)};
  if (m->version == LAW_MQTT_5) {
    e.properties = m->properties;
  }
  if (law_client_fault(c, FAULT_CLIENT_BOM_STRIPPED) && law_bytes_start(topic, "\xEF\xBB\xBF")) {
    e.topic = law_bytes_of(topic.data + 3, topic.len - 3);
  }
  c->sink(c->user, &e);
}

/* Faults that send an acknowledgement behind the next one. */
static void ack_in_order(law_client *c, uint8_t type, uint16_t id, law_fault_id reverses) {
  if (!law_client_fault(c, reverses)) {
    law_client_ack(c, type, id, 0);
  } else if (c->faulty == 0) {
    c->faulty = id;
  } else {
    law_client_ack(c, type, id, 0);
    law_client_ack(c, type, (uint16_t)c->faulty, 0);
    c->faulty = 0;
  }
}

static bool is_held(const law_client *c, uint16_t id) {
  return law_map_get_number(&c->incoming, id) != NULL;
}

/* Whether the payload is not the text that it is said to be (3.3.2.3.2). */
static bool is_no_text(const law_mqtt_message *m) {
  if (m->version != LAW_MQTT_5 ||
      law_mqtt_property_number(&m->properties, LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR, 0) != 1) {
    return false;
  }
  size_t at;
  law_utf8 found = law_utf8_check(m->u.publish.payload, false, &at);
  return found == LAW_UTF8_ILL_FORMED || found == LAW_UTF8_SURROGATE;
}

static void take_qos2(law_client *c, const law_mqtt_message *m, law_bytes topic) {
  uint16_t id = m->packet_id;
  bool known = is_held(c, id);
  if (!known && is_no_text(m)) {
    if (law_client_fault(c, FAULT_CLIENT_HELD_AFTER_REFUSAL)) {
      law_map_set_number(&c->incoming, id, c);
    }
    law_client_ack(c, LAW_MQTT_PUBREC, id, 0x99);
    return;
  }
  if (!known && c->incoming.num >= c->own_receive_maximum &&
      !law_client_fault(c, FAULT_CLIENT_RECEIVE_MAXIMUM_NOT_ENFORCED)) {
    law_client_refuse(c, 0x93, "receive maximum exceeded");
    return;
  }
  if (!known || law_client_fault(c, FAULT_CLIENT_QOS2_TWICE)) {
    tell(c, m, topic);
  }
  law_map_set_number(&c->incoming, id, c);
  if (known && law_client_fault(c, FAULT_CLIENT_NO_PUBREC_FOR_DUPLICATE)) {
    return;
  }
  ack_in_order(c, LAW_MQTT_PUBREC, id, FAULT_CLIENT_PUBREC_REVERSED);
}

/* FAULT_CLIENT_QOS1_DEDUPLICATED: DUP and a known identifier are taken for the same message. */
static bool is_deduplicated(law_client *c, const law_mqtt_message *m) {
  bool same = law_mqtt_dup(m) && c->faulty == m->packet_id;
  if (law_client_fault(c, FAULT_CLIENT_QOS1_DEDUPLICATED)) {
    c->faulty = m->packet_id;
    return same;
  }
  return false;
}

static bool has_two_user_properties(law_list list) {
  law_mqtt_property p;
  uint32_t num = 0;
  while (law_mqtt_next_property(&list, &p)) {
    num += p.id == LAW_MQTT_P_USER_PROPERTY;
  }
  return num > 1;
}

static uint32_t num_subscription_ids(law_list list) {
  law_mqtt_property p;
  uint32_t num = 0;
  while (law_mqtt_next_property(&list, &p)) {
    num += p.id == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER;
  }
  return num;
}

static bool has_empty(const law_list *list, uint8_t id) {
  law_mqtt_property p;
  return law_mqtt_property_of(list, id, &p) && p.text.len == 0;
}

/* Subscription identifiers that this client never gave (3.3.4). */
static bool has_foreign_id(law_client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  law_list it = m->properties;
  while (m->version == LAW_MQTT_5 && law_mqtt_next_property(&it, &p)) {
    if (p.id == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER &&
        law_map_get_number(&c->subscription_ids, p.number) == NULL &&
        !law_client_fault(c, FAULT_CLIENT_FOREIGN_ID_ACCEPTED)) {
      law_client_refuse(c, 0x82, "a subscription identifier that the client never gave");
      return true;
    }
  }
  return false;
}

/* Messages that faults neither take nor answer. */
static bool is_dropped(law_client *c, const law_mqtt_message *m) {
  if (law_mqtt_qos(m) == 0) {
    return false;
  }
  bool again = law_mqtt_qos(m) == 1 && c->faulty == m->packet_id;
  if (law_client_fault(c, FAULT_CLIENT_ID_NOT_REUSED)) {
    c->faulty = m->packet_id;
    if (again) {
      return true;
    }
  }
  return (law_outgoing_uses(c, m->packet_id) && law_client_fault(c, FAULT_CLIENT_ONE_ID_SPACE)) ||
         (c->reauth && law_client_fault(c, FAULT_CLIENT_REAUTH_STOPS_OTHERS)) ||
         (law_mqtt_retain(m) && law_client_fault(c, FAULT_CLIENT_RETAINED_UNANSWERED)) ||
         (law_outgoing_quota_is_0(c) && law_client_fault(c, FAULT_CLIENT_QUOTA_0_STOPS_ALL));
}

/* Faults that do not take what a server may send. */
static bool refuses_wrongly(law_client *c, const law_mqtt_message *m) {
  bool waits = false;
  LAW_RING_EACH(&c->requests, n) {
    waits |= LAW_OWNER(n, law_request, node)->type == LAW_MQTT_SUBSCRIBE;
  }
  bool v5 = m->version == LAW_MQTT_5;
  bool bad =
      (v5 && has_two_user_properties(m->properties) &&
       law_client_fault(c, FAULT_CLIENT_PUBLISH_USER_PROPERTY_ONCE)) ||
      (v5 && num_subscription_ids(m->properties) > 1 &&
       law_client_fault(c, FAULT_CLIENT_ONE_SUBSCRIPTION_ID)) ||
      (m->u.publish.payload.len == 0 && law_client_fault(c, FAULT_CLIENT_EMPTY_PAYLOAD_REFUSED)) ||
      (v5 && has_empty(&m->properties, LAW_MQTT_P_CONTENT_TYPE) &&
       law_client_fault(c, FAULT_CLIENT_EMPTY_STRING_REFUSED)) ||
      (v5 && has_empty(&m->properties, LAW_MQTT_P_CORRELATION_DATA) &&
       law_client_fault(c, FAULT_CLIENT_EMPTY_BINARY_REFUSED)) ||
      (waits && law_client_fault(c, FAULT_CLIENT_PUBLISH_BEFORE_SUBACK_REFUSED));
  if (bad) {
    law_client_refuse(c, 0x82, "a fault");
  }
  return bad;
}

void law_incoming_publish(law_client *c, const law_mqtt_message *m) {
  law_bytes topic;
  if (refuses_wrongly(c, m) || has_foreign_id(c, m) || is_dropped(c, m) || !resolve(c, m, &topic)) {
    return;
  }
  switch (law_mqtt_qos(m)) {
    case 0:
      tell(c, m, topic);
      if (law_client_fault(c, FAULT_CLIENT_QOS0_ANSWERED)) {
        law_client_ack(c, LAW_MQTT_PUBACK, 1, 0);
      }
      break;
    case 1:
      if (!is_deduplicated(c, m)) {
        tell(c, m, topic);
      }
      if (!(law_mqtt_dup(m) && law_client_fault(c, FAULT_CLIENT_NO_PUBACK_FOR_DUP))) {
        ack_in_order(c, LAW_MQTT_PUBACK, m->packet_id, FAULT_CLIENT_PUBACK_REVERSED);
      }
      break;
    default:
      take_qos2(c, m, topic);
  }
}

void law_incoming_pubrel(law_client *c, const law_mqtt_message *m) {
  bool known = is_held(c, m->packet_id);
  if (known && !law_client_fault(c, FAULT_CLIENT_HELD_AFTER_PUBCOMP)) {
    law_map_remove_number(&c->incoming, m->packet_id);
  }
  law_client_ack(c, LAW_MQTT_PUBCOMP, m->packet_id, known ? 0 : 0x92);
}
