#include "monitors/mqtt/monitor.h"

void law_mqtt_read_announced(law_mqtt_announced *out, const law_list *list) {
  law_list it = *list;
  law_mqtt_property p;
  while (law_mqtt_next_property(&it, &p)) {
    switch (p.id) {
      case LAW_MQTT_P_RECEIVE_MAXIMUM:
        out->receive_maximum = (uint16_t)p.number;
        break;
      case LAW_MQTT_P_MAXIMUM_PACKET_SIZE:
        out->packet_size = p.number;
        break;
      case LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM:
        out->alias_maximum = (uint16_t)p.number;
        break;
      case LAW_MQTT_P_MAXIMUM_QOS:
        out->maximum_qos = (uint8_t)p.number;
        break;
      case LAW_MQTT_P_RETAIN_AVAILABLE:
        out->no_retain = p.number == 0;
        break;
      case LAW_MQTT_P_WILDCARD_SUBSCRIPTION_AVAILABLE:
        out->no_wildcard = p.number == 0;
        break;
      case LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER_AVAILABLE:
        out->no_identifier = p.number == 0;
        break;
      case LAW_MQTT_P_SHARED_SUBSCRIPTION_AVAILABLE:
        out->no_shared = p.number == 0;
        break;
      default:
        break;
    }
  }
}

/* ---- Maximum Packet Size ---- */

typedef struct size_rule {
  law_mqtt_objection reason, user;
} size_rule;

#define SIZE_RULE(TYPE) \
  [LAW_MQTT_##TYPE] = {LAW_MQTT_OBJECT_SIZE_REASON_##TYPE, LAW_MQTT_OBJECT_SIZE_USER_##TYPE}

static const size_rule size_rules[16] = {
    SIZE_RULE(CONNACK),  SIZE_RULE(PUBACK),     SIZE_RULE(PUBREC),
    SIZE_RULE(PUBREL),   SIZE_RULE(PUBCOMP),    SIZE_RULE(SUBACK),
    SIZE_RULE(UNSUBACK), SIZE_RULE(DISCONNECT), SIZE_RULE(AUTH),
};

/* Bytes of the packet's Reason String and User Properties, which 5.0 wants left out when they alone
 * lift it above the limit. */
static void measure(const law_list *list, size_t *out_reason, size_t *out_user) {
  law_list it = *list;
  law_mqtt_property p;
  *out_reason = *out_user = 0;
  for (uint32_t before = it.len; law_mqtt_next_property(&it, &p); before = it.len) {
    if (p.id == LAW_MQTT_P_REASON_STRING) {
      *out_reason += before - it.len;
    } else if (p.id == LAW_MQTT_P_USER_PROPERTY) {
      *out_user += before - it.len;
    }
  }
}

LAW_COLD static void object_to_size(law_mqtt_monitor *c, const law_mqtt_packet *p, size_t limit) {
  uint8_t type = law_mqtt_type_of(p->m);
  size_t reason = 0, user = 0, len = p->seen->wire.len;
  if (size_rules[type].reason != size_rules[type].user) {
    measure(&p->m->properties, &reason, &user);
  }
  if (reason > 0 && len - reason <= limit) {
    law_mqtt_object(c, p, size_rules[type].reason,
                    law_mqtt_property_at(p, LAW_MQTT_P_REASON_STRING));
  } else if (user > 0 && len - user - reason <= limit) {
    law_mqtt_object(c, p, size_rules[type].user, law_mqtt_property_at(p, LAW_MQTT_P_USER_PROPERTY));
  } else {
    law_mqtt_object(c, p,
                    c->judged == LAW_CLIENT ? LAW_MQTT_OBJECT_PACKET_SIZE_CLIENT
                                            : LAW_MQTT_OBJECT_PACKET_SIZE_SERVER,
                    0);
  }
}

/* ---- what a SUBSCRIBE may use ---- */

static bool has_wildcard(law_bytes filter) {
  for (size_t i = 0; i < filter.len; i++) {
    if (filter.data[i] == '+' || filter.data[i] == '#') {
      return true;
    }
  }
  return false;
}

static void check_filters(law_mqtt_monitor *c, const law_mqtt_packet *p,
                          const law_mqtt_announced *limits) {
  law_list it = p->m->u.filters;
  law_mqtt_filter f;
  law_bytes group, inner;
  while ((limits->no_wildcard || limits->no_shared) && law_mqtt_next_filter(&it, true, &f)) {
    uint32_t at = (uint32_t)(f.filter.data - p->seen->wire.data);
    if (limits->no_wildcard && has_wildcard(f.filter)) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_WILDCARD_AVAILABLE, at);
    }
    if (limits->no_shared && law_mqtt_shared(f.filter, &group, &inner)) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_SHARED_AVAILABLE, at);
    }
  }
}

static void check_subscribe(law_mqtt_monitor *c, const law_mqtt_packet *p,
                            const law_mqtt_announced *limits) {
  law_mqtt_property id;
  if (limits->no_identifier &&
      law_mqtt_property_of(&p->m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &id)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_IDENTIFIER_AVAILABLE,
                    law_mqtt_property_at(p, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER));
  }
  check_filters(c, p, limits);
}

static void check_publish(law_mqtt_monitor *c, const law_mqtt_packet *p,
                          const law_mqtt_announced *limits) {
  if (law_mqtt_qos(p->m) > limits->maximum_qos) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_MAXIMUM_QOS, 0);
  }
  if (limits->no_retain && law_mqtt_retain(p->m)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_RETAIN_AVAILABLE, 0);
  }
}

/* 3.1.2.11.7: with Request Problem Information 0. */
static void check_problem_information(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  static const uint8_t ids[] = {LAW_MQTT_P_REASON_STRING, LAW_MQTT_P_USER_PROPERTY};
  uint8_t type = law_mqtt_type_of(p->m);
  law_mqtt_property property;
  if (type == LAW_MQTT_PUBLISH || type == LAW_MQTT_CONNACK || type == LAW_MQTT_DISCONNECT ||
      type == LAW_MQTT_PINGRESP) {
    return;
  }
  for (size_t i = 0; i < sizeof ids; i++) {
    if (law_mqtt_property_of(&p->m->properties, ids[i], &property)) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_PROBLEM_INFORMATION, law_mqtt_property_at(p, ids[i]));
      return;
    }
  }
}

void law_mqtt_check_limits(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  const law_mqtt_announced *limits = law_mqtt_binding(c);
  uint8_t type = law_mqtt_type_of(p->m);
  if (limits == NULL) {
    return;
  }
  if (LAW_UNLIKELY(limits->packet_size != 0 && p->seen->wire.len > limits->packet_size)) {
    object_to_size(c, p, limits->packet_size);
  }
  if (c->judged == LAW_SERVER) {
    if (LAW_UNLIKELY(c->no_problem_information)) {
      check_problem_information(c, p);
    }
  } else if (type == LAW_MQTT_PUBLISH) {
    check_publish(c, p, limits);
  } else if (type == LAW_MQTT_SUBSCRIBE) {
    check_subscribe(c, p, limits);
  }
}
