/* The client on the reference broker, and on a server that says what a test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peers/base/buffer.h"
#include "peers/base/memory.h"
#include "peers/client.h"
#include "peers/tests/rig.h"

/* A client and all it told, as text; and, without a broker, the server's end of its connection. */
typedef struct desk {
  law_peer peer;
  law_net *net;
  law_client *client;
  law_handle listener, conn;
  law_handle scope;
  uint16_t port;
  uint8_t version;
  law_buffer told;
  law_bytes packets[256];
  size_t num, taken;
  bool closed;
} desk;

static void tell(desk *d, const char *text) {
  law_buffer_add(&d->told, law_bytes_text(text));
  law_buffer_add(&d->told, law_bytes_text(" "));
}

static void sink(void *user, const law_client_event *e) {
  char text[256];
  desk *d = user;
  switch (e->kind) {
    case LAW_CLIENT_DONE:
      snprintf(text, sizeof text, "done:%s", e->verb);
      break;
    case LAW_CLIENT_ERROR:
      snprintf(text, sizeof text, "error:%s", e->verb);
      break;
    case LAW_CLIENT_CONNECTED:
      snprintf(text, sizeof text, "connected:%u:%d", e->reason, e->session_present);
      break;
    case LAW_CLIENT_MESSAGE:
      snprintf(text, sizeof text, "message:%.*s:%.*s:%u", (int)e->topic.len,
               (const char *)e->topic.data, (int)e->payload.len, (const char *)e->payload.data,
               e->qos);
      break;
    default:
      snprintf(text, sizeof text, "closed");
  }
  tell(d, text);
}

static void handle(law_peer *peer, const law_event *event) {
  desk *d = (desk *)(void *)peer;
  if (event->kind == LAW_EV_ACCEPTED) {
    d->conn = event->handle;
    d->closed = false;
  } else if (event->handle == d->conn && event->kind == LAW_EV_MESSAGE && d->num < 256) {
    d->packets[d->num++] = law_copy_bytes(event->wire);
  } else if (event->handle == d->conn && event->kind == LAW_EV_CLOSED) {
    d->closed = true;
    law_net_close(d->net, d->conn, LAW_CLOSE_FIN);
  }
}

/* Faults by name, NULL-terminated; NULL for none. |net| NULL: a loop and a bare server of its
 * own. */
static desk *desk_new(law_net *net, uint16_t port, uint8_t version, const char *fault) {
  desk *d = law_alloc(sizeof *d);
  law_faults faults = {0};
  d->peer.handle = handle;
  d->version = version;
  d->net = net != NULL ? net : law_net_new();
  d->port = port;
  if (fault != NULL) {
    assert_true(law_faults_add(&faults, LAW_CLIENT, fault));
  }
  if (net == NULL) {
    law_endpoint at = {.transport = LAW_TCP, .host = "127.0.0.1"};
    d->scope = law_net_scope(d->net, &law_mqtt_codec, LAW_CLIENT, false);
    d->listener = law_net_listen(d->net, d->scope, &at, d);
    d->port = law_net_port(d->net, d->listener);
  }
  d->client = law_client_new(d->net, &faults, sink, d);
  return d;
}

static void desk_free(desk *d) {
  law_client_free(d->client);
  for (size_t i = 0; i < d->num; i++) {
    law_free_bytes(&d->packets[i]);
  }
  law_buffer_free(&d->told);
  if (d->listener != 0) {
    law_net_free(d->net);
  }
  free(d);
}

static void run(desk *d, unsigned ms) {
  uint64_t until = law_net_now() + ms * UINT64_C(1000000);
  while (law_net_now() < until) {
    law_peers_run(d->net, until);
  }
}

/* Waits until the client has told |text|; what it told so far is then forgotten. */
static void expect_told(desk *d, const char *text) {
  uint64_t until = law_net_now() + UINT64_C(2000000000);
  for (;;) {
    law_buffer_add(&d->told, law_bytes_of("", 1));
    d->told.len--;
    if (strstr((const char *)d->told.data, text) != NULL) {
      break;
    }
    if (law_net_now() >= until) {
      fail_msg("expected \"%s\", got \"%s\"", text, (const char *)d->told.data);
    }
    law_peers_run(d->net, until);
  }
  d->told.len = 0;
}

static law_bytes next_packet(desk *d) {
  uint64_t until = law_net_now() + UINT64_C(2000000000);
  while (d->taken == d->num && !d->closed && law_net_now() < until) {
    law_peers_run(d->net, until);
  }
  return d->taken < d->num ? d->packets[d->taken++] : law_bytes_of(NULL, 0);
}

static law_mqtt_message expect_packet(desk *d, uint8_t type) {
  law_mqtt_message m;
  law_violation v;
  law_bytes wire = next_packet(d);
  if (wire.len == 0 || wire.data[0] >> 4 != type) {
    fail_msg("expected %s, got %s", law_mqtt_type_name(type),
             wire.len > 0 ? law_mqtt_type_name(wire.data[0] >> 4) : "nothing");
  }
  assert_int_equal(law_mqtt_decode(d->version, wire, &m, &v), LAW_OK);
  return m;
}

static void expect_closed(desk *d) {
  assert_int_equal(next_packet(d).len, 0);
  assert_true(d->closed);
}

static void reply(desk *d, const char *hex) {
  uint8_t bytes[512];
  size_t len = 0;
  unsigned byte;
  for (const char *at = hex; *at != '\0'; at += *at == ' ' ? 1 : 2) {
    if (*at != ' ' && sscanf(at, "%2x", &byte) == 1) {
      bytes[len++] = (uint8_t)byte;
    }
  }
  law_net_send(d->net, d->conn, law_bytes_of(bytes, len), NULL);
}

static law_client_connect how_of(desk *d) {
  return (law_client_connect){
      .to = {.transport = LAW_TCP, .host = "127.0.0.1", .port = d->port},
      .version = d->version,
      .client_id = law_bytes_text("c"),
      .clean_start = true,
      .keep_alive = 60,
  };
}

/* On the bare server: CONNECT, then |connack|. */
static void open_bare(desk *d, const law_client_connect *how, const char *connack) {
  law_client_dial(d->client, how);
  expect_packet(d, LAW_MQTT_CONNECT);
  reply(d, connack);
}

static void publish(desk *d, const char *topic, const char *payload, uint8_t qos, bool retain) {
  law_client_message m = {.topic = law_bytes_text(topic),
                          .payload = law_bytes_text(payload),
                          .qos = qos,
                          .retain = retain};
  law_client_publish(d->client, &m);
}

/* ---- Tests ---- */

static void test_flows_on_the_broker(void **state) {
  (void)state;
  for (uint8_t version = LAW_MQTT_311; version <= LAW_MQTT_5; version++) {
    rig *r = rig_new(NULL);
    desk *d = desk_new(rig_net(r), rig_port(r), version, NULL);
    law_client_connect how = how_of(d);
    law_client_dial(d->client, &how);
    law_client_subscribe(d->client, law_bytes_text("t/#"), 2, (law_list){0});
    expect_told(d, "done:subscribe");
    for (uint8_t qos = 0; qos <= 2; qos++) {
      char expected[32];
      publish(d, "t/x", "hi", qos, false);
      snprintf(expected, sizeof expected, "message:t/x:hi:%u", qos);
      expect_told(d, expected);
    }
    law_client_unsubscribe(d->client, law_bytes_text("t/#"), (law_list){0});
    expect_told(d, "done:unsubscribe");
    law_client_disconnect(d->client, 0, (law_list){0});
    expect_told(d, "done:disconnect closed");
    desk_free(d);
    rig_free(r);
  }
}

static void test_session_resumed(void **state) {
  (void)state;
  desk *d = desk_new(NULL, 0, LAW_MQTT_311, NULL);
  law_client_connect how = how_of(d);
  how.clean_start = false;
  open_bare(d, &how, "20020000");
  publish(d, "a", "1", 1, false);
  publish(d, "b", "2", 2, false);
  uint16_t one = expect_packet(d, LAW_MQTT_PUBLISH).packet_id;
  uint16_t two = expect_packet(d, LAW_MQTT_PUBLISH).packet_id;
  assert_int_not_equal(one, two);
  reply(d, "50020002"); /* PUBREC of the second */
  assert_int_equal(expect_packet(d, LAW_MQTT_PUBREL).packet_id, two);
  law_net_close(d->net, d->conn, LAW_CLOSE_RST);
  expect_told(d, "closed");
  open_bare(d, &how, "20020100");
  law_mqtt_message m = expect_packet(d, LAW_MQTT_PUBLISH);
  assert_int_equal(m.packet_id, one);
  assert_true(law_mqtt_dup(&m));
  assert_int_equal(expect_packet(d, LAW_MQTT_PUBREL).packet_id, two);
  reply(d, "40020001 70020002");
  expect_told(d, "done:publish done:publish");
  desk_free(d);
}

static void test_server_limits(void **state) {
  (void)state;
  desk *d = desk_new(NULL, 0, LAW_MQTT_5, NULL);
  law_client_connect how = how_of(d);
  /* receive maximum 1, maximum QoS 1, no retain, maximum packet size 40, no wildcards, no shared */
  open_bare(d, &how, "20 13 00 00 10 210001 2401 2500 2700000028 2800 2a00");
  expect_told(d, "connected:0:0");
  publish(d, "t", "x", 2, false);
  expect_told(d, "error:publish");
  publish(d, "t", "x", 0, true);
  expect_told(d, "error:publish");
  publish(d, "t", "a payload that does not fit into forty bytes", 0, false);
  expect_told(d, "error:publish");
  law_client_subscribe(d->client, law_bytes_text("a/#"), 0, (law_list){0});
  expect_told(d, "error:subscribe");
  law_client_subscribe(d->client, law_bytes_text("$share/g/a"), 0, (law_list){0});
  expect_told(d, "error:subscribe");
  publish(d, "t", "1", 1, false);
  publish(d, "t", "2", 1, false);
  assert_int_equal(expect_packet(d, LAW_MQTT_PUBLISH).packet_id, 1);
  law_client_subscribe(d->client, law_bytes_text("a"), 0, (law_list){0});
  expect_packet(d, LAW_MQTT_SUBSCRIBE); /* only PUBLISH waits */
  reply(d, "40020001");
  expect_packet(d, LAW_MQTT_PUBLISH);
  desk_free(d);
}

static void test_keep_alive(void **state) {
  (void)state;
  desk *d = desk_new(NULL, 0, LAW_MQTT_5, NULL);
  law_client_connect how = how_of(d);
  open_bare(d, &how, "20 06 00 00 03 130001"); /* server keep alive 1 */
  uint64_t before = law_net_now();
  expect_packet(d, LAW_MQTT_PINGREQ);
  assert_true(law_net_now() - before < UINT64_C(1000000000));
  desk_free(d);
}

static void test_bad_servers(void **state) {
  static const struct {
    const char *hex;
    uint8_t reason;
  } rows[] = {
      {"36 06 0001 74 0001 00", 0x81},          /* QoS 3 */
      {"20 03 00 00 00", 0x82},                 /* a second CONNACK */
      {"30 07 0001 74 03 230001", 0x94},        /* an alias that was not allowed */
      {"30 04 0000 00 78", 0x82},               /* no topic */
      {"c0 00", 0x82},                          /* a client's packet */
      {"f0 0a 18 08 15 0005 6f74686572", 0x82}, /* AUTH that nobody asked for */
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    desk *d = desk_new(NULL, 0, LAW_MQTT_5, NULL);
    law_client_connect how = how_of(d);
    open_bare(d, &how, "20 03 00 00 00");
    expect_told(d, "connected");
    reply(d, rows[i].hex);
    assert_int_equal(expect_packet(d, LAW_MQTT_DISCONNECT).reason, rows[i].reason);
    expect_closed(d);
    desk_free(d);
  }
}

static void test_unknown_session(void **state) {
  (void)state;
  desk *d = desk_new(NULL, 0, LAW_MQTT_5, NULL);
  law_client_connect how = how_of(d);
  how.clean_start = false;
  open_bare(d, &how, "20 03 01 00 00");
  expect_packet(d, LAW_MQTT_DISCONNECT);
  expect_closed(d);
  desk_free(d);
}

static void test_incoming(void **state) {
  (void)state;
  desk *d = desk_new(NULL, 0, LAW_MQTT_311, NULL);
  law_client_connect how = how_of(d);
  open_bare(d, &how, "20020000");
  reply(d, "32 06 0001 74 0007 78"); /* QoS 1 */
  assert_int_equal(expect_packet(d, LAW_MQTT_PUBACK).packet_id, 7);
  reply(d, "34 06 0001 74 0008 79 3c 06 0001 74 0008 79"); /* QoS 2, twice */
  expect_packet(d, LAW_MQTT_PUBREC);
  expect_packet(d, LAW_MQTT_PUBREC);
  reply(d, "62020008");
  assert_int_equal(expect_packet(d, LAW_MQTT_PUBCOMP).packet_id, 8);
  expect_told(d, "message:t:x:1 message:t:y:2 ");
  run(d, 20);
  assert_int_equal(d->told.len, 0);
  desk_free(d);
}

/* The first packet that a client with |fault| sends for |type|, and what is wrong with it. */
static law_requirement wrong_with(const char *fault, uint8_t version, uint8_t type) {
  law_mqtt_message m;
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  desk *d = desk_new(NULL, 0, version, fault);
  law_client_message will = {.topic = law_bytes_text("w"), .payload = law_bytes_text("x")};
  law_client_connect how = how_of(d);
  how.has_user = how.has_password = true;
  how.user = how.password = law_bytes_text("u");
  how.will = type == LAW_MQTT_CONNECT ? &will : NULL;
  law_client_dial(d->client, &how);
  law_bytes wire = next_packet(d);
  if (type != LAW_MQTT_CONNECT) {
    reply(d, version == LAW_MQTT_5 ? "20 03 00 00 00" : "20020000");
    publish(d, "a/b/c", "x", 0, true);
    law_client_subscribe(d->client, law_bytes_text("s"), 2, (law_list){0});
    law_client_unsubscribe(d->client, law_bytes_text("s"), (law_list){0});
    do {
      wire = next_packet(d);
    } while (wire.len > 0 && wire.data[0] >> 4 != type);
  }
  assert_true(wire.len > 0);
  law_mqtt_decode(version, wire, &m, &v);
  desk_free(d);
  return v.requirement;
}

static void test_wrong_bytes(void **state) {
  static const struct {
    const char *fault;
    uint8_t version, type;
    law_requirement requirement;
  } rows[] = {
      {"client-reserved-connect-flag", LAW_MQTT_5, LAW_MQTT_CONNECT, LAW_R_MQTT5_3_1_2_3},
      {"client-will-qos-3", LAW_MQTT_5, LAW_MQTT_CONNECT, LAW_R_MQTT5_3_1_2_12},
      {"client-user-name-text", LAW_MQTT_311, LAW_MQTT_CONNECT, LAW_R_MQTT311_1_5_3_1},
      {"client-password-alone", LAW_MQTT_311, LAW_MQTT_CONNECT, LAW_R_MQTT311_3_1_2_22},
      {"client-send:MQTT5-3.1.2.11.2/dup", LAW_MQTT_5, LAW_MQTT_CONNECT,
       LAW_R_MQTT5_3_1_2_11_2_DUP},
      {"client-send:MQTT5-3.1.2.11.3/value", LAW_MQTT_5, LAW_MQTT_CONNECT,
       LAW_R_MQTT5_3_1_2_11_3_VALUE},
      {"client-send:MQTT5-3.1.3.2.2/dup", LAW_MQTT_5, LAW_MQTT_CONNECT, LAW_R_MQTT5_3_1_3_2_2_DUP},
      {"client-topic-wildcard", LAW_MQTT_5, LAW_MQTT_PUBLISH, LAW_R_MQTT5_3_3_2_2},
      {"client-topic-empty", LAW_MQTT_311, LAW_MQTT_PUBLISH, LAW_R_MQTT311_4_7_3_1},
      {"client-subscribe-flags", LAW_MQTT_5, LAW_MQTT_SUBSCRIBE, LAW_R_MQTT5_3_8_1_1},
      {"client-subscribe-empty", LAW_MQTT_5, LAW_MQTT_SUBSCRIBE, LAW_R_MQTT5_3_8_3_2},
      {"client-subscribe-qos-3", LAW_MQTT_5, LAW_MQTT_SUBSCRIBE, LAW_R_MQTT5_3_8_3_1_QOS_3},
      {"client-no-local-shared", LAW_MQTT_5, LAW_MQTT_SUBSCRIBE, LAW_R_MQTT5_3_8_3_4},
      {"client-filter-hash", LAW_MQTT_5, LAW_MQTT_SUBSCRIBE, LAW_R_MQTT5_4_7_1_1},
      {"client-unsubscribe-flags", LAW_MQTT_311, LAW_MQTT_UNSUBSCRIBE, LAW_R_MQTT311_3_10_1_1},
      {NULL, LAW_MQTT_5, LAW_MQTT_UNSUBSCRIBE, LAW_R_NONE},
      {NULL, LAW_MQTT_311, LAW_MQTT_CONNECT, LAW_R_NONE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    law_requirement found = wrong_with(rows[i].fault, rows[i].version, rows[i].type);
    if (found != rows[i].requirement) {
      fail_msg("%s broke %s, expected %s", rows[i].fault != NULL ? rows[i].fault : "no fault",
               law_requirement_name(found), law_requirement_name(rows[i].requirement));
    }
  }
}

/* Every "client-send:" fault breaks the rule that it is named after. */
static void check_send(void *user, const law_fault_info *info) {
  static const uint8_t types[] = {LAW_MQTT_CONNECT, LAW_MQTT_SUBSCRIBE, LAW_MQTT_UNSUBSCRIBE};
  size_t *num = user;
  if (strncmp(info->name, "client-send:", 12) != 0) {
    return;
  }
  for (size_t i = 0; i < sizeof types; i++) {
    law_requirement found = wrong_with(info->name, LAW_MQTT_5, types[i]);
    if (found == law_requirement_find(info->mqtt5)) {
      (*num)++;
      return;
    }
  }
  fail_msg("%s does not show", info->name);
}

static void test_all_sends(void **state) {
  size_t num = 0;
  (void)state;
  law_faults_each(check_send, &num);
  assert_true(num > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_flows_on_the_broker),
      cmocka_unit_test(test_session_resumed),
      cmocka_unit_test(test_server_limits),
      cmocka_unit_test(test_keep_alive),
      cmocka_unit_test(test_bad_servers),
      cmocka_unit_test(test_unknown_session),
      cmocka_unit_test(test_incoming),
      cmocka_unit_test(test_wrong_bytes),
      cmocka_unit_test(test_all_sends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
