#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "core/utf8.h"
#include "mqtt/mqtt.h"
#include "mqtt/properties.h"

static const law_mqtt_message *message_of(const fuzz_packet *p) {
  return (const law_mqtt_message *)p->message;
}

static const law_item *item_of(uint8_t id) {
  for (size_t i = 0; i < LAW_MQTT_NUM_PROPERTIES; i++) {
    if (law_mqtt_property_items[i].tag == id) {
      return &law_mqtt_property_items[i];
    }
  }
  return NULL;
}

static void check_property(const law_mqtt_property *q, uint8_t scope) {
  const law_item *item = item_of(q->id);
  FUZZ_REQUIRE(item != NULL && (item->types >> scope & 1) != 0);
  if (law_kind_is_number(item->kind)) {
    FUZZ_REQUIRE(q->number >= item->min && q->number <= item->max);
  } else if (item->kind != LAW_KIND_BINARY) {
    FUZZ_REQUIRE(law_utf8_valid(q->text));
    FUZZ_REQUIRE(item->kind != LAW_KIND_PAIR || law_utf8_valid(q->key));
  }
}

static void check_found(const law_list *list, const law_mqtt_property *q) {
  law_mqtt_property first;
  FUZZ_REQUIRE(law_mqtt_property_of(list, q->id, &first) && first.id == q->id);
  FUZZ_REQUIRE(law_mqtt_property_number(list, q->id, 1) == first.number);
}

static void add_property(law_writer *w, law_list *list, const law_mqtt_property *q) {
  const law_item *item = item_of(q->id);
  if (law_kind_is_number(item->kind)) {
    law_mqtt_add_number(w, list, q->id, q->number);
  } else if (item->kind == LAW_KIND_PAIR) {
    law_mqtt_add_pair(w, list, q->key, q->text);
  } else {
    law_mqtt_add_text(w, list, q->id, q->text);
  }
}

/* Written one by one by the builders, they are the same list. */
static void check_written_again(const law_list *list) {
  static uint8_t room[4096];
  law_writer w = law_writer_of(room, sizeof room);
  law_list it = *list, again = {NULL, 0, 0};
  law_mqtt_property q;
  while (list->len <= sizeof room && law_mqtt_next_property(&it, &q)) {
    add_property(&w, &again, &q);
    FUZZ_REQUIRE(again.len == w.len && law_varint_size(again.len) <= 2);
  }
  if (list->len > 0 && list->len <= sizeof room) {
    FUZZ_REQUIRE(again.len == list->len && again.count == list->count);
    FUZZ_REQUIRE(memcmp(again.data, list->data, list->len) == 0);
  }
}

static void check_properties(const law_list *list, uint8_t scope) {
  check_written_again(list);
  law_list it = *list;
  law_mqtt_property q;
  uint32_t count = 0;
  uint64_t seen = 0;
  while (law_mqtt_next_property(&it, &q)) {
    check_property(&q, scope);
    seen |= UINT64_C(1) << q.id;
    if (count++ == 0) {
      check_found(list, &q);
    }
  }
  FUZZ_REQUIRE(count == list->count && it.len == 0);
  for (uint8_t id = 0; id <= LAW_MQTT_MAX_PROPERTY; id++) {
    FUZZ_REQUIRE(law_mqtt_property_of(list, id, &q) == ((seen >> id & 1) != 0));
  }
}

static void check_filters(const law_mqtt_message *m, bool with_options) {
  law_list it = m->u.filters;
  law_mqtt_filter f;
  uint32_t count = 0;
  while (law_mqtt_next_filter(&it, with_options, &f)) {
    FUZZ_REQUIRE(f.filter.len > 0);
    FUZZ_REQUIRE(m->version != LAW_MQTT_5 || law_mqtt_filter_valid(f.filter));
    FUZZ_REQUIRE(m->version == LAW_MQTT_31 || law_utf8_valid(f.filter));
    FUZZ_REQUIRE(m->version == LAW_MQTT_31 || (f.options & 3) < 3);
    count++;
  }
  FUZZ_REQUIRE(count == m->u.filters.count && it.len == 0);
}

static void check_reasons(const law_mqtt_message *m) {
  FUZZ_REQUIRE(m->u.reasons.count == m->u.reasons.len);
  for (uint32_t i = 0; i < m->u.reasons.len && m->version == LAW_MQTT_5; i++) {
    uint8_t reason = m->u.reasons.data[i];
    FUZZ_REQUIRE(law_mqtt_reason_allowed(law_mqtt_type_of(m), reason));
  }
}

static void check_publish(const law_mqtt_message *m) {
  law_bytes topic = m->u.publish.topic;
  FUZZ_REQUIRE(law_mqtt_qos(m) < 3);
  FUZZ_REQUIRE(law_mqtt_qos(m) == 0 || m->packet_id != 0);
  FUZZ_REQUIRE(topic.len > 0 ? law_mqtt_topic_name_valid(topic) : m->version == LAW_MQTT_5);
  FUZZ_REQUIRE(m->version == LAW_MQTT_31 || law_utf8_valid(topic));
}

static void check_connect(const law_mqtt_message *m) {
  if (m->version != LAW_MQTT_31) {
    FUZZ_REQUIRE(law_utf8_valid(m->u.connect.client_id));
    FUZZ_REQUIRE((m->u.connect.flags & 1) == 0 && law_mqtt_will_qos(m) < 3);
  }
  if ((m->u.connect.flags & LAW_MQTT_WILL) != 0) {
    FUZZ_REQUIRE(law_mqtt_topic_name_valid(m->u.connect.will_topic));
    if (m->version == LAW_MQTT_5) {
      check_properties(&m->u.connect.will_properties, 0);
    }
  }
}

void fuzz_check_mqtt_message(const fuzz_packet *p) {
  const law_mqtt_message *m = message_of(p);
  uint8_t type = p->wire.len > 0 ? p->wire.data[0] >> 4 : 0;
  FUZZ_REQUIRE(law_mqtt_type_name(type) != NULL);
  if (p->status != LAW_OK) {
    return;
  }
  FUZZ_REQUIRE(law_mqtt_type_of(m) == type);
  FUZZ_REQUIRE(law_mqtt_reason_name(type, m->version, p->wire.data[p->wire.len - 1]) != NULL);
  FUZZ_REQUIRE(strcmp(law_mqtt_type_name(type), p->type->name) == 0);
  if (m->version == LAW_MQTT_5 && type != LAW_MQTT_PINGREQ && type != LAW_MQTT_PINGRESP) {
    check_properties(&m->properties, type);
  }
  switch (type) {
    case LAW_MQTT_CONNECT:
      check_connect(m);
      break;
    case LAW_MQTT_PUBLISH:
      check_publish(m);
      break;
    case LAW_MQTT_SUBSCRIBE:
    case LAW_MQTT_UNSUBSCRIBE:
      check_filters(m, type == LAW_MQTT_SUBSCRIBE);
      break;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
      check_reasons(m);
      break;
    default:
      break;
  }
}

/* ---- built again ---- */

void fuzz_check_mqtt_build(const fuzz_packet *p) {
  static uint8_t built_wire[1 << 16], wire[1 << 16];
  law_mqtt_message built, decoded;
  if (!fuzz_build_again(p, &built)) {
    return;
  }
  memcpy(&decoded, p->message, sizeof decoded);
  /* An empty list at the end may be there or not, which names and values do not say. */
  built.present = decoded.present;
  built.version = decoded.version;
  size_t len = law_mqtt_encode(&decoded, wire, sizeof wire);
  FUZZ_REQUIRE(law_mqtt_encode(&built, built_wire, sizeof built_wire) == len);
  FUZZ_REQUIRE(len <= sizeof wire && memcmp(wire, built_wire, len) == 0);
}
