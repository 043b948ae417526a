#include "core/utf8.h"
#include "monitors/mqtt/monitor.h"
#include "monitors/mqtt/world.h"

/* What the properties of a PUBLISH say that matters here. */
typedef struct contents {
  bool has_alias, has_id, is_text;
  uint16_t alias;
} contents;

static contents read_contents(const law_mqtt_message *m) {
  contents out = {false, false, false, 0};
  law_list it = m->properties;
  law_mqtt_property p;
  while (law_mqtt_next_property(&it, &p)) {
    switch (p.id) {
      case LAW_MQTT_P_TOPIC_ALIAS:
        out.has_alias = true;
        out.alias = (uint16_t)p.number;
        break;
      case LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER:
        out.has_id = true;
        break;
      case LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR:
        out.is_text = p.number == 1;
        break;
      default:
        break;
    }
  }
  return out;
}

/* ---- topic aliases, 3.3.2.3.4 ---- */

static void check_alias_range(law_mqtt_monitor *c, const law_mqtt_packet *p, uint16_t alias) {
  const law_mqtt_announced *limits = law_mqtt_binding(c);
  bool client = c->judged == LAW_CLIENT;
  if (limits == NULL || alias <= limits->alias_maximum) {
    return;
  }
  law_mqtt_objection none =
      client ? LAW_MQTT_OBJECT_ALIAS_NONE_CLIENT : LAW_MQTT_OBJECT_ALIAS_NONE_SERVER;
  law_mqtt_objection range =
      client ? LAW_MQTT_OBJECT_ALIAS_RANGE_CLIENT : LAW_MQTT_OBJECT_ALIAS_RANGE_SERVER;
  law_mqtt_object(c, p, limits->alias_maximum == 0 ? none : range,
                  law_mqtt_property_at(p, LAW_MQTT_P_TOPIC_ALIAS));
}

static bool was_given(const law_mqtt_monitor *c, uint16_t alias) {
  return alias < LAW_MQTT_ALIASES ? (c->aliases[alias / 64] >> (alias % 64) & 1) != 0
                                  : c->higher_alias;
}

static void note_given(law_mqtt_monitor *c, uint16_t alias) {
  if (alias < LAW_MQTT_ALIASES) {
    c->aliases[alias / 64] |= UINT64_C(1) << (alias % 64);
  } else {
    c->higher_alias = true;
  }
}

static void check_alias_known(law_mqtt_monitor *c, const law_mqtt_packet *p, uint16_t alias) {
  if (p->m->u.publish.topic.len > 0) {
    note_given(c, alias);
  } else if (!c->aliases_unknown && !was_given(c, alias)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ALIAS_UNKNOWN,
                    law_mqtt_property_at(p, LAW_MQTT_P_TOPIC_ALIAS));
  }
}

/* The topic of the message as a hash; 0: not known. */
static uint64_t topic_of(law_mqtt_monitor *c, const law_mqtt_packet *p, const contents *has) {
  law_bytes topic = p->m->u.publish.topic;
  uint64_t hash = topic.len > 0 ? law_mqtt_hash(topic, 0) : 0;
  if (has->has_alias && has->alias < LAW_MQTT_ALIAS_TOPICS) {
    uint64_t *known = &c->alias_topics[p->seen->from][has->alias];
    *known = topic.len > 0 ? hash : *known;
    return *known;
  }
  c->far_alias = c->far_alias || (topic.len > 0 && has->has_alias);
  return hash;
}

/* An alias that was never given a topic stands for nothing, and nothing is forwarded. */
static bool stands_for_nothing(const law_mqtt_monitor *c, const contents *has, uint64_t topic) {
  return topic == 0 && !c->lost && (has->alias < LAW_MQTT_ALIAS_TOPICS || !c->far_alias);
}

/* ---- text ---- */

/* Well-formed UTF-8, in which U+0000 is a character like any other. */
bool law_mqtt_payload_is_text(law_bytes payload) {
  size_t at = 0;
  law_utf8 wrong = law_utf8_check(payload, false, &at);
  while (wrong == LAW_UTF8_NUL) {
    payload = law_bytes_of(payload.data + at + 1, payload.len - at - 1);
    wrong = law_utf8_check(payload, false, &at);
  }
  return wrong == LAW_UTF8_OK;
}

/* ---- what a client sends ---- */

static void judge_client(law_mqtt_monitor *c, const law_mqtt_packet *p, const contents *has) {
  law_bytes payload = p->m->u.publish.payload;
  if (has->has_id) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_PUBLISH_ID_BY_CLIENT,
                    law_mqtt_property_at(p, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER));
  }
  if (has->is_text && !law_mqtt_payload_is_text(payload)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_PAYLOAD_UTF8,
                    (uint32_t)(payload.data - p->seen->wire.data));
  }
}

/* ---- what a server delivers ---- */

/* Every identifier comes from a SUBSCRIBE of this client, for a filter that matches the topic. When
 * another filter brings the topic, it is the identifier that is wrong, else the topic. */
static void check_identifiers(law_mqtt_monitor *c, const law_mqtt_packet *p, law_bytes topic,
                              bool is_subscribed) {
  law_list it = p->m->properties;
  law_mqtt_property property;
  uint32_t at = law_mqtt_property_at(p, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER);
  while (law_mqtt_next_property(&it, &property)) {
    bool known, matches;
    if (property.id != LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER) {
      continue;
    }
    law_mqtt_filters_with_id(&c->filters, property.number, topic, &known, &matches);
    if (!known || (!matches && is_subscribed)) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_IDENTIFIER_FOREIGN, at);
    } else if (!matches) {
      law_mqtt_object(c, p, LAW_MQTT_OBJECT_TOPIC_OF_IDENTIFIER, at);
    }
  }
}

/* A message that one filter alone brings, whose subscriptions all had an identifier. */
static bool must_have_id(const law_mqtt_monitor *c, const law_mqtt_verdict *v) {
  return v->num == 1 && (v->had & LAW_MQTT_HAD_NO_ID) == 0 && c->filters.all[v->first].num_ids > 0;
}

/* A server may assign subscriptions by itself (4.5), so a topic that no filter matches proves
 * nothing unless an identifier says which SUBSCRIBE it is for. */
static const law_mqtt_verdict *judge_subscription(law_mqtt_monitor *c, const law_mqtt_packet *p,
                                                  const contents *has, uint64_t topic_hash,
                                                  law_bytes topic) {
  const law_mqtt_verdict *v = law_mqtt_filters_match(&c->filters, topic, topic_hash);
  if (v->num > 0 && law_mqtt_qos(p->m) > v->ceiling) {
    law_mqtt_object(
        c, p, v->all_shared ? LAW_MQTT_OBJECT_GRANTED_QOS_SHARED : LAW_MQTT_OBJECT_GRANTED_QOS, 0);
  }
  if (has->has_id) {
    check_identifiers(c, p, topic, v->num > 0);
  } else if (must_have_id(c, v)) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_IDENTIFIER_MISSING, 0);
  }
  return v;
}

static bool filters_known(const law_mqtt_monitor *c) {
  return !c->filters.unknown && !c->maybe_resumed && !c->lost && c->connect == LAW_MQTT_DONE &&
         c->num_connects == 1;
}

/* True when what was found for this topic before still holds, so that its text is not needed. */
static bool remembered(const law_mqtt_monitor *c, uint64_t topic_hash) {
  const law_mqtt_verdict *v = &c->filters.verdicts[topic_hash & (LAW_MQTT_VERDICTS - 1)];
  return v->topic == topic_hash && v->epoch == c->filters.epoch;
}

static void judge_server(law_mqtt_monitor *c, const law_mqtt_packet *p, const contents *has,
                         uint64_t topic_hash) {
  law_bytes topic = p->m->u.publish.topic;
  bool usable = topic.len > 0 || (!has->has_id && topic_hash != 0 && remembered(c, topic_hash));
  const law_mqtt_verdict *v = NULL;
  if (usable && filters_known(c)) {
    v = judge_subscription(c, p, has, topic_hash, topic);
  }
  law_mqtt_world_deliver(c, p, v, topic_hash);
}

void law_mqtt_see_publish(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  contents has = {false, false, false, 0};
  if (law_mqtt_qos(p->m) > 0) {
    law_mqtt_see_publish_flow(c, p);
  }
  if (p->m->version == LAW_MQTT_5 && p->m->properties.count > 0) {
    has = read_contents(p->m);
  }
  if (p->judged && LAW_UNLIKELY(has.has_alias)) {
    check_alias_range(c, p, has.alias);
    check_alias_known(c, p, has.alias);
  }
  if (c->judged == LAW_CLIENT) {
    if (p->judged) {
      judge_client(c, p, &has);
    }
    return;
  }
  if (!p->judged && c->world == NULL && !has.has_alias) {
    return; /* what is published matters to the world alone */
  }
  uint64_t topic = topic_of(c, p, &has);
  if (p->judged) {
    judge_server(c, p, &has, topic);
  } else if (!stands_for_nothing(c, &has, topic)) {
    law_mqtt_world_publish(c, p, topic);
  }
}
