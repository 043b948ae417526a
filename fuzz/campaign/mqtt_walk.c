/* Conversations that go through the states of MQTT: single sessions, and several of them that
 * meet: publisher and subscriber, takeover, resume, wills, retained messages. */
#include <stdio.h>
#include <string.h>

#include "campaign/mqtt_internal.h"
#include "mutators/random.h"
#include "seq/seq.h"

enum { NAME = 48, PACKET = 512, NUM_TOPICS = 4 };

typedef struct walk {
  const law_persona *p;
  uint64_t *random;
  law_writer *out;
  uint8_t version;
  char ids[2][NAME];           /* of clients */
  char topics[NUM_TOPICS][NAME];
  uint8_t packet[PACKET];
} walk;

static uint32_t draw(walk *w, uint32_t below) { return law_random_below(w->random, below); }
static bool once_in(walk *w, uint32_t times) { return draw(w, times) == 0; }
static law_bytes text(const char *s) { return law_bytes_of(s, strlen(s)); }
static uint8_t any_qos(walk *w) { return (uint8_t)draw(w, 3); }
static law_bytes topic(walk *w, uint32_t i) { return text(w->topics[i % NUM_TOPICS]); }

static void event(walk *w, uint8_t connection, law_seq_event what, size_t len) {
  law_seq_record r = {LAW_CLIENT, what, connection, 0, law_bytes_of(w->packet, len)};
  law_seq_write(w->out, &r);
}

static void say(walk *w, uint8_t connection, size_t len) {
  if (len > 0) {
    event(w, connection, LAW_SEQ_DATA, len);
  }
}

static void end(walk *w, uint8_t connection) {
  switch (draw(w, 3)) {
    case 0:
      event(w, connection, LAW_SEQ_RESET, 0);
      break;
    case 1:
      event(w, connection, LAW_SEQ_END, 0);
      break;
    default:
      say(w, connection, law_mqtt_write_plain(w->version, LAW_MQTT_DISCONNECT, w->packet, PACKET));
      event(w, connection, LAW_SEQ_END, 0);
      break;
  }
}

static void open_as(walk *w, uint8_t connection, law_mqtt_opening o) {
  say(w, connection, law_mqtt_write_connect(w->p, &o, w->packet, PACKET));
}

static void publish(walk *w, uint8_t connection, law_bytes to, uint8_t flags, uint16_t id) {
  char payload[24];
  (void)snprintf(payload, sizeof payload, "m%08x", (unsigned)draw(w, UINT32_MAX));
  say(w, connection, law_mqtt_write_publish(w->version, to, text(payload), flags, id,
                                            once_in(w, 3), w->packet, PACKET));
}

static void ack(walk *w, uint8_t connection, uint8_t type, uint16_t id) {
  say(w, connection, law_mqtt_write_ack(w->version, type, id, 0, 0, w->packet, PACKET));
}

static void subscribe(walk *w, uint8_t connection, law_bytes filter, uint8_t options) {
  uint32_t identifier = once_in(w, 4) ? 1 + draw(w, 300) : 0;
  say(w, connection, law_mqtt_write_subscribe(w->version, filter, options, 11, identifier,
                                              w->packet, PACKET));
}

/* The same message again before it is released, or its release again afterwards. */
static void qos2(walk *w, uint8_t connection, law_bytes to) {
  uint16_t id = (uint16_t)(1 + draw(w, 4));
  uint64_t same = *w->random;
  publish(w, connection, to, 4, id);
  if (once_in(w, 3)) {
    *w->random = same; /* the same payload */
    publish(w, connection, to, 12, id);
  }
  ack(w, connection, LAW_MQTT_PUBREL, id);
  if (once_in(w, 3)) {
    ack(w, connection, LAW_MQTT_PUBREL, id);
  }
}

static void publish_any(walk *w, uint8_t connection, law_bytes to) {
  uint8_t qos = any_qos(w), retain = once_in(w, 5);
  if (qos == 2) {
    qos2(w, connection, to);
  } else {
    publish(w, connection, to, (uint8_t)(qos << 1 | retain), qos > 0 ? 1 + (uint16_t)draw(w, 9) : 0);
  }
}

static uint8_t any_options(walk *w) {
  uint8_t options = any_qos(w);
  if (w->version == LAW_MQTT_5 && once_in(w, 3)) {
    options = (uint8_t)(options | draw(w, 4) << 2 | draw(w, 3) << 4);
  }
  return options;
}

static void any_step(walk *w, uint8_t connection) {
  law_bytes t = topic(w, draw(w, NUM_TOPICS));
  switch (draw(w, 9)) {
    case 0:
    case 1:
      subscribe(w, connection, t, any_options(w));
      break;
    case 2:
      say(w, connection, law_mqtt_write_unsubscribe(w->version, t, 12, w->packet, PACKET));
      break;
    case 3:
      ack(w, connection, (uint8_t)(LAW_MQTT_PUBACK + draw(w, 4)), (uint16_t)(1 + draw(w, 9)));
      break;
    case 4:
      say(w, connection, law_mqtt_write_plain(w->version, LAW_MQTT_PINGREQ, w->packet, PACKET));
      break;
    default:
      publish_any(w, connection, t);
      break;
  }
}

static law_mqtt_opening any_opening(walk *w, const char *id) {
  law_mqtt_opening o = {.id = text(id)};
  o.will = once_in(w, 4);
  o.will_qos = any_qos(w);
  o.will_retain = once_in(w, 6);
  o.will_properties = once_in(w, 2);
  o.dirty = once_in(w, 8);
  o.expiry = once_in(w, 8) ? 60 : 0;
  o.receive_maximum = once_in(w, 8) ? 2 : 0;
  return o;
}

static void alone(walk *w) {
  open_as(w, 0, any_opening(w, w->ids[draw(w, 2)]));
  for (uint32_t n = 1 + draw(w, 6); n > 0; n--) {
    any_step(w, 0);
  }
  if (once_in(w, 4)) {
    end(w, 0);
  }
}

static void pair(walk *w) {
  open_as(w, 0, any_opening(w, w->ids[0]));
  subscribe(w, 0, topic(w, draw(w, NUM_TOPICS)), any_options(w));
  open_as(w, 1, any_opening(w, w->ids[1]));
  for (uint32_t n = 1 + draw(w, 4); n > 0; n--) {
    if (once_in(w, 4)) {
      any_step(w, 0);
    } else {
      publish_any(w, 1, topic(w, draw(w, NUM_TOPICS)));
    }
  }
}

/* A second connection, and perhaps a third, of the same client. */
static void takeover(walk *w) {
  law_mqtt_opening o = any_opening(w, w->ids[0]);
  o.dirty = once_in(w, 2);
  o.expiry = once_in(w, 2) ? 30 : 0;
  open_as(w, 0, o);
  any_step(w, 0);
  o.dirty = once_in(w, 2);
  open_as(w, 1, o);
  any_step(w, once_in(w, 2));
  if (once_in(w, 2)) {
    open_as(w, 2, o);
    any_step(w, 2);
  }
  any_step(w, 1);
}

static void resume(walk *w) {
  law_mqtt_opening o = {.id = text(w->ids[0]), .dirty = true, .expiry = 30},
                   other = {.id = text(w->ids[1])};
  uint32_t t = draw(w, NUM_TOPICS - 1);
  open_as(w, 0, o);
  subscribe(w, 0, topic(w, t), (uint8_t)(1 + draw(w, 2)));
  end(w, 0);
  open_as(w, 1, other);
  publish_any(w, 1, topic(w, t));
  publish_any(w, 1, topic(w, t));
  open_as(w, 2, o);
  any_step(w, 2);
  end(w, 2);
  if (once_in(w, 2)) {
    open_as(w, 3, o);
    any_step(w, 3);
  }
  o.dirty = false; /* nothing is left for the next input */
  o.expiry = 0;
  open_as(w, 0, o);
}

static void will(walk *w) {
  law_mqtt_opening o = any_opening(w, w->ids[1]), plain = {.id = text(w->ids[0])};
  o.will = true;
  open_as(w, 0, plain);
  subscribe(w, 0, text("law/will"), any_options(w));
  open_as(w, 1, o);
  end(w, 1);
  any_step(w, 0);
}

static void retained(walk *w) {
  law_mqtt_opening o = {.id = text(w->ids[0])}, other = {.id = text(w->ids[1])};
  uint32_t t = draw(w, NUM_TOPICS - 1);
  open_as(w, 0, o);
  publish(w, 0, topic(w, t), 3, 5);
  open_as(w, 1, other);
  subscribe(w, 1, topic(w, t), any_options(w));
  any_step(w, 1);
  say(w, 0, law_mqtt_write_publish(w->version, topic(w, t), text(""), 1, 0, false, w->packet,
                                   PACKET));
}

void law_mqtt_walk(const law_persona *p, uint64_t *random, bool several, law_writer *out) {
  static void (*const meetings[])(walk *) = {pair, pair, takeover, resume, will, retained};
  walk w = {.p = p, .random = random, .out = out, .version = law_mqtt_version_of(p->variant)};
  for (int i = 0; i < 2; i++) {
    (void)snprintf(w.ids[i], NAME, "%s-%d", p->name, i);
  }
  (void)snprintf(w.topics[0], NAME, "%s/a", p->name);
  (void)snprintf(w.topics[1], NAME, "%s/a/b", p->name);
  (void)snprintf(w.topics[2], NAME, "%s", p->name);
  (void)snprintf(w.topics[3], NAME, "%s/+", p->name);
  if (several) {
    meetings[draw(&w, sizeof meetings / sizeof meetings[0])](&w);
  } else {
    alone(&w);
  }
}
