#include "peers/tests/rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peers/base/buffer.h"
#include "peers/base/memory.h"

enum { MAX_CONNS = 64, MAX_PACKETS = 4096, PROPERTIES_CAP = 512 };
#define PATIENCE UINT64_C(2000000000)

typedef struct conn {
  law_handle handle;
  uint8_t version;
  bool connected, closed;
  law_bytes packets[MAX_PACKETS];
  size_t num, taken;
  law_bytes held; /* what the last packet given out points into */
} conn;

struct rig {
  law_peer peer;
  law_net *net;
  law_handle scope;
  law_broker *broker;
  law_broker_config config;
  uint16_t port;
  conn conns[MAX_CONNS];
  int num;
};

static conn *conn_of(rig *r, law_handle handle) {
  for (int i = 0; i < r->num; i++) {
    if (r->conns[i].handle == handle) {
      return &r->conns[i];
    }
  }
  return NULL;
}

static void handle(law_peer *peer, const law_event *event) {
  rig *r = (rig *)(void *)peer;
  conn *c = conn_of(r, event->handle);
  if (c == NULL) {
    return;
  }
  if (event->kind == LAW_EV_CONNECTED) {
    c->connected = true;
  } else if (event->kind == LAW_EV_CLOSED || event->kind == LAW_EV_FAILED) {
    c->closed = true;
    law_net_close(r->net, c->handle, LAW_CLOSE_FIN);
  } else if (event->kind == LAW_EV_MESSAGE && c->num < MAX_PACKETS) {
    c->packets[c->num++] = law_copy_bytes(event->wire);
  }
}

static void start(rig *r) {
  char error[256];
  law_endpoint at = {.transport = LAW_TCP, .host = "127.0.0.1"};
  r->broker = law_broker_new(r->net, &r->config, error, sizeof error);
  assert_non_null(r->broker);
  assert_true(law_broker_listen(r->broker, &at, &r->port));
}

rig *rig_new_config(const law_broker_config *config) {
  rig *r = law_alloc(sizeof *r);
  r->peer.handle = handle;
  r->net = law_net_new();
  r->scope = law_net_scope(r->net, &law_mqtt_codec, LAW_SERVER, false);
  r->config = *config;
  start(r);
  return r;
}

rig *rig_new(const char *const *faults) {
  law_broker_config config;
  law_broker_config_default(&config);
  for (size_t i = 0; faults != NULL && faults[i] != NULL; i++) {
    assert_true(law_faults_add(&config.faults, LAW_SERVER, faults[i]));
  }
  return rig_new_config(&config);
}

void rig_free(rig *r) {
  for (int i = 0; i < r->num; i++) {
    for (size_t k = r->conns[i].taken; k < r->conns[i].num; k++) {
      law_free_bytes(&r->conns[i].packets[k]);
    }
    law_free_bytes(&r->conns[i].held);
  }
  law_broker_free(r->broker);
  law_net_free(r->net);
  free(r);
}

law_broker *rig_broker(rig *r) { return r->broker; }
law_net *rig_net(rig *r) { return r->net; }
uint16_t rig_port(const rig *r) { return r->port; }

void rig_restart(rig *r) {
  law_broker_stop(r->broker);
  rig_sleep(r, 20);
  law_broker_free(r->broker);
  start(r);
}

void rig_sleep(rig *r, unsigned ms) {
  uint64_t until = law_net_now() + ms * UINT64_C(1000000);
  while (law_net_now() < until) {
    law_peers_run(r->net, until);
  }
}

int rig_dial(rig *r, uint8_t version) {
  law_endpoint to = {.transport = LAW_TCP, .host = "127.0.0.1", .port = r->port};
  assert_true(r->num < MAX_CONNS);
  law_net_assume(r->net, r->scope, version == LAW_MQTT_5 ? "mqtt5" : "mqtt311");
  conn *c = &r->conns[r->num];
  c->version = version;
  c->handle = law_net_connect(r->net, r->scope, &to, r);
  assert_int_not_equal(c->handle, 0);
  r->num++;
  uint64_t until = law_net_now() + PATIENCE;
  while (!c->connected && law_net_now() < until) {
    law_peers_run(r->net, until);
  }
  assert_true(c->connected);
  return r->num - 1;
}

packet rig_next(rig *r, int i) {
  conn *c = &r->conns[i];
  packet p = {0};
  uint64_t until = law_net_now() + PATIENCE;
  while (c->taken == c->num && !c->closed && law_net_now() < until) {
    law_peers_run(r->net, until);
  }
  law_free_bytes(&c->held);
  if (c->taken == c->num) {
    p.closed = c->closed;
    p.silence = !c->closed;
    return p;
  }
  c->held = c->packets[c->taken++];
  p.type = c->held.data[0] >> 4;
  if (law_mqtt_decode(c->version, c->held, &p.m, &p.violation) != LAW_OK) {
    p.type = 0;
  }
  return p;
}

void rig_send(rig *r, int i, law_mqtt_message *m) {
  law_buffer b = {0};
  m->version = r->conns[i].version;
  size_t len = law_mqtt_encode(m, NULL, 0);
  law_mqtt_encode(m, law_buffer_reserve(&b, len), len);
  law_net_send(r->net, r->conns[i].handle, law_bytes_of(b.data, len), NULL);
  law_buffer_free(&b);
}

void rig_send_hex(rig *r, int i, const char *hex) {
  uint8_t bytes[1024];
  size_t len = 0;
  for (const char *at = hex; *at != '\0'; at += *at == ' ' ? 1 : 2) {
    unsigned byte;
    if (*at != ' ' && sscanf(at, "%2x", &byte) == 1) {
      bytes[len++] = (uint8_t)byte;
    }
  }
  law_net_send(r->net, r->conns[i].handle, law_bytes_of(bytes, len), NULL);
}

void rig_abort(rig *r, int i) {
  law_net_close(r->net, r->conns[i].handle, LAW_CLOSE_RST);
  r->conns[i].closed = true;
}

/* ---- Packets ---- */

static law_mqtt_message blank(uint8_t first) {
  law_mqtt_message m;
  memset(&m, 0, sizeof m);
  m.first = first;
  return m;
}

static law_bytes text(const char *t) {
  return t != NULL ? law_bytes_text(t) : law_bytes_of(NULL, 0);
}

static void add_limits(law_writer *w, law_list *list, const connect_options *o) {
  const struct {
    uint8_t id;
    uint32_t number;
  } numbers[] = {{LAW_MQTT_P_SESSION_EXPIRY_INTERVAL, o->expiry},
                 {LAW_MQTT_P_RECEIVE_MAXIMUM, o->receive_maximum},
                 {LAW_MQTT_P_MAXIMUM_PACKET_SIZE, o->maximum_packet_size},
                 {LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, o->alias_maximum}};
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    if (numbers[i].number != 0) {
      law_mqtt_add_number(w, list, numbers[i].id, numbers[i].number);
    }
  }
  if (o->method != NULL) {
    law_mqtt_add_text(w, list, LAW_MQTT_P_AUTHENTICATION_METHOD, text(o->method));
  }
}

static uint8_t flags_of(const connect_options *o) {
  unsigned flags = o->resume ? 0 : LAW_MQTT_CLEAN_START;
  if (o->will_topic != NULL) {
    flags |=
        LAW_MQTT_WILL | (unsigned)o->will_qos << 3 | (o->will_retain ? LAW_MQTT_WILL_RETAIN : 0);
  }
  flags |= o->user != NULL ? LAW_MQTT_USER_NAME : 0;
  flags |= o->password != NULL ? LAW_MQTT_PASSWORD : 0;
  return (uint8_t)flags;
}

void rig_connect(rig *r, int i, const connect_options *o) {
  uint8_t memory[PROPERTIES_CAP], will_memory[PROPERTIES_CAP];
  law_writer w = law_writer_of(memory, sizeof memory);
  law_writer will = law_writer_of(will_memory, sizeof will_memory);
  law_mqtt_message m = blank(LAW_MQTT_CONNECT << 4);
  m.properties.data = memory;
  m.u.connect.will_properties.data = will_memory;
  add_limits(&w, &m.properties, o);
  if (o->will_delay != 0) {
    law_mqtt_add_number(&will, &m.u.connect.will_properties, LAW_MQTT_P_WILL_DELAY_INTERVAL,
                        o->will_delay);
  }
  m.u.connect.protocol_name = text("MQTT");
  m.u.connect.level = r->conns[i].version;
  m.u.connect.flags = flags_of(o);
  m.u.connect.keep_alive = o->keep_alive;
  m.u.connect.client_id = text(o->id);
  m.u.connect.will_topic = text(o->will_topic);
  m.u.connect.will_payload = text(o->will_payload);
  m.u.connect.user_name = text(o->user);
  m.u.connect.password = text(o->password);
  rig_send(r, i, &m);
}

int rig_open(rig *r, uint8_t version, const connect_options *o, bool *out_present) {
  int c = rig_dial(r, version);
  rig_connect(r, c, o);
  packet p = rig_expect(r, c, LAW_MQTT_CONNACK);
  assert_int_equal(p.m.reason, 0);
  if (out_present != NULL) {
    *out_present = p.m.ack_flags == 1;
  }
  return c;
}

void rig_subscribe(rig *r, int c, uint16_t packet_id, const char *filter, uint8_t options,
                   uint32_t identifier) {
  uint8_t memory[PROPERTIES_CAP], list[PROPERTIES_CAP];
  law_writer w = law_writer_of(memory, sizeof memory), f = law_writer_of(list, sizeof list);
  law_mqtt_message m = blank(LAW_MQTT_SUBSCRIBE << 4 | 2);
  m.packet_id = packet_id;
  m.properties.data = memory;
  if (identifier != 0) {
    law_mqtt_add_number(&w, &m.properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, identifier);
  }
  law_write_bytes16(&f, text(filter));
  law_write_u8(&f, options);
  m.u.filters = (law_list){list, (uint32_t)f.len, 1};
  rig_send(r, c, &m);
}

void rig_subscribed(rig *r, int c, const char *filter, uint8_t options, uint8_t granted) {
  rig_subscribe(r, c, 7, filter, options, 0);
  packet p = rig_expect(r, c, LAW_MQTT_SUBACK);
  assert_int_equal(p.m.packet_id, 7);
  assert_int_equal(p.m.u.reasons.count, 1);
  assert_int_equal(p.m.u.reasons.data[0], granted);
}

void rig_unsubscribe(rig *r, int c, uint16_t packet_id, const char *filter) {
  uint8_t list[PROPERTIES_CAP];
  law_writer f = law_writer_of(list, sizeof list);
  law_mqtt_message m = blank(LAW_MQTT_UNSUBSCRIBE << 4 | 2);
  m.packet_id = packet_id;
  law_write_bytes16(&f, text(filter));
  m.u.filters = (law_list){list, (uint32_t)f.len, 1};
  rig_send(r, c, &m);
}

void rig_publish(rig *r, int c, uint8_t flags, uint16_t packet_id, const char *topic,
                 const char *payload) {
  law_mqtt_message m = blank((uint8_t)(LAW_MQTT_PUBLISH << 4 | flags));
  m.packet_id = packet_id;
  m.u.publish.topic = text(topic);
  m.u.publish.payload = text(payload);
  rig_send(r, c, &m);
}

void rig_ack(rig *r, int c, uint8_t type, uint16_t packet_id, uint8_t reason) {
  law_mqtt_message m = blank((uint8_t)(type << 4 | (type == LAW_MQTT_PUBREL ? 2 : 0)));
  m.packet_id = packet_id;
  m.reason = reason;
  m.present = reason != 0 ? LAW_MQTT_HAS_REASON : 0;
  rig_send(r, c, &m);
}

void rig_disconnect(rig *r, int c, uint8_t reason) {
  law_mqtt_message m = blank(LAW_MQTT_DISCONNECT << 4);
  m.reason = reason;
  m.present = reason != 0 ? LAW_MQTT_HAS_REASON : 0;
  rig_send(r, c, &m);
  rig_expect_closed(r, c);
}

/* ---- Expectations ---- */

packet rig_expect(rig *r, int c, uint8_t type) {
  packet p = rig_next(r, c);
  if (p.type != type) {
    fail_msg("expected %s, got %s", law_mqtt_type_name(type),
             p.closed      ? "a close"
             : p.silence   ? "nothing"
             : p.type == 0 ? law_requirement_name(p.violation.requirement)
                           : law_mqtt_type_name(p.type));
  }
  return p;
}

packet rig_expect_publish(rig *r, int c, const char *topic, const char *payload) {
  packet p = rig_expect(r, c, LAW_MQTT_PUBLISH);
  assert_int_equal(p.m.u.publish.topic.len, strlen(topic));
  assert_memory_equal(p.m.u.publish.topic.data, topic, strlen(topic));
  assert_int_equal(p.m.u.publish.payload.len, strlen(payload));
  assert_memory_equal(p.m.u.publish.payload.data, payload, strlen(payload));
  return p;
}

void rig_expect_closed(rig *r, int c) {
  packet p = rig_next(r, c);
  if (!p.closed) {
    fail_msg("expected a close, got %s", p.silence ? "nothing" : law_mqtt_type_name(p.type));
  }
}

void rig_expect_nothing(rig *r, int c) {
  law_mqtt_message m = blank(LAW_MQTT_PINGREQ << 4);
  rig_sleep(r, 30);
  rig_send(r, c, &m);
  rig_expect(r, c, LAW_MQTT_PINGRESP);
}
