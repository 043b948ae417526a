/* The table of faults, and that faults of each group really show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peers/base/map.h"
#include "peers/base/memory.h"
#include "peers/tests/rig.h"

/* ---- The table ---- */

typedef struct tally {
  law_map names;
  size_t num[2];
} tally;

static void check_info(void *user, const law_fault_info *info) {
  tally *t = user;
  law_faults f = {0};
  bool known = law_faults_add(&f, info->role, info->name);
  if (!known) {
    fail_msg("%s is listed and cannot be switched on", info->name);
  }
  if (law_map_set(&t->names, law_bytes_text(info->name), t) != NULL) {
    fail_msg("%s is listed twice", info->name);
  }
  assert_true(info->mqtt5 != NULL || info->mqtt311 != NULL);
  if (info->mqtt5 != NULL && law_requirement_find(info->mqtt5) == LAW_R_NONE) {
    fail_msg("%s: no requirement %s", info->name, info->mqtt5);
  }
  if (info->mqtt311 != NULL && law_requirement_find(info->mqtt311) == LAW_R_NONE) {
    fail_msg("%s: no requirement %s", info->name, info->mqtt311);
  }
  t->num[info->role]++;
}

static void test_table(void **state) {
  (void)state;
  tally t = {0};
  law_faults_each(check_info, &t);
  assert_true(t.num[LAW_SERVER] > 250);
  assert_true(t.num[LAW_CLIENT] > 150);
  law_map_free(&t.names);
}

static void test_unknown_names(void **state) {
  (void)state;
  law_faults f = {0};
  assert_false(law_faults_add(&f, LAW_SERVER, "no-such-fault"));
  assert_false(
      law_faults_add(&f, LAW_SERVER, "accept:MQTT5-3.2.2-1")); /* only clients get CONNACK */
  assert_false(law_faults_add(&f, LAW_CLIENT, "no-pingresp"));
  assert_false(law_faults_add(&f, LAW_SERVER, "accept:"));
}

/* ---- Faults that show ---- */

static rig *with(const char *fault) {
  const char *const faults[] = {fault, NULL};
  return rig_new(faults);
}

static int opened(rig *r, uint8_t version, const char *id) {
  return rig_open(r, version, &(connect_options){.id = id}, NULL);
}

static void test_accept(void **state) {
  (void)state;
  rig *r = with("accept:MQTT5-3.1.2-3");
  int c = rig_dial(r, LAW_MQTT_5);
  rig_send_hex(r, c, "10 0d 0004 4d515454 05 03 0000 00 0000"); /* the reserved flag */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0);
  rig_free(r);
  r = with("accept:MQTT311-3.8.1-1");
  c = opened(r, LAW_MQTT_311, "a");
  rig_send_hex(r, c, "80 06 0001 0001 74 00"); /* SUBSCRIBE with flags 0000 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_SUBACK).m.packet_id, 1);
  rig_expect_nothing(r, c);
  rig_free(r);
}

static void test_stays_open(void **state) {
  (void)state;
  rig *r = with("stays-open:MQTT5-3.3.1-4");
  int c = opened(r, LAW_MQTT_5, "a");
  rig_send_hex(r, c, "36 06 0001 74 0001 00"); /* QoS 3 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x81);
  rig_expect_nothing(r, c);
  rig_free(r);
}

static void test_send(void **state) {
  (void)state;
  rig *r = with("send:MQTT5-3.2.2.3.3/dup");
  int c = rig_dial(r, LAW_MQTT_5);
  rig_connect(r, c, &(connect_options){.id = "a", .user = "ann"});
  assert_int_equal(rig_next(r, c).type, 0); /* a CONNACK that is none */
  opened(r, LAW_MQTT_5, "b");               /* without a user name all is well */
  rig_free(r);
}

/* Every "send:" fault breaks the rule that it is named after, in one of the packets where it
 * strikes. */
static void check_send(void *user, const law_fault_info *info) {
  size_t *num = user;
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  if (strncmp(info->name, "send:", 5) != 0) {
    return;
  }
  rig *r = with(info->name);
  int c = rig_dial(r, LAW_MQTT_5);
  rig_connect(r, c, &(connect_options){.id = "a", .user = "ann"});
  rig_subscribe(r, c, 65535, "t", 0, 0);
  rig_unsubscribe(r, c, 65535, "t");
  for (int i = 0; i < 3 && v.requirement == LAW_R_NONE; i++) {
    v = rig_next(r, c).violation;
  }
  if (v.requirement != law_requirement_find(info->mqtt5)) {
    fail_msg("%s broke %s", info->name, law_requirement_name(v.requirement));
  }
  rig_free(r);
  (*num)++;
}

static void test_all_sends(void **state) {
  size_t num = 0;
  (void)state;
  law_faults_each(check_send, &num);
  assert_true(num > 20);
}

static void test_sessions(void **state) {
  (void)state;
  bool present;
  connect_options keep = {.id = "s", .resume = true, .expiry = 100};
  rig *r = with("session-present-0");
  rig_disconnect(r, rig_open(r, LAW_MQTT_5, &keep, NULL), 0);
  rig_open(r, LAW_MQTT_5, &keep, &present);
  assert_false(present);
  rig_free(r);
  r = with("takeover-leaves-open");
  int old = rig_open(r, LAW_MQTT_311, &keep, NULL);
  rig_open(r, LAW_MQTT_311, &keep, NULL);
  rig_expect_nothing(r, old);
  rig_free(r);
  r = with("forget-subscriptions");
  int sub = rig_open(r, LAW_MQTT_5, &keep, NULL);
  rig_subscribed(r, sub, "t", 1, 1);
  rig_disconnect(r, sub, 0);
  sub = rig_open(r, LAW_MQTT_5, &keep, &present);
  assert_true(present);
  rig_publish(r, sub, 0, 0, "t", "x");
  rig_expect_nothing(r, sub);
  rig_free(r);
}

static void test_wills(void **state) {
  (void)state;
  connect_options o = {.id = "w", .will_topic = "will", .will_payload = "gone"};
  rig *r = with("will-after-normal-disconnect");
  int sub = opened(r, LAW_MQTT_5, "sub");
  rig_subscribed(r, sub, "will", 0, 0);
  rig_disconnect(r, rig_open(r, LAW_MQTT_5, &o, NULL), 0);
  rig_expect_publish(r, sub, "will", "gone");
  rig_free(r);
  r = with("will-twice");
  sub = opened(r, LAW_MQTT_311, "sub");
  rig_subscribed(r, sub, "will", 0, 0);
  rig_abort(r, rig_open(r, LAW_MQTT_311, &o, NULL));
  rig_expect_publish(r, sub, "will", "gone");
  rig_expect_publish(r, sub, "will", "gone");
  rig_free(r);
}

static void test_topics(void **state) {
  (void)state;
  rig *r = with("wildcard-matches-dollar");
  int c = opened(r, LAW_MQTT_311, "a");
  rig_subscribed(r, c, "#", 0, 0);
  packet p = rig_expect(r, c, LAW_MQTT_PUBLISH);
  assert_memory_equal(p.m.u.publish.topic.data, "$SYS", 4);
  rig_free(r);
  r = with("match-ignores-case");
  c = opened(r, LAW_MQTT_311, "a");
  rig_subscribed(r, c, "t/a", 0, 0);
  rig_publish(r, c, 0, 0, "T/A", "x");
  rig_expect_publish(r, c, "T/A", "x");
  rig_free(r);
}

static void test_delivery(void **state) {
  (void)state;
  rig *r = with("deliver-published-qos");
  int c = opened(r, LAW_MQTT_5, "a");
  rig_subscribed(r, c, "t", 0, 0);
  rig_publish(r, c, 2, 1, "t", "x");
  packet p = rig_expect_publish(r, c, "t", "x");
  assert_int_equal(law_mqtt_qos(&p.m), 1);
  rig_free(r);
  r = with("receive-maximum-ignored");
  int sub = rig_open(r, LAW_MQTT_5, &(connect_options){.id = "s", .receive_maximum = 1}, NULL);
  rig_subscribed(r, sub, "t", 1, 1);
  c = opened(r, LAW_MQTT_5, "p");
  rig_publish(r, c, 2, 1, "t", "1");
  rig_publish(r, c, 2, 2, "t", "2");
  rig_expect_publish(r, sub, "t", "1");
  rig_expect_publish(r, sub, "t", "2");
  rig_free(r);
  r = with("puback-wrong-id");
  c = opened(r, LAW_MQTT_5, "a");
  rig_publish(r, c, 2, 65535, "t", "x");
  assert_int_equal(rig_expect(r, c, LAW_MQTT_PUBACK).m.packet_id, 1);
  rig_free(r);
}

static void test_reorder(void **state) {
  (void)state;
  rig *r = with("reorder");
  int sub = opened(r, LAW_MQTT_311, "s"), pub = opened(r, LAW_MQTT_311, "p");
  rig_subscribed(r, sub, "t", 1, 1);
  static const char *const in[] = {"1", "2", "3", "4", "5"}, *const out[] = {"1", "2", "3", "5",
                                                                             "4"};
  for (uint16_t i = 0; i < 5; i++) {
    rig_publish(r, pub, 2, (uint16_t)(i + 1), "t", in[i]);
  }
  for (size_t i = 0; i < 5; i++) {
    rig_expect_publish(r, sub, "t", out[i]);
  }
  rig_free(r);
}

static void test_errors(void **state) {
  (void)state;
  rig *r = with("second-connect-ignored");
  int c = opened(r, LAW_MQTT_5, "a");
  rig_connect(r, c, &(connect_options){.id = "a"});
  rig_expect_nothing(r, c);
  rig_free(r);
  r = with("disconnect-unspecific");
  c = opened(r, LAW_MQTT_5, "a");
  rig_send_hex(r, c, "a2 03 0001 00"); /* UNSUBSCRIBE without a filter */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x80);
  rig_expect_closed(r, c);
  rig_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_table),    cmocka_unit_test(test_unknown_names),
      cmocka_unit_test(test_accept),   cmocka_unit_test(test_stays_open),
      cmocka_unit_test(test_send),     cmocka_unit_test(test_sessions),
      cmocka_unit_test(test_wills),    cmocka_unit_test(test_topics),
      cmocka_unit_test(test_delivery), cmocka_unit_test(test_reorder),
      cmocka_unit_test(test_errors),   cmocka_unit_test(test_all_sends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
