#include "peers/broker/message.h"

#include <stdlib.h>
#include <string.h>

/* Topic alias and subscription identifier belong to one hop; the expiry interval is sent anew. */
static bool goes_on(const law_broker *b, uint8_t property) {
  if (property == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER &&
      law_fault(b, FAULT_CLIENT_SUBSCRIPTION_ID_FORWARDED)) {
    return true;
  }
  return property != LAW_MQTT_P_TOPIC_ALIAS && property != LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER &&
         property != LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL &&
         property != LAW_MQTT_P_WILL_DELAY_INTERVAL;
}

static law_bytes append(law_message *m, law_bytes bytes) {
  uint8_t *at = m->bytes + m->size;
  if (bytes.len > 0) {
    memcpy(at, bytes.data, bytes.len);
  }
  m->size += bytes.len;
  return law_bytes_of(at, bytes.len);
}

static void append_properties(const law_broker *b, law_message *m, law_list properties) {
  law_mqtt_property p;
  law_list it = properties;
  m->properties.data = m->bytes + m->size;
  for (const uint8_t *at = it.data; law_mqtt_next_property(&it, &p); at = it.data) {
    if (p.id == LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL) {
      m->expires = true;
      m->expiry = p.number;
    }
    if (goes_on(b, p.id)) {
      law_bytes one = append(m, law_bytes_of(at, (size_t)(it.data - at)));
      m->properties.len += (uint32_t)one.len;
      m->properties.count++;
    }
  }
}

law_message *law_message_new(law_broker *b, const law_message_parts *parts) {
  size_t len = parts->topic.len + parts->payload.len + parts->publisher.len + parts->properties.len;
  law_message *m = law_alloc(sizeof *m + len);
  m->refs = 1;
  m->qos = parts->qos;
  m->retain = parts->retain;
  m->arrived = b->now;
  m->number = ++b->num_messages;
  m->topic = append(m, parts->topic);
  m->payload = append(m, parts->payload);
  m->publisher = append(m, parts->publisher);
  append_properties(b, m, parts->properties);
  m->size += sizeof *m;
  b->memory += m->size;
  return m;
}

law_message *law_message_hold(law_message *m) {
  m->refs++;
  return m;
}

void law_message_drop(law_broker *b, law_message *m) {
  if (m != NULL && --m->refs == 0) {
    b->memory -= m->size;
    free(m);
  }
}

bool law_message_fits(const law_broker *b, size_t len) {
  return b->memory + len <= b->config.memory_limit;
}

uint32_t law_message_waited(const law_broker *b, const law_message *m) {
  return b->now > m->arrived ? (uint32_t)((b->now - m->arrived) / LAW_SECOND) : 0;
}

bool law_message_expired(const law_broker *b, const law_message *m) {
  return m->expires && b->now >= m->arrived + m->expiry * LAW_SECOND;
}
