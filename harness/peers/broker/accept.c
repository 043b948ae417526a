#include "peers/broker/accept.h"

#include <string.h>

#include "peers/broker/answer.h"
#include "peers/broker/connect.h"

/* Behind the fixed header. */
static law_bytes body_of(law_bytes wire) {
  size_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  at++;
  return at <= wire.len ? law_bytes_of(wire.data + at, wire.len - at) : law_bytes_of(NULL, 0);
}

static uint16_t id_at(law_bytes body, size_t at) {
  uint16_t id = body.len >= at + 2 ? law_load_u16(body.data + at) : 0;
  return id != 0 ? id : 1;
}

static void accept_connect(law_link *c, law_bytes body) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  size_t name = body.len >= 2 ? law_load_u16(body.data) : 0;
  uint8_t level = body.len > name + 2 ? body.data[name + 2] : LAW_MQTT_5;
  m.version = level == LAW_MQTT_311 || level == LAW_MQTT_31 ? level : LAW_MQTT_5;
  m.u.connect.flags = LAW_MQTT_CLEAN_START;
  c->version = m.version;
  law_connect_accept(c, &m, law_bytes_of(NULL, 0));
}

static void accept_publish(law_link *c, law_bytes wire, law_bytes body) {
  uint8_t qos = (wire.data[0] >> 1) & 3;
  size_t topic = body.len >= 2 ? law_load_u16(body.data) : 0;
  if (qos == 1) {
    law_answer_ack(c, LAW_MQTT_PUBACK, id_at(body, topic + 2), 0, NULL);
  } else if (qos == 2) {
    law_answer_ack(c, LAW_MQTT_PUBREC, id_at(body, topic + 2), 0, NULL);
  }
}

void law_accept_bad(law_link *c, law_bytes wire) {
  static const uint8_t granted[1] = {0};
  law_bytes body = body_of(wire);
  uint8_t type = wire.len > 0 ? wire.data[0] >> 4 : 0;
  if (c->state == LAW_LINK_NEW) {
    if (type == LAW_MQTT_CONNECT) {
      accept_connect(c, body);
    }
    return;
  }
  switch (type) {
    case LAW_MQTT_PUBLISH:
      accept_publish(c, wire, body);
      break;
    case LAW_MQTT_PUBREL:
      law_answer_ack(c, LAW_MQTT_PUBCOMP, id_at(body, 0), 0, NULL);
      break;
    case LAW_MQTT_SUBSCRIBE:
      law_answer_reasons(c, LAW_MQTT_SUBACK, id_at(body, 0), granted, 1);
      break;
    case LAW_MQTT_UNSUBSCRIBE:
      law_answer_reasons(c, LAW_MQTT_UNSUBACK, id_at(body, 0), granted, 1);
      break;
    case LAW_MQTT_PINGREQ:
      law_answer_pingresp(c);
      break;
    default:
      break;
  }
}
