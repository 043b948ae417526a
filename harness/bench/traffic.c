#include "bench/traffic.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENT, BROKER, MAX_TURNS = 200, MAX_TOGETHER = 4, ALIVE = 600 };

/* What one side says in one go. */
typedef struct message {
  uint8_t bytes[BENCH_MAX_SAY];
  uint32_t len;
  uint32_t num; /* messages in it */
} message;

static void put(message *m, const void *bytes, uint32_t len) {
  memcpy(m->bytes + m->len, bytes, len);
  m->len += len;
}

static void put8(message *m, uint32_t v) { m->bytes[m->len++] = (uint8_t)v; }

static void put16(message *m, uint32_t v) {
  put8(m, v >> 8);
  put8(m, v & 0xff);
}

static void put_string(message *m, const char *text) {
  uint32_t len = (uint32_t)strlen(text);
  put16(m, len);
  put(m, text, len);
}

/* Opens a message; its length, which takes two bytes, is filled in by end(). */
static uint32_t begin(message *m, uint32_t type) {
  put8(m, type);
  m->len += 2;
  return m->len;
}

/* The shortest form of the length is the only one. */
static void end(message *m, uint32_t start) {
  uint32_t len = m->len - start;
  if (len < 128) {
    memmove(m->bytes + start - 1, m->bytes + start, len);
    m->bytes[start - 2] = (uint8_t)len;
    m->len--;
  } else {
    m->bytes[start - 2] = (uint8_t)(0x80 | (len & 0x7f));
    m->bytes[start - 1] = (uint8_t)(len >> 7);
  }
  m->num++;
}

static void say(bench_file *f, bench_traffic *t, bench_link *l, unsigned side, message *m) {
  bench_say(f, l, side, m->bytes, m->len);
  t->num_messages += m->num;
  m->len = m->num = 0;
}

/* ---- Messages ---- */

static void connect(message *m, const bench_link *l) {
  char id[24];
  (void)snprintf(id, sizeof id, "meter-%06x-%u", (unsigned)l->client, (unsigned)l->port);
  uint32_t start = begin(m, 0x10);
  put_string(m, "MQTT");
  put8(m, l->version5 ? 5 : 4);
  put8(m, 0x02);
  put16(m, ALIVE);
  if (l->version5) {
    put8(m, 0);
  }
  put_string(m, id);
  end(m, start);
}

static void connack(message *m, const bench_link *l) {
  uint32_t start = begin(m, 0x20);
  put16(m, 0);
  if (l->version5) {
    put8(m, 0);
  }
  end(m, start);
}

static void subscribe(message *m, bench_link *l) {
  char filter[32];
  (void)snprintf(filter, sizeof filter, "site/%06x/do/#", (unsigned)l->client);
  uint32_t start = begin(m, 0x82);
  put16(m, ++l->id[CLIENT]);
  if (l->version5) {
    put8(m, 0);
  }
  put_string(m, filter);
  put8(m, 2);
  end(m, start);
}

static void suback(message *m, const bench_link *l) {
  uint32_t start = begin(m, 0x90);
  put16(m, l->id[CLIENT]);
  if (l->version5) {
    put8(m, 0);
  }
  put8(m, 2);
  end(m, start);
}

/* What a client measured, or is told to do. */
static void publish(bench_file *f, message *m, bench_link *l, unsigned side, uint32_t qos) {
  char topic[48], text[160];
  uint32_t v = bench_random(f);
  (void)snprintf(topic, sizeof topic, "site/%06x/%s/%u", (unsigned)l->client,
                 side == CLIENT ? "value" : "do", (unsigned)(v % 8));
  int len = snprintf(text, sizeof text, "{\"at\":%llu,\"value\":%u.%02u,\"unit\":\"kWh\"%s}",
                     (unsigned long long)f->time, (unsigned)(v % 1000), (unsigned)(v / 1000 % 100),
                     v % 3 == 0 ? ",\"quality\":\"estimated\",\"tariff\":\"night\"" : "");
  uint32_t start = begin(m, 0x30 | qos << 1);
  put_string(m, topic);
  if (qos > 0) {
    put16(m, ++l->id[side]);
  }
  if (l->version5) {
    put8(m, 0);
  }
  put(m, text, (uint32_t)len);
  end(m, start);
}

static void answer(message *m, uint32_t type, uint32_t id) {
  uint32_t start = begin(m, type);
  put16(m, id);
  end(m, start);
}

static void empty(message *m, uint32_t type) { end(m, begin(m, type)); }

/* ---- Turns ---- */

static void meet(bench_file *f, bench_traffic *t, bench_link *l) {
  message m = {.len = 0};
  l->port = (uint16_t)(20000 + bench_random(f) % 40000);
  l->id[CLIENT] = l->id[BROKER] = 0;
  l->version5 = bench_chance(f, 50);
  l->turns = 2 + bench_random(f) % MAX_TURNS;
  bench_open(f, l);
  connect(&m, l);
  say(f, t, l, CLIENT, &m);
  connack(&m, l);
  say(f, t, l, BROKER, &m);
  subscribe(&m, l);
  say(f, t, l, CLIENT, &m);
  suback(&m, l);
  say(f, t, l, BROKER, &m);
  t->num_flows++;
}

static void part(bench_file *f, bench_traffic *t, bench_link *l) {
  message m = {.len = 0};
  empty(&m, 0xe0);
  say(f, t, l, CLIENT, &m);
  bench_close(f, l);
}

/* One to four messages in one go, and the answers to them in one. */
static void publish_some(bench_file *f, bench_traffic *t, bench_link *l, unsigned side,
                         uint32_t qos) {
  static const uint8_t steps[3] = {0x50, 0x62, 0x70}; /* PUBREC, PUBREL, PUBCOMP */
  message m = {.len = 0};
  uint32_t num = bench_chance(f, 15) ? 2 + bench_random(f) % (MAX_TOGETHER - 1) : 1;
  for (uint32_t i = 0; i < num; i++) {
    publish(f, &m, l, side, qos);
  }
  uint32_t id = l->id[side] - num + 1u;
  say(f, t, l, side, &m);
  for (unsigned step = 0; qos > 0 && step < (qos == 1 ? 1 : 3); step++) {
    for (uint32_t i = 0; i < num; i++) {
      answer(&m, qos == 1 ? 0x40 : steps[step], id + i);
    }
    say(f, t, l, step % 2 == 0 ? 1 - side : side, &m);
  }
  if (qos == 0 || bench_chance(f, 30)) {
    bench_ack(f, l, qos == 0 ? 1 - side : side);
  }
}

static void ping(bench_file *f, bench_traffic *t, bench_link *l) {
  message m = {.len = 0};
  empty(&m, 0xc0);
  say(f, t, l, CLIENT, &m);
  empty(&m, 0xd0);
  say(f, t, l, BROKER, &m);
}

static void turn(bench_file *f, bench_traffic *t, bench_link *l) {
  static const uint8_t percent[3] = {55, 32, 13}; /* of each QoS */
  uint32_t v = bench_random(f) % 100;
  if (bench_chance(f, 4)) {
    ping(f, t, l);
    return;
  }
  uint32_t qos = v < percent[0] ? 0 : v < percent[0] + percent[1] ? 1 : 2;
  publish_some(f, t, l, bench_chance(f, 75) ? CLIENT : BROKER, qos);
}

static void go_on(bench_file *f, bench_traffic *t, bench_link *l) {
  if (l->turns == 0) {
    meet(f, t, l);
  } else if (--l->turns == 0) {
    part(f, t, l);
  } else {
    turn(f, t, l);
  }
}

bool bench_traffic_write(bench_file *f, bench_traffic *t, uint32_t num_links, uint64_t len) {
  bench_link *links = calloc(num_links, sizeof *links);
  if (links == NULL) {
    return false;
  }
  for (uint32_t i = 0; i < num_links; i++) {
    links[i].client = i + 1;
  }
  while (f->len < len && !f->failed) {
    go_on(f, t, &links[bench_random(f) % num_links]);
  }
  free(links);
  return true;
}
