/* What the server makes of each packet. */
#include <stdlib.h>
#include <string.h>

#include "planted/server.h"

static void *copy(law_bytes bytes) {
  void *to = malloc(bytes.len + 1);
  if (to == NULL) {
    abort();
  }
  if (bytes.len > 0) {
    memcpy(to, bytes.data, bytes.len);
  }
  return to;
}

/* Nobody has it any more. */
static void lose(void *memory) {
  static void *volatile kept;
  kept = memory;
  (void)kept;
  kept = NULL;
}

void publish_will(client *c) {
  law_mqtt_message m;
  law_violation v;
  c->connected = false; /* it gets none of it */
  if (law_mqtt_decode(LAW_MQTT_5, law_bytes_of(c->will, c->will_len), &m, &v) == LAW_OK) {
    deliver(c, &m);
  }
}

/* ---- CONNECT ---- */

static bool same_name(const session *s, law_bytes name) {
  return s != NULL && s->name_len == name.len && memcmp(s->name, name.data, name.len) == 0;
}

static void take_over(client *c, law_bytes name) {
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    client *other = &clients[i];
    if (other != c && other->fd >= 0 && other->connected && same_name(other->session, name)) {
      refuse(other, 0x8e);
      if (planted == BUG_TAKEOVER_UAF) {
        free(other->session);
        other->closing = false; /* and what it still says is counted */
      }
    }
  }
}

/* All but Will Delay Interval, which ends with the session, and so at once. */
static void add_will_properties(law_writer *w, law_list *list, law_list it) {
  law_mqtt_property p;
  while (law_mqtt_next_property(&it, &p)) {
    if (p.id == LAW_MQTT_P_WILL_DELAY_INTERVAL) {
      continue;
    }
    if (p.id == LAW_MQTT_P_USER_PROPERTY) {
      law_mqtt_add_pair(w, list, p.key, p.text);
    } else if (p.id == LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR ||
               p.id == LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL) {
      law_mqtt_add_number(w, list, p.id, p.number);
    } else {
      law_mqtt_add_text(w, list, p.id, p.text);
    }
  }
}

static void keep_will(client *c, const law_mqtt_message *connect) {
  static uint8_t room[MAX_PACKET];
  law_writer w = law_writer_of(room, sizeof room);
  law_mqtt_message m;
  law_mqtt_property content;
  memset(&m, 0, sizeof m);
  m.first = (uint8_t)(LAW_MQTT_PUBLISH << 4 | law_mqtt_will_qos(connect) << 1);
  m.version = LAW_MQTT_5;
  m.packet_id = 1; /* another one when it is sent */
  m.properties.data = room;
  add_will_properties(&w, &m.properties, connect->u.connect.will_properties);
  m.u.publish.topic = connect->u.connect.will_topic;
  m.u.publish.payload = connect->u.connect.will_payload;
  size_t cap = m.properties.len + m.u.publish.topic.len + m.u.publish.payload.len + 16;
  c->will = malloc(cap);
  c->will_len = c->will != NULL ? law_mqtt_encode(&m, c->will, cap) : 0;
  if (planted == BUG_WILL_LEAK &&
      law_mqtt_property_of(&connect->u.connect.will_properties, LAW_MQTT_P_CONTENT_TYPE, &content)) {
    lose(copy(content.text));
  }
}

static size_t assign_name(client *c, law_bytes name) {
  static uint32_t num;
  if (name.len > 0) {
    c->session->name_len = name.len;
    memcpy(c->session->name, name.data, name.len);
    return 0;
  }
  for (uint32_t n = ++num; n > 0; n /= 10) {
    c->session->name[c->session->name_len++] = (char)('0' + n % 10);
  }
  return c->session->name_len;
}

static void send_connack(client *c, size_t assigned) {
  static const uint8_t limits[] = {0x25, 0, 0x27, 0, 1, 0, 0, 0x29, 0, 0x2a, 0, 0x11, 0, 0, 0, 0};
  uint8_t out[64] = {0x20, 0, 0, 0};
  size_t len = 5;
  memcpy(out + len, limits, sizeof limits);
  len += sizeof limits;
  if (assigned > 0) {
    out[len++] = 0x12;
    out[len++] = 0;
    out[len++] = (uint8_t)assigned;
    memcpy(out + len, c->session->name, assigned);
    len += assigned;
  }
  out[1] = (uint8_t)(len - 2);
  out[4] = (uint8_t)(len - 5);
  send_bytes(c, out, len);
  c->closing = len > c->packet_max;
}

static bool refuses_connect(client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  if (c->connected || m->version != LAW_MQTT_5) {
    refuse(c, c->connected ? 0x82 : 0x84);
  } else if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_AUTHENTICATION_METHOD, &p)) {
    refuse(c, 0x8c);
  } else if (m->u.connect.client_id.len >= NAME) {
    refuse(c, 0x85);
  } else if ((m->u.connect.flags & (LAW_MQTT_WILL | LAW_MQTT_WILL_RETAIN)) ==
             (LAW_MQTT_WILL | LAW_MQTT_WILL_RETAIN)) {
    refuse(c, 0x9a);
  }
  return c->closing;
}

static void take_connect(client *c, const law_mqtt_message *m) {
  if (!c->connected && m->version == LAW_MQTT_5) {
    c->packet_max =
        law_mqtt_property_number(&m->properties, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, UINT32_MAX);
  }
  if (refuses_connect(c, m)) {
    return;
  }
  take_over(c, m->u.connect.client_id);
  c->session = calloc(1, sizeof *c->session);
  if (c->session == NULL) {
    abort();
  }
  c->receive_max =
      (uint16_t)law_mqtt_property_number(&m->properties, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
  size_t assigned = assign_name(c, m->u.connect.client_id);
  if ((m->u.connect.flags & LAW_MQTT_WILL) != 0) {
    keep_will(c, m);
  }
  send_connack(c, assigned);
  c->connected = true;
}

/* ---- PUBLISH ---- */

static bool is_pending(const client *c, uint16_t id) {
  const pending *p = c->pending;
  while (p != NULL && p->id != id) {
    p = p->next;
  }
  return p != NULL;
}

static void add_pending(client *c, const law_mqtt_message *m) {
  pending *p = calloc(1, sizeof *p);
  if (p == NULL) {
    abort();
  }
  p->id = m->packet_id;
  p->next = c->pending;
  if (planted == BUG_QOS2_GROWTH) {
    p->payload = copy(m->u.publish.payload);
  }
  c->pending = p;
}

static bool drop_pending(client *c, uint16_t id) {
  bool found = false;
  for (pending **p = &c->pending; *p != NULL;) {
    pending *one = *p;
    if (one->id == id) {
      *p = one->next;
      free(one->payload);
      free(one);
      found = true;
    } else {
      p = &one->next;
    }
  }
  return found;
}

static void take_qos2(client *c, const law_mqtt_message *m) {
  bool again = is_pending(c, m->packet_id);
  if (!again || planted == BUG_QOS2_GROWTH) {
    add_pending(c, m);
  }
  send_ack(c, LAW_MQTT_PUBREC, m->packet_id, 0);
  if (!again || planted == BUG_QOS2_TWICE) {
    deliver(c, m);
  }
}

static void take_publish(client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, &p)) {
    refuse(c, 0x94);
  } else if (m->u.publish.topic.len == 0 ||
             law_mqtt_property_of(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p)) {
    refuse(c, 0x82);
  } else if (law_mqtt_retain(m)) {
    refuse(c, 0x9a);
  } else if (law_mqtt_qos(m) == 2) {
    take_qos2(c, m);
  } else {
    if (law_mqtt_qos(m) == 1) {
      send_ack(c, LAW_MQTT_PUBACK, m->packet_id, 0);
    }
    deliver(c, m);
  }
}

/* Acknowledgements of our own messages; those that nobody waits for are passed over. */
static void take_ack(client *c, const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m);
  uint16_t id = m->packet_id;
  uint8_t *bits = type == LAW_MQTT_PUBCOMP ? c->released : c->sent;
  if (type == LAW_MQTT_PUBREL) {
    send_ack(c, LAW_MQTT_PUBCOMP, id, drop_pending(c, id) ? 0 : 0x92);
  } else if (get_bit(bits, id)) {
    bool goes_on = type == LAW_MQTT_PUBREC && m->reason < 0x80;
    set_bit(bits, id, false);
    set_bit(c->released, id, goes_on);
    if (goes_on) {
      send_ack(c, LAW_MQTT_PUBREL, id, 0);
    } else {
      c->in_flight--;
    }
  } else if (type == LAW_MQTT_PUBREC && m->reason < 0x80) {
    send_ack(c, LAW_MQTT_PUBREL, id, 0x92);
  }
}

/* ---- SUBSCRIBE, UNSUBSCRIBE ---- */

static subscription *find(client *c, law_bytes filter) {
  for (size_t i = 0; i < c->num_subscriptions; i++) {
    subscription *s = &c->subscriptions[i];
    if (s->len == filter.len && memcmp(s->filter, filter.data, filter.len) == 0) {
      return s;
    }
  }
  return NULL;
}

static uint8_t subscribe(client *c, const law_mqtt_filter *f) {
  law_bytes group, inner;
  subscription *s = find(c, f->filter);
  bool wild = memchr(f->filter.data, '+', f->filter.len) != NULL;
  if (law_mqtt_shared(f->filter, &group, &inner)) {
    return 0x9e;
  }
  if (s == NULL && c->num_subscriptions == MAX_SUBSCRIPTIONS) {
    return 0x97;
  }
  if (s == NULL) {
    s = &c->subscriptions[c->num_subscriptions++];
    s->filter = copy(f->filter);
    s->len = f->filter.len;
  }
  s->options = f->options;
  return planted == BUG_WRONG_REASON && wild ? 3 : f->options & 3;
}

static uint8_t unsubscribe(client *c, const law_mqtt_filter *f) {
  subscription *s = find(c, f->filter);
  if (s == NULL) {
    return 0x11;
  }
  free(s->filter);
  *s = c->subscriptions[--c->num_subscriptions];
  return 0;
}

static void take_filters(client *c, const law_mqtt_message *m) {
  bool asks = law_mqtt_type_of(m) == LAW_MQTT_SUBSCRIBE;
  law_mqtt_property p;
  law_mqtt_message answer;
  law_list it = m->u.filters;
  law_mqtt_filter f;
  if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, &p)) {
    refuse(c, 0xa1);
    return;
  }
  uint8_t *reasons = malloc(m->u.filters.count), *out = malloc(m->u.filters.count + 16);
  if (reasons == NULL || out == NULL) {
    abort();
  }
  for (uint32_t i = 0; law_mqtt_next_filter(&it, asks, &f); i++) {
    reasons[i] = asks ? subscribe(c, &f) : unsubscribe(c, &f);
  }
  memset(&answer, 0, sizeof answer);
  answer.first = (uint8_t)((asks ? LAW_MQTT_SUBACK : LAW_MQTT_UNSUBACK) << 4);
  answer.version = LAW_MQTT_5;
  answer.packet_id = m->packet_id;
  answer.u.reasons = (law_list){reasons, m->u.filters.count, m->u.filters.count};
  send_bytes(c, out, law_mqtt_encode(&answer, out, m->u.filters.count + 16));
  free(reasons);
  free(out);
}

/* ---- any ---- */

static void take_disconnect(client *c, const law_mqtt_message *m) {
  law_mqtt_property p;
  if (law_mqtt_property_of(&m->properties, LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, &p) && p.number > 0) {
    refuse(c, 0x82); /* 3.14.2.2.2: it was 0 */
    return;
  }
  if (m->reason != 4) {
    free(c->will);
    c->will = NULL;
  }
  c->closing = true;
}

static void take_message(client *c, const law_mqtt_message *m) {
  static const uint8_t pingresp[] = {0xd0, 0};
  switch (law_mqtt_type_of(m)) {
    case LAW_MQTT_CONNECT:
      take_connect(c, m);
      break;
    case LAW_MQTT_PUBLISH:
      take_publish(c, m);
      break;
    case LAW_MQTT_PUBACK:
    case LAW_MQTT_PUBREC:
    case LAW_MQTT_PUBREL:
    case LAW_MQTT_PUBCOMP:
      take_ack(c, m);
      break;
    case LAW_MQTT_SUBSCRIBE:
    case LAW_MQTT_UNSUBSCRIBE:
      take_filters(c, m);
      break;
    case LAW_MQTT_PINGREQ:
      send_bytes(c, pingresp, sizeof pingresp);
      break;
    case LAW_MQTT_DISCONNECT:
      take_disconnect(c, m);
      break;
    default:
      refuse(c, 0x82);
      break;
  }
}

void take_packet(client *c, law_bytes wire) {
  law_mqtt_message m;
  law_violation v;
  uint8_t type = wire.data[0] >> 4;
  if (!c->connected && type != LAW_MQTT_CONNECT) {
    if (spoil(c, wire)) {
      c->closing = true;
    }
    return;
  }
  if (!spoil(c, wire)) {
    return;
  }
  if (c->session != NULL) {
    c->session->num_used++;
  }
  if (law_mqtt_decode(LAW_MQTT_5, wire, &m, &v) != LAW_OK) {
    if (planted == BUG_BAD_LEAK) {
      lose(malloc(24));
    }
    refuse(c, v.status == LAW_MALFORMED ? 0x81 : 0x82);
    return;
  }
  take_message(c, &m);
}
