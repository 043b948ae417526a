/* What the server sends. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "planted/server.h"

bool get_bit(const uint8_t *bits, uint16_t i) { return (bits[i / 8] >> i % 8 & 1) != 0; }

void set_bit(uint8_t *bits, uint16_t i, bool on) {
  uint8_t bit = (uint8_t)(1u << i % 8);
  bits[i / 8] = (uint8_t)(on ? bits[i / 8] | bit : bits[i / 8] & ~bit);
}

/* Who does not read what it asked for is let go. */
void send_bytes(client *c, const uint8_t *bytes, size_t len) {
  if (c->closing || len > c->packet_max) {
    return;
  }
  if (c->out_len + len > c->out_cap) {
    size_t cap = (c->out_len + len) * 2;
    uint8_t *more = cap <= MAX_OUT ? realloc(c->out, cap) : NULL;
    if (more == NULL) {
      c->closing = true;
      return;
    }
    c->out = more;
    c->out_cap = cap;
  }
  memcpy(c->out + c->out_len, bytes, len);
  c->out_len += len;
}

void send_ack(client *c, uint8_t type, uint16_t id, uint8_t reason) {
  uint8_t out[5] = {(uint8_t)(type << 4 | (type == LAW_MQTT_PUBREL ? 2 : 0)), 2, (uint8_t)(id >> 8),
                    (uint8_t)id, reason};
  out[1] = reason != 0 ? 3 : 2;
  send_bytes(c, out, reason != 0 ? 5 : 4);
}

void refuse(client *c, uint8_t reason) {
  uint8_t connack[] = {0x20, 3, 0, reason, 0}, disconnect[] = {0xe0, 2, reason, 0};
  if (c->connected) {
    send_bytes(c, disconnect, sizeof disconnect);
  } else {
    send_bytes(c, connack, sizeof connack);
  }
  c->closing = true;
}

static uint16_t new_id(client *c) {
  do {
    c->next_id = (uint16_t)(c->next_id + 1);
  } while (c->next_id == 0 || get_bit(c->sent, c->next_id) || get_bit(c->released, c->next_id));
  set_bit(c->sent, c->next_id, true);
  c->in_flight++;
  return c->next_id;
}

/* The highest QoS of those subscriptions that want it; -1: none does. */
static int wanted(const client *to, const client *from, law_bytes topic) {
  int best = -1;
  for (size_t i = 0; i < to->num_subscriptions; i++) {
    const subscription *s = &to->subscriptions[i];
    bool own = to == from && (s->options & 4) != 0; /* No Local */
    if (!own && law_mqtt_topic_matches(law_bytes_of(s->filter, s->len), topic)) {
      best = (s->options & 3) > best ? s->options & 3 : best;
    }
  }
  return best;
}

static void send_publish(client *c, const law_mqtt_message *from, uint8_t qos) {
  law_mqtt_message m = *from;
  if (qos > 0 && c->in_flight >= c->receive_max) {
    c->closing = true; /* it is too slow for what it wants */
    return;
  }
  m.first = (uint8_t)(LAW_MQTT_PUBLISH << 4 | qos << 1);
  m.packet_id = 0;
  size_t cap = m.u.publish.topic.len + m.u.publish.payload.len + m.properties.len + 16;
  if (cap > c->packet_max) {
    return; /* 3.1.2-25: as if it had been delivered */
  }
  m.packet_id = qos > 0 ? new_id(c) : 0;
  uint8_t *out = malloc(cap);
  if (out != NULL) {
    send_bytes(c, out, law_mqtt_encode(&m, out, cap));
  }
  free(out);
}

void deliver(const client *from, const law_mqtt_message *m) {
  uint8_t qos = law_mqtt_qos(m);
  for (size_t i = 0; i < MAX_CLIENTS; i++) {
    client *to = &clients[i];
    int best = to->fd >= 0 && to->connected && !to->closing ? wanted(to, from, m->u.publish.topic) : -1;
    if (best >= 0) {
      send_publish(to, m, (uint8_t)(best < qos ? best : qos));
    }
  }
}

static void forget_pending(client *c) {
  while (c->pending != NULL) {
    pending *next = c->pending->next;
    free(c->pending->payload);
    free(c->pending);
    c->pending = next;
  }
}

void hang_up(client *c) {
  if (c->will != NULL) {
    publish_will(c);
  }
  (void)close(c->fd);
  for (size_t i = 0; i < c->num_subscriptions; i++) {
    free(c->subscriptions[i].filter);
  }
  forget_pending(c);
  free(c->will);
  free(c->session);
  free(c->in);
  free(c->out);
  memset(c, 0, sizeof *c);
  c->fd = -1;
}
