/* planted-client: a small client for MQTT 5.0 that obeys the specification, and on request does not.
 * It connects, subscribes, publishes twice at QoS 1 and once at QoS 2, pings, and ends; it closes
 * the connection when the server sends what it did not expect.
 *
 *   planted-client --port N [--bug NAME]        planted-client --list */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mqtt/mqtt.h"

typedef enum bug {
  NO_BUG,
#define CLIENT_BUG(NAME, name, what) BUG_##NAME,
#include "planted/bugs.def"
#undef CLIENT_BUG
} bug;

static const struct {
  const char *name, *what;
} bugs[] = {
#define CLIENT_BUG(NAME, name, what) {name, what},
#include "planted/bugs.def"
#undef CLIENT_BUG
};

enum { NUM_BUGS = sizeof bugs / sizeof bugs[0], MAX_PACKET = 1 << 20, SMALL = 64 };

/* What is awaited, in this order. */
typedef enum stage {
  AWAIT_CONNACK,
  AWAIT_SUBACK,
  AWAIT_PUBACK,
  AWAIT_SECOND_PUBACK,
  AWAIT_PUBREC,
  AWAIT_PUBCOMP,
  AWAIT_PINGRESP,
  ALL_DONE,
} stage;

static bug planted;
static volatile uint8_t taken;

static void put(int fd, const void *bytes, size_t len) {
  if (send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len) {
    exit(1);
  }
}

static void say(int fd, const char *hex) {
  uint8_t out[SMALL];
  size_t len = strlen(hex) / 2;
  for (size_t i = 0; i < len; i++) {
    unsigned byte = 0;
    (void)sscanf(hex + 2 * i, "%2x", &byte);
    out[i] = (uint8_t)byte;
  }
  put(fd, out, len);
}

static void ack(int fd, uint8_t first, uint16_t id) {
  uint8_t out[] = {first, 2, (uint8_t)(id >> 8), (uint8_t)id};
  put(fd, out, sizeof out);
}

/* ---- reading ---- */

static void get(int fd, uint8_t *out, size_t len) {
  for (size_t at = 0; at < len;) {
    ssize_t n = recv(fd, out + at, len - at, 0);
    if (n <= 0) {
      exit(0); /* the server has gone, or says nothing */
    }
    at += (size_t)n;
  }
}

/* One packet in a buffer of exactly its size. */
static law_bytes get_packet(int fd) {
  uint8_t head[5];
  size_t num = 1, len = 0;
  get(fd, head, 1);
  do {
    get(fd, head + num, 1);
    len |= (size_t)(head[num] & 0x7f) << 7 * (num - 1);
  } while ((head[num++] & 0x80) != 0 && num < sizeof head);
  if ((head[num - 1] & 0x80) != 0 || len > MAX_PACKET) {
    exit(1);
  }
  uint8_t *in = malloc(num + len);
  if (in == NULL) {
    exit(1);
  }
  memcpy(in, head, num);
  get(fd, in + num, len);
  return law_bytes_of(in, num + len);
}

/* ---- bugs ---- */

static size_t body_at(law_bytes wire) {
  size_t at = 1;
  while (at < wire.len && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  return at + 1;
}

static void read_suback(law_bytes wire) {
  size_t at = body_at(wire) + 2;
  if (at < wire.len && at + 1 + wire.data[at] <= wire.len) {
    taken = *(const volatile uint8_t *)(wire.data + at + 1 + wire.data[at]);
  }
}

static void spoil(law_bytes wire) {
  law_mqtt_message m;
  law_violation v;
  uint8_t type = wire.data[0] >> 4;
  if (planted == BUG_EMPTY_SUBACK && type == LAW_MQTT_SUBACK) {
    read_suback(wire);
  }
  if (planted == BUG_EMPTY_PAYLOAD && type == LAW_MQTT_PUBLISH &&
      law_mqtt_decode(LAW_MQTT_5, wire, &m, &v) == LAW_OK) {
    const volatile uint8_t *payload = m.u.publish.payload.len > 0 ? m.u.publish.payload.data : NULL;
    taken = *payload;
  }
}

/* ---- the conversation ---- */

static bool is_limited(const law_mqtt_message *m) {
  const law_list *list = &m->properties;
  return m->reason != 0 || (m->ack_flags & 1) != 0 ||
         law_mqtt_property_number(list, LAW_MQTT_P_MAXIMUM_QOS, 2) < 2 ||
         law_mqtt_property_number(list, LAW_MQTT_P_MAXIMUM_PACKET_SIZE, SMALL) < SMALL;
}

/* What is said when the awaited has come. */
static stage go_on(int fd, stage now) {
  static const char *const words[] = {
      [AWAIT_CONNACK] = "820700010000016100", [AWAIT_SUBACK] = "320700016100020078",
      [AWAIT_PUBACK] = "320700016100020079",          [AWAIT_SECOND_PUBACK] = "34070001610003007a",
      [AWAIT_PUBREC] = "62020003",                    [AWAIT_PUBCOMP] = "c000",
      [AWAIT_PINGRESP] = "e000",
  };
  say(fd, words[now]);
  return now + 1;
}

static bool is_awaited(stage now, const law_mqtt_message *m) {
  static const uint8_t types[] = {LAW_MQTT_CONNACK, LAW_MQTT_SUBACK,  LAW_MQTT_PUBACK, LAW_MQTT_PUBACK,
                                  LAW_MQTT_PUBREC,  LAW_MQTT_PUBCOMP, LAW_MQTT_PINGRESP};
  static const uint16_t ids[] = {0, 1, 2, 2, 3, 3, 0};
  uint8_t type = law_mqtt_type_of(m);
  bool acks = type >= LAW_MQTT_PUBACK && type <= LAW_MQTT_UNSUBACK && type != LAW_MQTT_PUBREL &&
              type != LAW_MQTT_SUBSCRIBE && type != LAW_MQTT_UNSUBSCRIBE;
  if (planted == BUG_WRONG_REPLY && acks && ids[now] != 0) {
    return m->packet_id == ids[now];
  }
  return type == types[now] && (ids[now] == 0 || m->packet_id == ids[now]);
}

static bool is_good(stage now, const law_mqtt_message *m) {
  if (now == AWAIT_CONNACK) {
    return !is_limited(m);
  }
  return now == AWAIT_SUBACK ? m->u.reasons.count == 1 : now == AWAIT_PINGRESP || m->reason < 0x80;
}

/* A message of the server's, once the session is there. */
static bool take_publish(int fd, const law_mqtt_message *m) {
  law_mqtt_property p;
  if (m->u.publish.topic.len == 0 ||
      law_mqtt_property_of(&m->properties, LAW_MQTT_P_TOPIC_ALIAS, &p)) {
    return false;
  }
  if (law_mqtt_qos(m) > 0) {
    ack(fd, law_mqtt_qos(m) == 1 ? 0x40 : 0x50, m->packet_id);
  }
  return true;
}

/* False: the server does what a client need not bear. */
static bool take(int fd, stage *now, const law_mqtt_message *m) {
  uint8_t type = law_mqtt_type_of(m);
  if (is_awaited(*now, m)) {
    if (!is_good(*now, m)) {
      return false;
    }
    *now = go_on(fd, *now);
    return true;
  }
  if (*now == AWAIT_CONNACK) {
    return false;
  }
  if (type == LAW_MQTT_PUBREL) {
    ack(fd, 0x70, m->packet_id);
    return true;
  }
  return type == LAW_MQTT_PUBLISH && take_publish(fd, m);
}

static int talk(int fd) {
  stage now = AWAIT_CONNACK;
  law_mqtt_message m;
  law_violation v;
  say(fd, "101000044d5154540502003c00000363706c");
  while (now != ALL_DONE) {
    law_bytes wire = get_packet(fd);
    spoil(wire);
    bool good = law_mqtt_decode(LAW_MQTT_5, wire, &m, &v) == LAW_OK && take(fd, &now, &m);
    free((void *)(uintptr_t)wire.data);
    if (!good) {
      return 1;
    }
  }
  return 0;
}

static int dial(uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct timeval patience = {.tv_sec = 3};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return connect(fd, (struct sockaddr *)&at, sizeof at) == 0 ? fd : -1;
}

static bool choose(const char *name) {
  for (size_t i = 0; i < NUM_BUGS; i++) {
    if (strcmp(bugs[i].name, name) == 0) {
      planted = (bug)(i + 1);
      return true;
    }
  }
  return false;
}

int main(int argc, char **argv) {
  unsigned long port = 0;
  bool good = true;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--list") == 0) {
      for (size_t k = 0; k < NUM_BUGS; k++) {
        (void)printf("%s\t%s\n", bugs[k].name, bugs[k].what);
      }
      return 0;
    }
    if (strcmp(argv[i], "--port") == 0 && i + 1 < argc) {
      port = strtoul(argv[++i], NULL, 10);
    } else if (strcmp(argv[i], "--bug") == 0 && i + 1 < argc) {
      good = choose(argv[++i]) && good;
    } else {
      good = false;
    }
  }
  if (!good || port == 0 || port > UINT16_MAX) {
    (void)fputs("usage: planted-client --port N [--bug NAME] | --list\n", stderr);
    return 2;
  }
  int fd = dial((uint16_t)port);
  if (fd < 0) {
    return 1;
  }
  int status = talk(fd);
  (void)close(fd);
  return status;
}
