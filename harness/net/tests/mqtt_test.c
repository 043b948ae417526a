/* The loop with MQTT's codec and monitor: what both ends learn of a conversation. */
#include <string.h>

#include "monitors/judge.h"
#include "mqtt/mqtt.h"
#include "net/tests/rig.h"

static const law_endpoint transports[] = {{.transport = LAW_TCP}, {.transport = LAW_WS}};

static const uint8_t connect_5[] = "\x10\x10\0\4MQTT\5\2\0\x3c\0\0\3abc";
static const uint8_t connect_311[] = "\x10\x0f\0\4MQTT\4\2\0\x3c\0\3abc";
static const uint8_t connack_5[] = "\x20\3\0\0\0";
static const uint8_t connack_311[] = "\x20\2\0\0";
static const uint8_t publish_5[] = "\x30\6\0\1t\0hi";

#define SEND(r, handle, packet) rig_send(r, handle, packet, sizeof(packet) - 1)

static const law_mqtt_message *expect_packet(rig *r, law_handle handle, const char *type) {
  law_event e = rig_expect(r, LAW_EV_MESSAGE, handle);
  assert_int_equal(e.status, LAW_OK);
  assert_string_equal(e.type->name, type);
  assert_int_equal(e.num_violations, 0);
  return e.message;
}

static void start(rig *r, const law_endpoint *transport) {
  const law_protocol *mqtt = law_protocol_find("mqtt");
  assert_non_null(mqtt);
  rig_start(r, mqtt, transport);
  rig_monitor(r, mqtt);
  rig_pair(r, transport);
}

/* The version that CONNECT said holds for both directions, at both ends. */
static void versions(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    rig r;
    start(&r, &transports[i]);
    SEND(&r, r.client, connect_5);
    assert_int_equal(expect_packet(&r, r.server, "CONNECT")->version, LAW_MQTT_5);
    SEND(&r, r.server, connack_5);
    assert_int_equal(expect_packet(&r, r.client, "CONNACK")->version, LAW_MQTT_5);
    SEND(&r, r.client, publish_5);
    const law_mqtt_message *m = expect_packet(&r, r.server, "PUBLISH");
    assert_int_equal(m->u.publish.payload.len, 2);
    assert_memory_equal(m->u.publish.payload.data, "hi", 2);
    rig_stop(&r);
    start(&r, &transports[i]);
    SEND(&r, r.client, connect_311);
    assert_int_equal(expect_packet(&r, r.server, "CONNECT")->version, LAW_MQTT_311);
    SEND(&r, r.server, connack_311);
    assert_int_equal(expect_packet(&r, r.client, "CONNACK")->version, LAW_MQTT_311);
    rig_stop(&r);
  }
}

/* The decoder's violation and the monitor's, named by their requirements. */
static void violations(void **state) {
  (void)state;
  rig r;
  start(&r, &transports[0]);
  SEND(&r, r.client, connect_311);
  (void)expect_packet(&r, r.server, "CONNECT");
  rig_send(&r, r.server, "\x20\2\2\0", 4);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.client);
  assert_int_equal(e.status, LAW_MALFORMED);
  assert_true(e.num_violations >= 1);
  assert_int_not_equal(e.violations[0].requirement, LAW_R_NONE);
  assert_int_equal(e.violations[0].offset, 2);
  rig_stop(&r);
  start(&r, &transports[0]);
  SEND(&r, r.client, connect_5);
  (void)expect_packet(&r, r.server, "CONNECT");
  SEND(&r, r.server, connack_5);
  (void)expect_packet(&r, r.client, "CONNACK");
  SEND(&r, r.server, connack_5);
  e = rig_expect(&r, LAW_EV_MESSAGE, r.client);
  assert_int_equal(e.status, LAW_OK);
  assert_true(e.num_violations >= 1);
  rig_stop(&r);
}

/* Without CONNECT, what is assumed of the scope holds. */
static void assumed(void **state) {
  (void)state;
  rig r;
  rig_start(&r, law_protocol_find("mqtt"), &transports[0]);
  assert_true(law_net_assume(r.net, r.scope, "mqtt311"));
  assert_false(law_net_assume(r.net, r.scope, "mqtt7"));
  rig_pair(&r, &transports[0]);
  SEND(&r, r.server, connack_311);
  assert_int_equal(expect_packet(&r, r.client, "CONNACK")->version, LAW_MQTT_311);
  rig_stop(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(versions),
      cmocka_unit_test(violations),
      cmocka_unit_test(assumed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
