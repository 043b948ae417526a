#include "peers/broker/records.h"

#include <stdlib.h>
#include <time.h>

#include "core/writer.h"
#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/session.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/topics.h"
#include "peers/broker/will.h"

enum record_type {
  SESSION = 1,
  SESSION_END,
  SUBSCRIPTION,
  UNSUBSCRIBED,
  MESSAGE,
  DELIVERY,
  DELIVERED,
  INCOMING,
  RETAINED,
};

enum { BROKEN = 1 }; /* the one rule of this reader */

uint64_t law_wall_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * LAW_SECOND + (uint64_t)t.tv_nsec;
}

/* ---- Writing ---- */

static void put(law_buffer *out, uint64_t value, size_t size) {
  uint8_t *at = law_buffer_reserve(out, size);
  for (size_t i = 0; i < size; i++) {
    at[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
  }
  out->len += size;
}

static void put_bytes(law_buffer *out, law_bytes bytes) {
  put(out, bytes.len, 4);
  law_buffer_add(out, bytes);
}

static void begin(law_buffer *out, enum record_type type, law_bytes name) {
  put(out, type, 1);
  put_bytes(out, name);
}

/* Monotonic to wall clock, and back. */
static uint64_t to_wall(const law_broker *b, uint64_t mono) {
  return law_wall_clock() - (b->now - mono);
}

static uint64_t from_wall(const law_broker *b, uint64_t wall) {
  uint64_t ago = law_wall_clock() - wall;
  return ago < b->now ? b->now - ago : 0;
}

static void put_message(law_buffer *out, const law_broker *b, const law_message *m) {
  put_bytes(out, m->topic);
  put_bytes(out, m->payload);
  put_bytes(out, m->publisher);
  put(out, m->properties.count, 4);
  put_bytes(out, law_bytes_of(m->properties.data, m->properties.len));
  put(out, m->qos, 1);
  put(out, m->retain, 1);
  put(out, m->expires, 1);
  put(out, m->expiry, 4);
  put(out, to_wall(b, m->arrived), 8);
}

void law_record_session(law_buffer *out, const law_session *s) {
  begin(out, SESSION, s->client_id);
  put(out, s->version, 1);
  put(out, s->expiry, 4);
  put(out, s->conn == NULL ? to_wall(s->broker, s->closed) : 0, 8);
  put(out, s->will != NULL, 1);
  if (s->will != NULL) {
    put(out, s->will->delay, 4);
    put_message(out, s->broker, s->will->message);
  }
}

void law_record_session_end(law_buffer *out, law_bytes client_id) {
  begin(out, SESSION_END, client_id);
}

void law_record_subscription(law_buffer *out, const law_subscription *sub) {
  begin(out, SUBSCRIPTION, sub->session->client_id);
  put_bytes(out, sub->filter);
  put(out, sub->options, 1);
  put(out, sub->identifier, 4);
}

void law_record_unsubscribed(law_buffer *out, law_bytes client_id, law_bytes filter) {
  begin(out, UNSUBSCRIBED, client_id);
  put_bytes(out, filter);
}

void law_record_message(law_buffer *out, const law_broker *b, const law_message *m) {
  begin(out, MESSAGE, law_bytes_of(NULL, 0));
  put(out, m->number, 8);
  put_message(out, b, m);
}

void law_record_delivery(law_buffer *out, law_bytes client_id, const law_delivery *d) {
  begin(out, DELIVERY, client_id);
  put(out, d->number, 8);
  put(out, d->message != NULL ? d->message->number : 0, 8);
  put(out, d->state, 1);
  put(out, d->packet_id, 2);
  put(out, d->qos, 1);
  put(out, d->retain, 1);
  put_bytes(out, d->share);
  put(out, d->num_ids, 4);
  for (uint32_t i = 0; i < d->num_ids; i++) {
    put(out, d->ids[i], 4);
  }
}

void law_record_delivered(law_buffer *out, law_bytes client_id, uint64_t number) {
  begin(out, DELIVERED, client_id);
  put(out, number, 8);
}

void law_record_incoming(law_buffer *out, law_bytes client_id, uint16_t packet_id, bool held) {
  begin(out, INCOMING, client_id);
  put(out, packet_id, 2);
  put(out, held, 1);
}

void law_record_retained(law_buffer *out, law_bytes topic, uint64_t message) {
  begin(out, RETAINED, topic);
  put(out, message, 8);
}

/* ---- Reading ---- */

static uint64_t get_u64(law_cursor *c) {
  uint64_t high = law_cursor_u32(c, BROKEN);
  return (high << 32) | law_cursor_u32(c, BROKEN);
}

static law_bytes get_bytes(law_cursor *c) {
  uint32_t len = law_cursor_u32(c, BROKEN);
  return law_cursor_bytes(c, len, BROKEN);
}

static law_message *get_message(law_replay *r, law_cursor *c) {
  law_message_parts parts = {0};
  parts.topic = get_bytes(c);
  parts.payload = get_bytes(c);
  parts.publisher = get_bytes(c);
  uint32_t count = law_cursor_u32(c, BROKEN);
  law_bytes properties = get_bytes(c);
  parts.properties = (law_list){properties.data, (uint32_t)properties.len, count};
  parts.qos = law_cursor_u8(c, BROKEN);
  parts.retain = law_cursor_u8(c, BROKEN) != 0;
  bool expires = law_cursor_u8(c, BROKEN) != 0;
  uint32_t expiry = law_cursor_u32(c, BROKEN);
  uint64_t arrived = get_u64(c);
  if (!law_cursor_ok(c)) {
    return NULL;
  }
  law_message *m = law_message_new(r->broker, &parts);
  m->expires = expires;
  m->expiry = expiry;
  m->arrived = from_wall(r->broker, arrived);
  return m;
}

static law_session *session_of(law_replay *r, law_bytes client_id) {
  law_session *s = law_session_find(r->broker, client_id);
  return s != NULL ? s : law_session_new(r->broker, client_id, LAW_MQTT_5);
}

static bool read_session(law_replay *r, law_bytes client_id, law_cursor *c) {
  law_session *s = session_of(r, client_id);
  s->version = law_cursor_u8(c, BROKEN);
  s->expiry = law_cursor_u32(c, BROKEN);
  uint64_t closed = get_u64(c);
  law_will_drop(s);
  if (closed != 0) {
    s->closed = from_wall(r->broker, closed);
    law_map_set(&r->closed, client_id, s);
  } else {
    law_map_remove(&r->closed, client_id);
  }
  if (law_cursor_u8(c, BROKEN) != 0) {
    uint32_t delay = law_cursor_u32(c, BROKEN);
    law_message *m = get_message(r, c);
    if (m != NULL) {
      s->will = law_alloc(sizeof *s->will);
      *s->will = (law_will){m, delay};
    }
  }
  return law_cursor_ok(c);
}

static bool read_session_end(law_replay *r, law_bytes client_id) {
  law_session *s = law_session_find(r->broker, client_id);
  if (s == NULL) {
    return true;
  }
  LAW_RING_EACH(&s->queue, n) {
    law_map_remove_number(&r->deliveries, LAW_OWNER(n, law_delivery, node)->number);
  }
  LAW_RING_EACH(&s->in_flight, m) {
    law_map_remove_number(&r->deliveries, LAW_OWNER(m, law_delivery, node)->number);
  }
  law_map_remove(&r->closed, client_id);
  law_session_free(s);
  return true;
}

static bool read_subscription(law_replay *r, law_bytes client_id, law_cursor *c) {
  bool is_new;
  law_bytes filter = get_bytes(c);
  uint8_t options = law_cursor_u8(c, BROKEN);
  uint32_t identifier = law_cursor_u32(c, BROKEN);
  if (law_cursor_ok(c)) {
    law_subscribe(session_of(r, client_id), filter, options, identifier, &is_new);
  }
  return law_cursor_ok(c);
}

static bool read_unsubscribed(law_replay *r, law_bytes client_id, law_cursor *c) {
  law_subscription *sub = law_subscription_find(session_of(r, client_id), get_bytes(c));
  if (sub != NULL && law_cursor_ok(c)) {
    law_unsubscribe(sub);
  }
  return law_cursor_ok(c);
}

static bool read_message(law_replay *r, law_cursor *c) {
  uint64_t number = get_u64(c);
  law_message *m = get_message(r, c);
  if (m == NULL) {
    return false;
  }
  law_message_drop(r->broker, law_map_set_number(&r->messages, number, m));
  return true;
}

/* The state a record gives; the message is forgotten once PUBREL was sent. */
static void place(law_session *s, law_delivery *d, uint8_t state) {
  if (law_node_linked(&d->node)) {
    law_ring_remove(d->state == LAW_QUEUED ? &s->queue : &s->in_flight, &d->node);
  }
  d->state = state == LAW_QUEUED ? LAW_QUEUED : state == LAW_SENT ? LAW_SENT : LAW_RELEASED;
  d->sent = d->state != LAW_QUEUED;
  law_ring_append(d->state == LAW_QUEUED ? &s->queue : &s->in_flight, &d->node);
  if (d->packet_id != 0) {
    law_map_set_number(&s->in_flight_by_id, d->packet_id, d);
  }
  if (d->state == LAW_RELEASED) {
    law_message_drop(s->broker, d->message);
    d->message = NULL;
  }
}

static law_delivery *delivery_of(law_replay *r, law_session *s, uint64_t number, uint64_t message,
                                 uint8_t qos) {
  law_delivery *d = law_map_get_number(&r->deliveries, number);
  law_message *m = law_map_get_number(&r->messages, message);
  if (d == NULL && m != NULL) {
    d = law_delivery_new(s, m, qos);
    law_map_set_number(&r->deliveries, number, d);
  } else if (d == NULL) {
    d = law_alloc(sizeof *d); /* released: only its identifier is left */
    r->broker->memory += sizeof *d;
    d->qos = qos;
    d->number = ++r->broker->num_deliveries;
    law_map_set_number(&r->deliveries, number, d);
  }
  return d;
}

static bool read_delivery(law_replay *r, law_bytes client_id, law_cursor *c) {
  law_session *s = session_of(r, client_id);
  uint64_t number = get_u64(c), message = get_u64(c);
  uint8_t state = law_cursor_u8(c, BROKEN);
  uint16_t packet_id = law_cursor_u16(c, BROKEN);
  uint8_t qos = law_cursor_u8(c, BROKEN);
  bool retain = law_cursor_u8(c, BROKEN) != 0;
  law_bytes share = get_bytes(c);
  uint32_t num_ids = law_cursor_u32(c, BROKEN);
  bool whole = law_map_get_number(&r->messages, message) != NULL || state == LAW_RELEASED;
  if (!law_cursor_ok(c) || !whole || law_cursor_left(c) < (size_t)num_ids * 4) {
    return false;
  }
  bool is_new = law_map_get_number(&r->deliveries, number) == NULL;
  law_delivery *d = delivery_of(r, s, number, message, qos);
  d->packet_id = packet_id;
  d->retain = retain;
  if (is_new && share.len > 0) {
    d->share = law_copy_bytes(share);
  }
  for (uint32_t i = 0; i < num_ids && is_new; i++) {
    law_delivery_add_id(d, law_cursor_u32(c, BROKEN));
  }
  place(s, d, state);
  return true;
}

static bool read_delivered(law_replay *r, law_bytes client_id, law_cursor *c) {
  law_delivery *d = law_map_remove_number(&r->deliveries, get_u64(c));
  law_session *s = law_session_find(r->broker, client_id);
  if (d != NULL && s != NULL) {
    law_delivery_free(s, d);
  }
  return law_cursor_ok(c);
}

static bool read_incoming(law_replay *r, law_bytes client_id, law_cursor *c) {
  law_session *s = session_of(r, client_id);
  uint16_t id = law_cursor_u16(c, BROKEN);
  if (law_cursor_u8(c, BROKEN) != 0) {
    law_map_set_number(&s->incoming, id, s);
  } else {
    law_map_remove_number(&s->incoming, id);
  }
  return law_cursor_ok(c);
}

static bool read_retained(law_replay *r, law_bytes topic, law_cursor *c) {
  law_broker *b = r->broker;
  law_message *m = law_map_get_number(&r->messages, get_u64(c));
  law_topic_node *node = m != NULL ? law_topics_make(b, topic) : law_topics_find(b, topic);
  if (node != NULL) {
    law_topics_retain(b, node, m != NULL ? law_message_hold(m) : NULL);
  }
  return law_cursor_ok(c);
}

bool law_replay_record(law_replay *r, law_bytes record) {
  law_cursor c = law_cursor_of(record);
  uint8_t type = law_cursor_u8(&c, BROKEN);
  law_bytes name = get_bytes(&c);
  if (!law_cursor_ok(&c)) {
    return false;
  }
  switch (type) {
    case SESSION:
      return read_session(r, name, &c);
    case SESSION_END:
      return read_session_end(r, name);
    case SUBSCRIPTION:
      return read_subscription(r, name, &c);
    case UNSUBSCRIBED:
      return read_unsubscribed(r, name, &c);
    case MESSAGE:
      return read_message(r, &c);
    case DELIVERY:
      return read_delivery(r, name, &c);
    case DELIVERED:
      return read_delivered(r, name, &c);
    case INCOMING:
      return read_incoming(r, name, &c);
    case RETAINED:
      return read_retained(r, name, &c);
    default:
      return false;
  }
}

/* A connection that was open when the server went down ended then. */
static void close_session(law_replay *r, law_session *s) {
  law_broker *b = r->broker;
  if (law_map_get(&r->closed, s->client_id) == NULL || s->expiry == 0) {
    law_session_left(s);
    return;
  }
  law_will_start(s);
  if (s->expiry != LAW_NEVER) {
    law_alarm_set(&b->timers, &s->expire, s->closed + s->expiry * LAW_SECOND);
  }
}

void law_replay_end(law_replay *r) {
  law_map_walk walk = {0};
  for (law_map_entry *e; (e = law_map_next(&r->broker->sessions, &walk)) != NULL;) {
    close_session(r, e->value);
  }
  law_map_walk messages = {0};
  for (law_map_entry *e; (e = law_map_next(&r->messages, &messages)) != NULL;) {
    law_message_drop(r->broker, e->value);
  }
  law_map_free(&r->messages);
  law_map_free(&r->deliveries);
  law_map_free(&r->closed);
}
