#include "mqtt/names.h"

#include "support.h"

static void same_code_other_packet(void **state) {
  (void)state;
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_PUBACK, LAW_MQTT_5, 0), "Success");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_SUBACK, LAW_MQTT_5, 0), "Granted QoS 0");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_DISCONNECT, LAW_MQTT_5, 0),
                      "Normal disconnection");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_CONNACK, LAW_MQTT_5, 0x87), "Not authorized");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_CONNACK, LAW_MQTT_311, 5), "Not authorized");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_CONNACK, LAW_MQTT_31, 1),
                      "Unacceptable protocol version");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_CONNACK, LAW_MQTT_311, 0x87), "unassigned");
  assert_string_equal(law_mqtt_reason_name(LAW_MQTT_PUBREL, LAW_MQTT_5, 0x10), "unassigned");
}

static void allowed(void **state) {
  (void)state;
  assert_true(law_mqtt_reason_allowed(LAW_MQTT_PUBACK, 0x10));
  assert_false(law_mqtt_reason_allowed(LAW_MQTT_PUBREL, 0x10));
  assert_true(law_mqtt_reason_allowed(LAW_MQTT_DISCONNECT, 0x8c));
  assert_false(law_mqtt_reason_allowed(LAW_MQTT_AUTH, 0x87));
  for (unsigned code = 0; code < 256; code++) {
    for (uint8_t type = LAW_MQTT_CONNACK; type <= LAW_MQTT_AUTH; type++) {
      if (code > 0 && law_mqtt_reason_allowed(type, (uint8_t)code)) {
        assert_string_not_equal(law_mqtt_reason_name(type, LAW_MQTT_5, (uint8_t)code),
                                "unassigned");
      }
    }
  }
}

static void types(void **state) {
  (void)state;
  assert_string_equal(law_mqtt_type_name(LAW_MQTT_CONNECT), "CONNECT");
  assert_string_equal(law_mqtt_type_name(LAW_MQTT_AUTH), "AUTH");
  assert_string_equal(law_mqtt_type_name(0), "reserved");
  assert_string_equal(law_mqtt_type_name(16), "reserved");
}

static void statuses(void **state) {
  (void)state;
  assert_string_equal(law_status_name(LAW_OK), "ok");
  assert_string_equal(law_status_name(LAW_NEED_MORE), "need_more");
  assert_string_equal(law_status_name(LAW_MALFORMED), "malformed");
  assert_string_equal(law_status_name(LAW_PROTOCOL_ERROR), "protocol_error");
  assert_string_equal(law_status_name(LAW_LIMIT), "limit");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_code_other_packet),
                                     cmocka_unit_test(allowed), cmocka_unit_test(types),
                                     cmocka_unit_test(statuses)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
