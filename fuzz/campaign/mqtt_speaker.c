#include <string.h>

#include "campaign/mqtt_internal.h"
#include "monitors/mqtt/mqtt.h"
#include "mutators/random.h"

static law_bytes text(const char *s) { return law_bytes_of(s, strlen(s)); }

static size_t open_plain(const law_persona *p, uint8_t *out, size_t cap) {
  law_mqtt_opening o = {.id = text(p->name)};
  return law_mqtt_write_connect(p, &o, out, cap);
}

static void read_limits(const law_mqtt_message *m, law_limits *out) {
  const law_list *list = &m->properties;
  bool is_5 = m->version == LAW_MQTT_5;
  *out = (law_limits){.window = 64, .maximum_qos = 2};
  if (!is_5) {
    return;
  }
  out->message_size = law_mqtt_property_number(list, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, 0);
  out->window = law_mqtt_property_number(list, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
  out->aliases = law_mqtt_property_number(list, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, 0);
  out->maximum_qos = (uint8_t)law_mqtt_property_number(list, LAW_MQTT_P_MAXIMUM_QOS, 2);
  out->no_retain = law_mqtt_property_number(list, LAW_MQTT_P_RETAIN_AVAILABLE, 1) == 0;
  out->no_wildcard =
      law_mqtt_property_number(list, LAW_MQTT_P_WILDCARD_SUBSCRIPTION_AVAILABLE, 1) == 0;
  out->no_shared = law_mqtt_property_number(list, LAW_MQTT_P_SHARED_SUBSCRIPTION_AVAILABLE, 1) == 0;
  out->no_identifier =
      law_mqtt_property_number(list, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER_AVAILABLE, 1) == 0;
}

static int opened(const void *message, law_limits *out) {
  const law_mqtt_message *m = message;
  if (law_mqtt_type_of(m) != LAW_MQTT_CONNACK) {
    return 0;
  }
  read_limits(m, out);
  return m->reason == 0 ? 1 : -1;
}

/* An alias of the connection's is not known here, so that a message that leans on one may end it. */
static bool keeps_publish(const law_limits *l, const law_mqtt_message *m, uint32_t *used) {
  uint8_t qos = law_mqtt_qos(m);
  if (qos > l->maximum_qos || (law_mqtt_retain(m) && l->no_retain) || m->u.publish.topic.len == 0 ||
      m->u.publish.topic.data[0] == '$') {
    return false;
  }
  if (m->version == LAW_MQTT_5 &&
      law_mqtt_property_number(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, 0) > l->aliases) {
    return false;
  }
  if (m->version == LAW_MQTT_5 && m->properties.count > 0) {
    law_mqtt_property p;
    if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p)) {
      return false; /* only a server sends it */
    }
  }
  *used += qos > 0;
  return qos == 0 || *used <= l->window;
}

static bool has_wildcard(law_bytes filter) {
  return memchr(filter.data, '#', filter.len) != NULL || memchr(filter.data, '+', filter.len) != NULL;
}

static bool keeps_subscribe(const law_limits *l, const law_mqtt_message *m) {
  law_list it = m->u.filters;
  law_mqtt_filter f;
  law_mqtt_property p;
  bool shared = false;
  while (law_mqtt_next_filter(&it, true, &f)) {
    law_bytes group, inner;
    shared = shared || law_mqtt_shared(f.filter, &group, &inner);
    if (f.filter.len == 0 || (l->no_wildcard && has_wildcard(f.filter))) {
      return false;
    }
  }
  bool named = m->version == LAW_MQTT_5 &&
               law_mqtt_property_of(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p);
  return !(shared && l->no_shared) && !(named && l->no_identifier);
}

/* Text that a receiver may refuse though it is well-formed (1.5.4 of 5.0, 1.5.3 of 3.1.1): control
 * characters and noncharacters. */
static bool is_discouraged(law_bytes t) {
  for (size_t i = 0; i < t.len; i++) {
    uint8_t a = t.data[i], b = i + 1 < t.len ? t.data[i + 1] : 0, c = i + 2 < t.len ? t.data[i + 2] : 0;
    bool last = a == 0xbf && (b == 0xbe || b == 0xbf); /* U+xFFFE and U+xFFFF */
    bool arabic = a == 0xef && b == 0xb7 && c >= 0x90; /* U+FDD0 and those behind it */
    if (a < 0x20 || a == 0x7f || (a == 0xc2 && b < 0xa0) || last || arabic) {
      return true;
    }
  }
  return false;
}

/* Nor need a receiver bear a property twice, though that is not always forbidden. */
static bool has_discouraged_property(const law_mqtt_message *m) {
  law_list it = m->properties;
  law_mqtt_property p;
  uint64_t seen = 0;
  while (m->version == LAW_MQTT_5 && law_mqtt_next_property(&it, &p)) {
    bool binary = p.id == LAW_MQTT_P_CORRELATION_DATA || p.id == LAW_MQTT_P_AUTHENTICATION_DATA;
    bool again = p.id != LAW_MQTT_P_USER_PROPERTY && (seen >> p.id % 64 & 1) != 0;
    if (again || (!binary && (is_discouraged(p.key) || is_discouraged(p.text)))) {
      return true;
    }
    seen |= UINT64_C(1) << p.id % 64;
  }
  return false;
}

static bool has_discouraged_text(const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m);
  law_list it = m->u.filters;
  law_mqtt_filter f;
  if (type == LAW_MQTT_PUBLISH) {
    return is_discouraged(m->u.publish.topic);
  }
  while ((type == LAW_MQTT_SUBSCRIBE || type == LAW_MQTT_UNSUBSCRIBE) &&
         law_mqtt_next_filter(&it, type == LAW_MQTT_SUBSCRIBE, &f)) {
    if (is_discouraged(f.filter)) {
      return true;
    }
  }
  return false;
}

static bool keeps(const law_limits *l, const void *message, uint32_t *used) {
  const law_mqtt_message *m = message;
  if (law_mqtt_type_of(m) != LAW_MQTT_PINGREQ &&
      (has_discouraged_text(m) || has_discouraged_property(m))) {
    return false;
  }
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
      return keeps_publish(l, m, used);
    case LAW_MQTT_SUBSCRIBE:
      return keeps_subscribe(l, m);
    case LAW_MQTT_UNSUBSCRIBE:
    case LAW_MQTT_PINGREQ:
    case LAW_MQTT_PUBREL:
      return true;
    default:
      return false;
  }
}

static bool lasts(const void *message) {
  const law_mqtt_message *m = message;
  if (law_mqtt_type_of(m) != LAW_MQTT_CONNECT) {
    return false;
  }
  bool clean = (m->u.connect.flags & LAW_MQTT_CLEAN_START) != 0;
  bool expires = m->version == LAW_MQTT_5 &&
                 law_mqtt_property_number(&m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, 0) == 0;
  bool delayed = m->version == LAW_MQTT_5 && (m->u.connect.flags & LAW_MQTT_WILL) != 0 &&
                 law_mqtt_property_number(&m->u.connect.will_properties,
                                          LAW_MQTT_P_WILL_DELAY_INTERVAL, 0) != 0;
  return delayed || !(m->version == LAW_MQTT_5 ? expires : clean);
}

static size_t reply(const void *message, uint8_t *out, size_t cap) {
  const law_mqtt_message *m = message;
  uint8_t type = 0;
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
      type = law_mqtt_qos(m) == 1 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC;
      if (law_mqtt_qos(m) == 0) {
        return 0;
      }
      break;
    case LAW_MQTT_PUBREC:
      type = m->version == LAW_MQTT_5 && m->reason >= 0x80 ? 0 : LAW_MQTT_PUBREL;
      break;
    case LAW_MQTT_PUBREL:
      type = LAW_MQTT_PUBCOMP;
      break;
    default:
      break;
  }
  return type != 0 ? law_mqtt_write_ack(m->version, type, m->packet_id, 0, 0, out, cap) : 0;
}

/* ---- the canary ---- */

static law_bytes own_topic(const law_persona *p) { return text(p->name); }

static size_t subscribe(const law_persona *p, uint8_t *out, size_t cap) {
  return law_mqtt_write_subscribe(law_mqtt_version_of(p->variant), own_topic(p), 1, 1, 0, out, cap);
}

static size_t publish(const law_persona *p, uint32_t number, uint8_t *out, size_t cap) {
  uint8_t payload[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                        (uint8_t)number};
  uint16_t id = (uint16_t)(2 + number % 60000);
  return law_mqtt_write_publish(law_mqtt_version_of(p->variant), own_topic(p),
                                law_bytes_of(payload, sizeof payload), 2, id, false, out, cap);
}

static bool delivers(const void *message, uint32_t *out_number) {
  const law_mqtt_message *m = message;
  if (law_mqtt_type_of(m) != LAW_MQTT_PUBLISH || m->u.publish.payload.len != 4) {
    return false;
  }
  *out_number = law_load_u32(m->u.publish.payload.data);
  return true;
}

/* ---- to a client ---- */

static size_t serve(const law_persona *p, const void *message, uint8_t *out, size_t cap) {
  const law_mqtt_message *m = message;
  (void)p;
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_CONNECT:
      return law_mqtt_write_connack(m->version, 0, 0, out, cap);
    case LAW_MQTT_SUBSCRIBE:
      return law_mqtt_write_ack(m->version, LAW_MQTT_SUBACK, m->packet_id, 0, m->u.filters.count,
                                out, cap);
    case LAW_MQTT_UNSUBSCRIBE:
      return law_mqtt_write_ack(m->version, LAW_MQTT_UNSUBACK, m->packet_id, 0, m->u.filters.count,
                                out, cap);
    case LAW_MQTT_PINGREQ:
      return law_mqtt_write_plain(m->version, LAW_MQTT_PINGRESP, out, cap);
    default:
      return reply(message, out, cap);
  }
}

static size_t volunteer(const law_persona *p, uint64_t *random, uint8_t *out, size_t cap) {
  uint8_t version = law_mqtt_version_of(p->variant), qos = (uint8_t)law_random_below(random, 3);
  uint16_t id = (uint16_t)(1 + law_random_below(random, 3));
  switch (law_random_below(random, 4)) {
    case 0:
      return law_mqtt_write_ack(version, (uint8_t)(LAW_MQTT_PUBACK + law_random_below(random, 4)), id,
                                0, 0, out, cap);
    case 1:
      return law_mqtt_write_ack(version, law_random_below(random, 2) ? LAW_MQTT_SUBACK
                                                                     : LAW_MQTT_UNSUBACK,
                                id, 0, law_random_below(random, 3), out, cap);
    default:
      return law_mqtt_write_publish(version, text("law/t"), text("hello"), (uint8_t)(qos << 1),
                                    qos > 0 ? id : 0, law_random_below(random, 2), out, cap);
  }
}

static bool carries(uint32_t code, bool from_us) {
  return code == LAW_MQTT_PUBLISH || (from_us && code == LAW_MQTT_CONNECT); /* a will */
}

static uint32_t reason(const void *message) {
  const law_mqtt_message *m = message;
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_PUBLISH:
      return m->first & 15;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
      return m->u.reasons.count > 0 && m->u.reasons.len > 0 ? m->u.reasons.data[0] : 0x100;
    case LAW_MQTT_CONNECT:
    case LAW_MQTT_SUBSCRIBE:
    case LAW_MQTT_UNSUBSCRIBE:
    case LAW_MQTT_PINGREQ:
    case LAW_MQTT_PINGRESP:
      return 0;
    default:
      return m->reason;
  }
}

static const uint8_t pingreq[] = {0xc0, 0};

const law_speaker law_mqtt_speaker = {
    .protocol = &law_mqtt,
    .ping = {pingreq, sizeof pingreq},
    .ping_code = LAW_MQTT_PINGREQ,
    .pong_code = LAW_MQTT_PINGRESP,
    .open = open_plain,
    .opened = opened,
    .keeps = keeps,
    .lasts = lasts,
    .reply = reply,
    .walk = law_mqtt_walk,
    .subscribe = subscribe,
    .publish = publish,
    .delivers = delivers,
    .serve = serve,
    .volunteer = volunteer,
    .carries = carries,
    .reason = reason,
};

const law_speaker *law_speaker_of(const char *variant) {
  static const law_speaker *const all[] = {&law_mqtt_speaker};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    for (const char *const *v = all[i]->protocol->variants; *v != NULL; v++) {
      if (strcmp(*v, variant) == 0) {
        return all[i];
      }
    }
  }
  return NULL;
}
