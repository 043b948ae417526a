#include "monitors/mqtt/filters.h"

#include <stddef.h>
#include <string.h>

void law_mqtt_filters_init(law_mqtt_filters *f) {
  memset(f, 0, offsetof(law_mqtt_filters, all));
  memset(f->verdicts, 0, sizeof f->verdicts);
}

static law_bytes text_of(const law_mqtt_filters *f, const law_mqtt_subscribed *s) {
  return law_bytes_of(f->text + s->at, s->len);
}

static law_bytes matched_text(const law_mqtt_filters *f, const law_mqtt_subscribed *s) {
  return law_bytes_of(f->text + s->at + s->inner, (size_t)s->len - s->inner);
}

static law_mqtt_subscribed *find(law_mqtt_filters *f, law_bytes filter) {
  for (uint8_t i = 0; i < f->num; i++) {
    law_bytes text = text_of(f, &f->all[i]);
    if (text.len == filter.len && memcmp(text.data, filter.data, filter.len) == 0) {
      return &f->all[i];
    }
  }
  return NULL;
}

static law_mqtt_subscribed *add(law_mqtt_filters *f, law_bytes filter, bool may_share) {
  if (f->num == LAW_MQTT_MAX_FILTERS || filter.len > LAW_MQTT_FILTER_TEXT - (size_t)f->text_len) {
    f->unknown = true;
    return NULL;
  }
  law_mqtt_subscribed *s = &f->all[f->num++];
  law_bytes group, inner;
  memset(s, 0, sizeof *s);
  s->at = f->text_len;
  s->len = (uint16_t)filter.len;
  s->granted = LAW_MQTT_NO_QOS;
  if (may_share && law_mqtt_shared(filter, &group, &inner)) {
    s->inner = (uint16_t)(filter.len - inner.len);
    s->had = LAW_MQTT_IS_SHARED;
  }
  memcpy(f->text + f->text_len, filter.data, filter.len);
  f->text_len = (uint16_t)(f->text_len + filter.len);
  return s;
}

static void add_id(law_mqtt_subscribed *s, uint32_t id) {
  if (id == 0) {
    s->had |= LAW_MQTT_HAD_NO_ID;
    return;
  }
  for (uint8_t i = 0; i < s->num_ids; i++) {
    if (s->ids[i] == id) {
      return;
    }
  }
  if (s->num_ids == LAW_MQTT_MAX_FILTER_IDS) {
    s->had |= LAW_MQTT_HAD_MANY_IDS;
    return;
  }
  s->ids[s->num_ids++] = id;
}

/* Subscription Options, 5.0 section 3.8.3.1. In 3.1.1 the byte holds the QoS alone: retained
 * messages are sent, RETAIN is cleared, and the publisher gets its own messages. */
static uint8_t had_of(uint8_t options) {
  uint8_t had = (options & 4) != 0 ? LAW_MQTT_HAD_NO_LOCAL : LAW_MQTT_HAD_LOCAL;
  had |= (options & 8) != 0 ? LAW_MQTT_HAD_RETAIN_AS_PUBLISHED : LAW_MQTT_HAD_RETAIN_CLEARED;
  return (options >> 4 & 3) < 2 ? had | LAW_MQTT_HAD_RETAINED : had;
}

static law_mqtt_subscribed *ask_one(law_mqtt_filters *f, const law_mqtt_filter *filter,
                                    bool may_share, uint32_t id) {
  law_mqtt_subscribed *s = find(f, filter->filter);
  if (s == NULL) {
    s = add(f, filter->filter, may_share);
  }
  if (s == NULL) {
    return NULL;
  }
  uint8_t qos = filter->options & 3;
  s->requested = qos > s->requested ? qos : s->requested;
  s->had |= had_of(filter->options);
  s->times = (uint16_t)(s->times + (s->times < UINT16_MAX));
  f->unknown = ++s->open == UINT16_MAX; /* no room to count them */
  add_id(s, id);
  return s;
}

/* Where the filters of a SUBSCRIBE are kept until its SUBACK; NULL: nowhere, so that its grants
 * stay unknown and the requested QoS counts. */
static law_mqtt_asked *keep(law_mqtt_filters *f, uint16_t packet_id, uint32_t num) {
  law_mqtt_asked *room = NULL;
  for (size_t i = 0; i < LAW_MQTT_MAX_ASKED; i++) {
    if (f->asked[i].packet_id == packet_id) {
      f->unknown = true; /* which of the two a SUBACK answers cannot be told */
    } else if (f->asked[i].packet_id == 0) {
      room = &f->asked[i];
    }
  }
  if (room == NULL || num > LAW_MQTT_MAX_ASKED_FILTERS) {
    return NULL;
  }
  *room = (law_mqtt_asked){.packet_id = packet_id};
  return room;
}

void law_mqtt_filters_ask(law_mqtt_filters *f, const law_mqtt_message *subscribe, uint64_t now) {
  bool v5 = subscribe->version == LAW_MQTT_5;
  law_list it = subscribe->u.filters;
  law_mqtt_filter filter;
  uint32_t id = 0;
  if (f->unknown) {
    return;
  }
  if (v5) {
    id = law_mqtt_property_number(&subscribe->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, 0);
  }
  law_mqtt_asked *asked = keep(f, subscribe->packet_id, it.count);
  while (!f->unknown && law_mqtt_next_filter(&it, true, &filter)) {
    law_mqtt_subscribed *s = ask_one(f, &filter, v5, id);
    if (s != NULL && s->times == 1) {
      s->asked_at = now;
    }
    if (s != NULL && asked != NULL) {
      asked->filters[asked->num++] = (uint8_t)(s - f->all);
    }
  }
  f->epoch++;
}

static void grant_one(law_mqtt_subscribed *s, uint8_t code, uint64_t now) {
  if (s->open > 0) {
    s->open--;
  }
  s->granted_at = now;
  if (code <= 2 && (s->granted == LAW_MQTT_NO_QOS || code > s->granted)) {
    s->granted = code;
  }
}

void law_mqtt_filters_grant(law_mqtt_filters *f, const law_mqtt_message *suback, uint64_t now) {
  for (size_t i = 0; i < LAW_MQTT_MAX_ASKED; i++) {
    law_mqtt_asked *asked = &f->asked[i];
    if (asked->packet_id != suback->packet_id) {
      continue;
    }
    for (uint8_t k = 0; k < asked->num && k < suback->u.reasons.len; k++) {
      grant_one(&f->all[asked->filters[k]], suback->u.reasons.data[k], now);
    }
    asked->packet_id = 0;
    f->epoch++;
    return;
  }
}

/* The highest QoS that the filter may bring. */
static uint8_t ceiling_of(const law_mqtt_subscribed *s) {
  if (s->open > 0 && (s->granted == LAW_MQTT_NO_QOS || s->requested > s->granted)) {
    return s->requested;
  }
  return s->granted;
}

static void judge_topic(const law_mqtt_filters *f, law_bytes topic, law_mqtt_verdict *out) {
  out->all_shared = true;
  for (uint8_t i = 0; i < f->num; i++) {
    const law_mqtt_subscribed *s = &f->all[i];
    uint8_t qos = ceiling_of(s);
    if (qos == LAW_MQTT_NO_QOS || !law_mqtt_topic_matches(matched_text(f, s), topic)) {
      continue;
    }
    out->ceiling = out->num == 0 || qos > out->ceiling ? qos : out->ceiling;
    out->had |= s->had;
    out->all_shared = out->all_shared && (s->had & LAW_MQTT_IS_SHARED) != 0;
    out->first = i;
    out->num++;
  }
}

const law_mqtt_verdict *law_mqtt_filters_match(law_mqtt_filters *f, law_bytes topic,
                                               uint64_t hash) {
  law_mqtt_verdict *v = &f->verdicts[hash & (LAW_MQTT_VERDICTS - 1)];
  if (LAW_UNLIKELY(v->topic != hash || v->epoch != f->epoch)) {
    *v = (law_mqtt_verdict){.topic = hash, .epoch = f->epoch};
    judge_topic(f, topic, v);
  }
  return v;
}

static bool had_id(const law_mqtt_subscribed *s, uint32_t id) {
  for (uint8_t i = 0; i < s->num_ids; i++) {
    if (s->ids[i] == id) {
      return true;
    }
  }
  return (s->had & LAW_MQTT_HAD_MANY_IDS) != 0; /* it may have had it */
}

void law_mqtt_filters_with_id(const law_mqtt_filters *f, uint32_t id, law_bytes topic,
                              bool *out_known, bool *out_matches) {
  *out_known = false;
  *out_matches = false;
  for (uint8_t i = 0; i < f->num && !*out_matches; i++) {
    if (had_id(&f->all[i], id)) {
      *out_known = true;
      *out_matches = law_mqtt_topic_matches(matched_text(f, &f->all[i]), topic);
    }
  }
}
