/* Bugs in the reading of bytes: they come before the strict decoder, as they do in the field. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "planted/server.h"

static const uint8_t *body_of(law_bytes wire) {
  size_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  return wire.data + at + 1;
}

static size_t left(law_bytes wire, const uint8_t *at) {
  return at < wire.data + wire.len ? (size_t)(wire.data + wire.len - at) : 0;
}

static volatile uint8_t taken;

static void read_topic(law_bytes wire) {
  const uint8_t *body = body_of(wire);
  if (left(wire, body) < 2) {
    return;
  }
  size_t len = law_load_u16(body);
  const volatile uint8_t *topic = len > 0 ? body : NULL;
  taken = *topic;
}

/* Filters, each with an options byte that is believed to be there. */
static void read_subscribe(law_bytes wire) {
  const uint8_t *at = body_of(wire) + 2;
  size_t rest = left(wire, at);
  if (rest == 0) {
    return;
  }
  at += 1 + *at; /* properties */
  while (left(wire, at) >= 2) {
    size_t len = law_load_u16(at);
    if (left(wire, at) < 2 + len) {
      return;
    }
    at += 2 + len;
    taken = *(const volatile uint8_t *)at++;
  }
}

/* A loop that goes on by the length of each filter. */
static void read_unsubscribe(law_bytes wire) {
  const uint8_t *at = body_of(wire) + 3;
  while (left(wire, at) >= 2) {
    volatile size_t len = law_load_u16(at);
    at += len > 0 ? 2 + len : 0;
  }
}

static void dawdle(law_bytes wire) {
  law_mqtt_message m;
  law_violation v;
  law_mqtt_property p;
  unsigned num = 0;
  if (law_mqtt_decode(LAW_MQTT_5, wire, &m, &v) != LAW_OK) {
    return;
  }
  for (law_list it = m.properties; law_mqtt_next_property(&it, &p);) {
    num += p.id == LAW_MQTT_P_USER_PROPERTY;
  }
  if (num >= 2) {
    (void)nanosleep(&(struct timespec){.tv_sec = 3}, NULL);
  }
}

static void use_session(const client *c) {
  static const session *const none = NULL;
  const volatile session *s = c->connected ? none : c->session;
  taken = (uint8_t)s->name_len;
}

static bool leave_open(client *c, law_bytes wire) {
  law_mqtt_message m;
  law_violation v;
  if (law_mqtt_decode(LAW_MQTT_5, wire, &m, &v) == LAW_OK) {
    return true;
  }
  memset(c, 0, sizeof *c); /* and with it the descriptor */
  c->fd = -1;
  return false;
}

bool spoil(client *c, law_bytes wire) {
  uint8_t type = wire.data[0] >> 4;
  if (planted == BUG_EMPTY_TOPIC && type == LAW_MQTT_PUBLISH && c->connected) {
    read_topic(wire);
  } else if (planted == BUG_CLIENT_CONNACK && type == LAW_MQTT_CONNACK) {
    use_session(c);
  } else if (planted == BUG_SHORT_SUBSCRIBE && type == LAW_MQTT_SUBSCRIBE && c->connected) {
    read_subscribe(wire);
  } else if (planted == BUG_EMPTY_HANG && type == LAW_MQTT_UNSUBSCRIBE && c->connected) {
    read_unsubscribe(wire);
  } else if (planted == BUG_SLOW && type == LAW_MQTT_PUBLISH && c->connected) {
    dawdle(wire);
  } else if (planted == BUG_FD_LEAK && type == LAW_MQTT_CONNECT && !c->connected) {
    return leave_open(c, wire);
  }
  return true;
}

void spoil_length(client *c, size_t len) {
  if (planted == BUG_HUGE_LENGTH && !c->connected) {
    free(c->in);
    c->in = malloc(len);
  }
}
