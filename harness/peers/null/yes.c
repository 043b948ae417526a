#include "peers/null/yes.h"

#include <string.h>

#include "mqtt/mqtt.h"

enum { CAP = 512 };

/* The fixed header's length. */
static size_t header_of(law_bytes wire) {
  size_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  return at + 1;
}

static uint16_t id_at(law_bytes wire, size_t at) {
  return wire.len >= at + 2 ? law_load_u16(wire.data + at) : 1;
}

static size_t behind_topic(law_bytes wire, size_t at) {
  return at + 2 + (wire.len >= at + 2 ? law_load_u16(wire.data + at) : 0);
}

/* A CONNECT says its level; what follows is answered in the shape that it has when it is
 * well-formed, in 3.1.1's otherwise: both versions take the two-byte forms. */
static uint8_t version_of(law_bytes wire, size_t at) {
  size_t level = behind_topic(wire, at);
  return wire.len > level && wire.data[level] == LAW_MQTT_5 ? LAW_MQTT_5 : LAW_MQTT_311;
}

static uint8_t version_of_event(const law_event *event) {
  const law_mqtt_message *m = event->message;
  return m != NULL ? m->version : LAW_MQTT_5;
}

static uint32_t num_filters(const law_event *event) {
  const law_mqtt_message *m = event->message;
  uint32_t num = m != NULL ? m->u.filters.count : 1;
  return num == 0 || num > CAP / 2 ? 1 : num;
}

static uint8_t answer_to(uint8_t type, uint8_t qos) {
  switch (type) {
    case LAW_MQTT_CONNECT:
      return LAW_MQTT_CONNACK;
    case LAW_MQTT_PUBLISH:
      return qos == 1 ? LAW_MQTT_PUBACK : qos == 2 ? LAW_MQTT_PUBREC : 0;
    case LAW_MQTT_PUBREC:
      return LAW_MQTT_PUBREL;
    case LAW_MQTT_PUBREL:
      return LAW_MQTT_PUBCOMP;
    case LAW_MQTT_SUBSCRIBE:
      return LAW_MQTT_SUBACK;
    case LAW_MQTT_UNSUBSCRIBE:
      return LAW_MQTT_UNSUBACK;
    case LAW_MQTT_PINGREQ:
      return LAW_MQTT_PINGRESP;
    default:
      return 0;
  }
}

void law_yes(law_net *net, const law_event *event) {
  static const uint8_t granted[CAP / 2] = {0};
  uint8_t out[CAP];
  law_mqtt_message m;
  law_bytes wire = event->wire;
  if (wire.len < 2) {
    return;
  }
  uint8_t type = wire.data[0] >> 4, qos = (wire.data[0] >> 1) & 3;
  size_t body = header_of(wire);
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(answer_to(type, qos) << 4);
  m.version = type == LAW_MQTT_CONNECT ? version_of(wire, body) : version_of_event(event);
  m.packet_id = id_at(wire, type == LAW_MQTT_PUBLISH ? behind_topic(wire, body) : body);
  if (type == LAW_MQTT_SUBSCRIBE || type == LAW_MQTT_UNSUBSCRIBE) {
    uint32_t num = num_filters(event);
    m.u.reasons = (law_list){granted, num, num};
  }
  if (type == LAW_MQTT_PUBREC) {
    m.first |= 2;
  }
  size_t len = m.first != 0 ? law_mqtt_encode(&m, out, sizeof out) : 0;
  if (len > 0 && len <= sizeof out) {
    law_net_send(net, event->handle, law_bytes_of(out, len), NULL);
  }
}
