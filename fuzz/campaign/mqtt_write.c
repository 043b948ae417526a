/* The packets of a campaign's own conversations. */
#include <string.h>

#include "campaign/mqtt_internal.h"

enum { PROPERTIES = 256 };

static law_bytes text(const char *s) { return law_bytes_of(s, strlen(s)); }

uint8_t law_mqtt_version_of(const char *variant) {
  if (strcmp(variant, "mqtt5") == 0) {
    return LAW_MQTT_5;
  }
  return strcmp(variant, "mqtt311") == 0 ? LAW_MQTT_311 : LAW_MQTT_31;
}

static law_mqtt_message message_of(uint8_t version, uint8_t type, uint8_t flags) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(type << 4 | flags);
  m.version = version;
  return m;
}

static size_t encode(law_mqtt_message *m, uint8_t *out, size_t cap) {
  size_t len = law_mqtt_encode(m, out, cap);
  return len <= cap ? len : 0;
}

static void put_will(law_mqtt_message *m, const law_mqtt_opening *o, law_writer *w) {
  law_list *list = &m->u.connect.will_properties;
  m->u.connect.flags = (uint8_t)(m->u.connect.flags | LAW_MQTT_WILL | o->will_qos << 3 |
                                 (o->will_retain ? LAW_MQTT_WILL_RETAIN : 0));
  m->u.connect.will_topic = text("law/will");
  m->u.connect.will_payload = text("gone");
  list->data = w->data + w->len;
  if (o->will_properties && m->version == LAW_MQTT_5) {
    law_mqtt_add_text(w, list, LAW_MQTT_P_CONTENT_TYPE, text("text/plain"));
    law_mqtt_add_text(w, list, LAW_MQTT_P_RESPONSE_TOPIC, text("law/answer"));
    law_mqtt_add_text(w, list, LAW_MQTT_P_CORRELATION_DATA, text("1234"));
    law_mqtt_add_pair(w, list, text("key"), text("value"));
  }
}

static void put_user(law_mqtt_message *m, const law_persona *p) {
  if (p->username != NULL) {
    m->u.connect.flags |= LAW_MQTT_USER_NAME;
    m->present |= LAW_MQTT_HAS_USER_NAME;
    m->u.connect.user_name = text(p->username);
  }
  if (p->password != NULL) {
    m->u.connect.flags |= LAW_MQTT_PASSWORD;
    m->present |= LAW_MQTT_HAS_PASSWORD;
    m->u.connect.password = text(p->password);
  }
}

size_t law_mqtt_write_connect(const law_persona *p, const law_mqtt_opening *o, uint8_t *out,
                              size_t cap) {
  uint8_t version = law_mqtt_version_of(p->variant), room[PROPERTIES];
  law_mqtt_message m = message_of(version, LAW_MQTT_CONNECT, 0);
  law_writer w = law_writer_of(room, sizeof room);
  m.properties.data = room;
  m.u.connect.protocol_name = text(version == LAW_MQTT_31 ? "MQIsdp" : "MQTT");
  m.u.connect.level = version;
  m.u.connect.flags = o->dirty ? 0 : LAW_MQTT_CLEAN_START;
  m.u.connect.keep_alive = 300;
  m.u.connect.client_id = o->id;
  if (version == LAW_MQTT_5 && o->expiry > 0) {
    law_mqtt_add_number(&w, &m.properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, o->expiry);
  }
  if (version == LAW_MQTT_5 && o->receive_maximum > 0) {
    law_mqtt_add_number(&w, &m.properties, LAW_MQTT_P_RECEIVE_MAXIMUM, o->receive_maximum);
  }
  if (o->will) {
    put_will(&m, o, &w);
  }
  put_user(&m, p);
  return law_writer_ok(&w) ? encode(&m, out, cap) : 0;
}

size_t law_mqtt_write_publish(uint8_t version, law_bytes topic, law_bytes payload, uint8_t flags,
                              uint16_t id, bool extras, uint8_t *out, size_t cap) {
  uint8_t room[PROPERTIES];
  law_writer w = law_writer_of(room, sizeof room);
  law_mqtt_message m = message_of(version, LAW_MQTT_PUBLISH, flags);
  m.packet_id = id;
  m.properties.data = room;
  if (extras && version == LAW_MQTT_5) {
    law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_CONTENT_TYPE, text("t"));
    law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_CORRELATION_DATA, text("c"));
    law_mqtt_add_pair(&w, &m.properties, text("k"), text("v"));
  }
  m.u.publish.topic = topic;
  m.u.publish.payload = payload;
  return law_writer_ok(&w) ? encode(&m, out, cap) : 0;
}

size_t law_mqtt_write_subscribe(uint8_t version, law_bytes filter, uint8_t options, uint16_t id,
                                uint32_t identifier, uint8_t *out, size_t cap) {
  uint8_t room[PROPERTIES], list[PROPERTIES];
  law_writer w = law_writer_of(room, sizeof room), items = law_writer_of(list, sizeof list);
  law_mqtt_message m = message_of(version, LAW_MQTT_SUBSCRIBE, 2);
  m.packet_id = id;
  m.properties.data = room;
  if (identifier > 0 && version == LAW_MQTT_5) {
    law_mqtt_add_number(&w, &m.properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, identifier);
  }
  law_write_bytes16(&items, filter);
  law_write_u8(&items, version == LAW_MQTT_5 ? options : options & 3);
  m.u.filters = (law_list){list, (uint32_t)items.len, 1};
  return law_writer_ok(&items) ? encode(&m, out, cap) : 0;
}

size_t law_mqtt_write_unsubscribe(uint8_t version, law_bytes filter, uint16_t id, uint8_t *out,
                                  size_t cap) {
  uint8_t list[PROPERTIES];
  law_writer items = law_writer_of(list, sizeof list);
  law_mqtt_message m = message_of(version, LAW_MQTT_UNSUBSCRIBE, 2);
  m.packet_id = id;
  law_write_bytes16(&items, filter);
  m.u.filters = (law_list){list, (uint32_t)items.len, 1};
  return law_writer_ok(&items) ? encode(&m, out, cap) : 0;
}

size_t law_mqtt_write_ack(uint8_t version, uint8_t type, uint16_t id, uint8_t reason, uint32_t num,
                          uint8_t *out, size_t cap) {
  uint8_t codes[16];
  law_mqtt_message m = message_of(version, type, type == LAW_MQTT_PUBREL ? 2 : 0);
  m.packet_id = id;
  m.reason = reason;
  if (reason != 0 && version == LAW_MQTT_5 && num == 0) {
    m.present = LAW_MQTT_HAS_REASON;
  }
  memset(codes, reason, sizeof codes);
  num = num < sizeof codes ? num : sizeof codes;
  if (type == LAW_MQTT_SUBACK || (type == LAW_MQTT_UNSUBACK && version == LAW_MQTT_5)) {
    m.u.reasons = (law_list){codes, num, num};
  }
  return encode(&m, out, cap);
}

size_t law_mqtt_write_connack(uint8_t version, uint8_t flags, uint8_t reason, uint8_t *out,
                              size_t cap) {
  law_mqtt_message m = message_of(version, LAW_MQTT_CONNACK, 0);
  m.ack_flags = flags;
  m.reason = reason;
  return encode(&m, out, cap);
}

size_t law_mqtt_write_plain(uint8_t version, uint8_t type, uint8_t *out, size_t cap) {
  law_mqtt_message m = message_of(version, type, 0);
  return encode(&m, out, cap);
}
