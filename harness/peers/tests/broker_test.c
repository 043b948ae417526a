/* The broker's main flows over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "peers/tests/rig.h"

static const uint8_t versions[] = {LAW_MQTT_311, LAW_MQTT_5};

static int id_names = 0;
static const char *fresh_id(void) {
  static char name[32];
  snprintf(name, sizeof name, "client%d", ++id_names);
  return name;
}

static bool retain_of(packet p) { return law_mqtt_retain(&p.m); }
static bool dup_of(packet p) { return law_mqtt_dup(&p.m); }

static int opened(rig *r, uint8_t version) {
  connect_options o = {.id = fresh_id()};
  return rig_open(r, version, &o, NULL);
}

static void test_qos_of_publisher_and_subscriber(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    for (uint8_t granted = 0; granted <= 2; granted++) {
      rig *r = rig_new(NULL);
      int sub = opened(r, versions[v]), pub = opened(r, versions[v]);
      rig_subscribed(r, sub, "a/+", granted, granted);
      rig_publish(r, pub, 2 << 1, 9, "a/b", "hello");
      assert_int_equal(rig_expect(r, pub, LAW_MQTT_PUBREC).m.packet_id, 9);
      rig_ack(r, pub, LAW_MQTT_PUBREL, 9, 0);
      assert_int_equal(rig_expect(r, pub, LAW_MQTT_PUBCOMP).m.packet_id, 9);
      packet p = rig_expect_publish(r, sub, "a/b", "hello");
      assert_int_equal(law_mqtt_qos(&p.m), granted);
      uint16_t id = p.m.packet_id;
      if (granted == 1) {
        rig_ack(r, sub, LAW_MQTT_PUBACK, id, 0);
      } else if (granted == 2) {
        rig_ack(r, sub, LAW_MQTT_PUBREC, id, 0);
        assert_int_equal(rig_expect(r, sub, LAW_MQTT_PUBREL).m.packet_id, id);
        rig_ack(r, sub, LAW_MQTT_PUBCOMP, id, 0);
      }
      rig_expect_nothing(r, sub);
      rig_free(r);
    }
  }
}

static void test_session_resumed(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    bool present;
    rig *r = rig_new(NULL);
    connect_options o = {.id = "s", .resume = true, .expiry = 100};
    int sub = rig_open(r, versions[v], &o, &present), pub = opened(r, versions[v]);
    assert_false(present);
    rig_subscribed(r, sub, "t", 2, 2);
    rig_publish(r, pub, 2, 1, "t", "one");
    rig_publish(r, pub, 4, 2, "t", "two");
    packet p = rig_expect_publish(r, sub, "t", "one");
    uint16_t one = p.m.packet_id;
    uint16_t two = rig_expect_publish(r, sub, "t", "two").m.packet_id;
    rig_ack(r, sub, LAW_MQTT_PUBREC, two, 0);
    rig_expect(r, sub, LAW_MQTT_PUBREL);
    rig_abort(r, sub);
    rig_sleep(r, 30);
    rig_publish(r, pub, 2, 3, "t", "three");
    sub = rig_open(r, versions[v], &o, &present);
    assert_true(present);
    assert_int_equal(rig_expect(r, sub, LAW_MQTT_PUBREL).m.packet_id, two);
    p = rig_expect_publish(r, sub, "t", "one");
    assert_int_equal(p.m.packet_id, one);
    assert_true(law_mqtt_dup(&p.m));
    assert_false(dup_of(rig_expect_publish(r, sub, "t", "three")));
    rig_free(r);
  }
}

static void test_clean_start_discards(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    bool present;
    rig *r = rig_new(NULL);
    connect_options keep = {.id = "s", .resume = true, .expiry = 100}, clean = {.id = "s"};
    int c = rig_open(r, versions[v], &keep, NULL);
    rig_subscribed(r, c, "t", 1, 1);
    rig_disconnect(r, c, 0);
    c = rig_open(r, versions[v], &clean, &present);
    assert_false(present);
    int pub = opened(r, versions[v]);
    rig_publish(r, pub, 0, 0, "t", "x");
    rig_sleep(r, 30);
    rig_expect_nothing(r, c);
    rig_free(r);
  }
}

static void test_session_expires(void **state) {
  (void)state;
  bool present;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "s", .resume = true, .expiry = 1};
  rig_disconnect(r, rig_open(r, LAW_MQTT_5, &o, NULL), 0);
  rig_sleep(r, 1200);
  rig_open(r, LAW_MQTT_5, &o, &present);
  assert_false(present);
  rig_free(r);
}

static void test_takeover(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    rig *r = rig_new(NULL);
    connect_options o = {.id = "same"};
    int old = rig_open(r, versions[v], &o, NULL);
    int young = rig_open(r, versions[v], &o, NULL);
    if (versions[v] == LAW_MQTT_5) {
      assert_int_equal(rig_expect(r, old, LAW_MQTT_DISCONNECT).m.reason, 0x8E);
    }
    rig_expect_closed(r, old);
    rig_expect_nothing(r, young);
    rig_free(r);
  }
}

static void test_wills(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    rig *r = rig_new(NULL);
    int sub = opened(r, versions[v]);
    rig_subscribed(r, sub, "will", 2, 2);
    connect_options o = {.id = "w", .will_topic = "will", .will_payload = "gone", .will_qos = 1};
    rig_disconnect(r, rig_open(r, versions[v], &o, NULL), 0);
    rig_expect_nothing(r, sub);
    rig_abort(r, rig_open(r, versions[v], &o, NULL));
    packet p = rig_expect_publish(r, sub, "will", "gone");
    assert_int_equal(law_mqtt_qos(&p.m), 1);
    assert_false(law_mqtt_retain(&p.m));
    rig_free(r);
  }
}

static void test_will_delay(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  int sub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "will", 0, 0);
  connect_options o = {.id = "w",
                       .resume = true,
                       .expiry = 60,
                       .will_topic = "will",
                       .will_payload = "gone",
                       .will_delay = 1};
  rig_abort(r, rig_open(r, LAW_MQTT_5, &o, NULL));
  rig_sleep(r, 300);
  rig_expect_nothing(r, sub);
  int c = rig_open(r, LAW_MQTT_5, &o, NULL);
  rig_sleep(r, 1000);
  rig_expect_nothing(r, sub);
  rig_abort(r, c);
  rig_sleep(r, 900);
  rig_expect_publish(r, sub, "will", "gone");
  rig_free(r);
}

static void test_retained(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    rig *r = rig_new(NULL);
    int pub = opened(r, versions[v]), early = opened(r, versions[v]);
    rig_subscribed(r, early, "r/#", 0, 0);
    rig_publish(r, pub, 1, 0, "r/1", "old");
    rig_publish(r, pub, 1, 0, "r/1", "new");
    assert_false(retain_of(rig_expect_publish(r, early, "r/1", "old")));
    rig_expect_publish(r, early, "r/1", "new");
    int late = opened(r, versions[v]);
    rig_subscribed(r, late, "r/+", 0, 0);
    assert_true(retain_of(rig_expect_publish(r, late, "r/1", "new")));
    rig_publish(r, pub, 1, 0, "r/1", "");
    rig_expect_publish(r, late, "r/1", "");
    int last = opened(r, versions[v]);
    rig_subscribed(r, last, "#", 0, 0);
    rig_expect_nothing(r, last);
    rig_free(r);
  }
}

static void test_retain_handling(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  int pub = opened(r, LAW_MQTT_5), sub = opened(r, LAW_MQTT_5);
  rig_publish(r, pub, 1, 0, "r", "x");
  rig_expect_nothing(r, pub);
  rig_subscribed(r, sub, "r", 0x20, 0); /* never */
  rig_expect_nothing(r, sub);
  rig_subscribed(r, sub, "r", 0x10, 0); /* only if new, which it is not */
  rig_expect_nothing(r, sub);
  rig_subscribed(r, sub, "r", 0x00, 0); /* always */
  rig_expect_publish(r, sub, "r", "x");
  rig_subscribed(r, sub, "+", 0x10 | 0x08, 0);
  assert_true(retain_of(rig_expect_publish(r, sub, "r", "x")));
  rig_free(r);
}

static void test_matching(void **state) {
  (void)state;
  static const struct {
    const char *filter, *topic;
    bool matches;
  } rows[] = {{"a/#", "a", true},      {"a/#", "a/b/c", true},  {"#", "a/b", true},
              {"+", "a", true},        {"+", "/a", false},      {"/+", "/a", true},
              {"+/+", "/a", true},     {"a/+/c", "a//c", true}, {"a/+", "a", false},
              {"a/+", "a/", true},     {"a", "A", false},       {"a/b", "a//b", false},
              {"#", "$SYS/x", false},  {"+/x", "$y/x", false},  {"a b", "a b", true},
              {"/", "/", true},        {"a/+/#", "a/b", true},  {"a/+/#", "a", false},
              {"+/b/+", "a/b/c", true}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    rig *r = rig_new(NULL);
    int sub = opened(r, LAW_MQTT_311), pub = opened(r, LAW_MQTT_311);
    rig_subscribed(r, sub, rows[i].filter, 0, 0);
    rig_publish(r, pub, 0, 0, rows[i].topic, "x");
    if (rows[i].matches) {
      rig_expect_publish(r, sub, rows[i].topic, "x");
    }
    rig_expect_nothing(r, pub);
    rig_expect_nothing(r, sub);
    rig_free(r);
  }
}

static size_t count_ids(const packet *p, uint32_t *out_sum) {
  law_mqtt_property one;
  law_list it = p->m.properties;
  size_t num = 0;
  *out_sum = 0;
  while (law_mqtt_next_property(&it, &one)) {
    if (one.id == LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER) {
      num++;
      *out_sum += one.number;
    }
  }
  return num;
}

static void test_overlapping_subscriptions(void **state) {
  (void)state;
  uint32_t sum;
  rig *r = rig_new(NULL);
  int sub = opened(r, LAW_MQTT_5), pub = opened(r, LAW_MQTT_5);
  rig_subscribe(r, sub, 1, "a/b", 0, 100);
  rig_expect(r, sub, LAW_MQTT_SUBACK);
  rig_subscribe(r, sub, 2, "a/#", 1, 20);
  rig_expect(r, sub, LAW_MQTT_SUBACK);
  rig_publish(r, pub, 2, 1, "a/b", "x");
  packet p = rig_expect_publish(r, sub, "a/b", "x");
  assert_int_equal(law_mqtt_qos(&p.m), 1);
  assert_int_equal(count_ids(&p, &sum), 2);
  assert_int_equal(sum, 120);
  rig_expect_nothing(r, sub);
  rig_free(r);
}

static void test_shared_subscription(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  int a = opened(r, LAW_MQTT_5), b = opened(r, LAW_MQTT_5), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, a, "$share/g/t/+", 0, 0);
  rig_subscribed(r, b, "$share/g/t/+", 0, 0);
  rig_subscribed(r, b, "t/1", 0, 0);
  for (int i = 0; i < 4; i++) {
    rig_publish(r, pub, 0, 0, "t/2", "x");
  }
  for (int i = 0; i < 2; i++) {
    rig_expect_publish(r, a, "t/2", "x");
    rig_expect_publish(r, b, "t/2", "x");
  }
  rig_expect_nothing(r, a);
  rig_unsubscribe(r, a, 5, "$share/g/t/+");
  rig_expect(r, a, LAW_MQTT_UNSUBACK);
  rig_publish(r, pub, 0, 0, "t/1", "x");
  rig_expect_publish(r, b, "t/1", "x");
  rig_expect_publish(r, b, "t/1", "x"); /* its share's copy, and its own */
  rig_expect_nothing(r, a);
  rig_free(r);
}

static void test_receive_maximum(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "s", .receive_maximum = 2};
  int sub = rig_open(r, LAW_MQTT_5, &o, NULL), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "t", 2, 2);
  for (uint16_t i = 1; i <= 4; i++) {
    rig_publish(r, pub, 2, i, "t", "x");
    rig_expect(r, pub, LAW_MQTT_PUBACK);
  }
  uint16_t first = rig_expect_publish(r, sub, "t", "x").m.packet_id;
  rig_expect_publish(r, sub, "t", "x");
  rig_expect_nothing(r, sub);
  rig_ack(r, sub, LAW_MQTT_PUBACK, first, 0);
  rig_expect_publish(r, sub, "t", "x");
  rig_expect_nothing(r, sub);
  for (uint16_t i = 1; i <= 21; i++) { /* one more than the server takes */
    rig_publish(r, pub, 4, i, "u", "x");
  }
  for (int i = 0; i < 20; i++) {
    rig_expect(r, pub, LAW_MQTT_PUBREC);
  }
  assert_int_equal(rig_expect(r, pub, LAW_MQTT_DISCONNECT).m.reason, 0x93);
  rig_free(r);
}

static void test_maximum_packet_size(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "s", .maximum_packet_size = 60};
  int sub = rig_open(r, LAW_MQTT_5, &o, NULL), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "t", 1, 1);
  rig_publish(r, pub, 2, 1, "t",
              "a payload that makes the packet larger than what the client said it takes");
  rig_publish(r, pub, 2, 2, "t", "small");
  rig_expect_publish(r, sub, "t", "small");
  rig_free(r);
}

static void test_topic_alias(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "s", .alias_maximum = 1};
  int sub = rig_open(r, LAW_MQTT_5, &o, NULL), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "#", 0, 0);
  rig_send_hex(r, pub, "30 09 0003 612f62 03 230003"); /* a/b, alias 3 */
  rig_send_hex(r, pub, "30 07 0000 03 230003 78");     /* alias 3, x */
  packet p = rig_expect_publish(r, sub, "a/b", "");
  assert_int_equal(law_mqtt_property_number(&p.m.properties, LAW_MQTT_P_TOPIC_ALIAS, 0), 1);
  p = rig_expect_publish(r, sub, "", "x");
  assert_int_equal(law_mqtt_property_number(&p.m.properties, LAW_MQTT_P_TOPIC_ALIAS, 0), 1);
  rig_publish(r, pub, 0, 0, "c", "y");
  rig_expect_publish(r, sub, "c", "y");
  rig_send_hex(r, pub, "30 07 0000 03 230004 78"); /* never set */
  assert_int_equal(rig_expect(r, pub, LAW_MQTT_DISCONNECT).m.reason, 0x82);
  rig_expect_closed(r, pub);
  rig_free(r);
}

static void test_message_expiry(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "s", .resume = true, .expiry = 60};
  int sub = rig_open(r, LAW_MQTT_5, &o, NULL), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "t", 1, 1);
  rig_disconnect(r, sub, 0);
  rig_send_hex(r, pub, "32 0c 0001 74 0001 05 0200000001 78"); /* expires after 1 s */
  rig_send_hex(r, pub, "32 0c 0001 74 0002 05 020000000a 79"); /* after 10 s */
  rig_sleep(r, 1100);
  sub = rig_open(r, LAW_MQTT_5, &o, NULL);
  packet p = rig_expect_publish(r, sub, "t", "y");
  assert_int_equal(law_mqtt_property_number(&p.m.properties, LAW_MQTT_P_MESSAGE_EXPIRY_INTERVAL, 0),
                   9);
  rig_free(r);
}

static void test_no_local(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  int c = opened(r, LAW_MQTT_5);
  rig_subscribed(r, c, "t", 0x04, 0);
  rig_publish(r, c, 0, 0, "t", "mine");
  rig_expect_nothing(r, c);
  rig_free(r);
}

static void test_keep_alive(void **state) {
  (void)state;
  for (size_t v = 0; v < 2; v++) {
    rig *r = rig_new(NULL);
    connect_options o = {.id = "s", .keep_alive = 1};
    int c = rig_open(r, versions[v], &o, NULL);
    rig_sleep(r, 1000);
    rig_expect_nothing(r, c); /* sends PINGREQ */
    if (versions[v] == LAW_MQTT_5) {
      assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x8D);
    }
    rig_expect_closed(r, c);
    rig_free(r);
  }
}

static void test_refusals(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  int c = rig_dial(r, LAW_MQTT_311);
  rig_send_hex(r, c, "10 0c 0004 4d515454 02 02 0000 0000"); /* level 2 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x01);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_5);
  rig_send_hex(r, c, "10 0d 0004 4d515454 06 02 0000 00 0000"); /* level 6 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x84);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_311);
  rig_send_hex(r, c, "10 0c 0004 4d515454 04 00 0000 0000"); /* no identifier, CleanSession 0 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x02);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_311);
  rig_send_hex(r, c, "10 0c 0004 4d515454 04 03 0000 0000"); /* reserved flag */
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_5);
  rig_send_hex(r, c, "10 0d 0004 4d515454 05 03 0000 00 0000");
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x81);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_5);
  rig_send_hex(r, c, "c000"); /* PINGREQ first */
  rig_expect_closed(r, c);
  c = opened(r, LAW_MQTT_5);
  rig_connect(r, c, &(connect_options){.id = "x"});
  assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x82);
  rig_expect_closed(r, c);
  c = opened(r, LAW_MQTT_5);
  rig_send_hex(r, c, "36 06 0001 74 0001 00"); /* QoS 3 */
  assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x81);
  rig_expect_closed(r, c);
  rig_free(r);
}

static void test_credentials(void **state) {
  (void)state;
  law_broker_config config;
  law_user user = {"ann", "secret"};
  law_broker_config_default(&config);
  config.users = &user;
  config.num_users = 1;
  rig *r = rig_new_config(&config);
  rig_open(r, LAW_MQTT_5, &(connect_options){.id = "a", .user = "ann", .password = "secret"}, NULL);
  int c = rig_dial(r, LAW_MQTT_5);
  rig_connect(r, c, &(connect_options){.id = "b", .user = "ann", .password = "wrong"});
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x86);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_311);
  rig_connect(r, c, &(connect_options){.id = "b", .user = "bob", .password = "secret"});
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x04);
  rig_expect_closed(r, c);
  rig_free(r);
}

static void answer_challenge(rig *r, int c, uint8_t reason, const packet *challenge, bool right) {
  uint8_t memory[256];
  law_writer w = law_writer_of(memory, sizeof memory);
  law_mqtt_message m = {.first = LAW_MQTT_AUTH << 4,
                        .reason = reason,
                        .present = LAW_MQTT_HAS_REASON | LAW_MQTT_HAS_PROPERTIES};
  law_mqtt_property p;
  m.properties.data = memory;
  law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_AUTHENTICATION_METHOD,
                    law_bytes_of("wirelaw-echo", 12));
  if (challenge != NULL &&
      law_mqtt_property_of(&challenge->m.properties, LAW_MQTT_P_AUTHENTICATION_DATA, &p)) {
    law_mqtt_add_text(&w, &m.properties, LAW_MQTT_P_AUTHENTICATION_DATA,
                      right ? p.text : law_bytes_of("no", 2));
  }
  rig_send(r, c, &m);
}

static void test_enhanced_authentication(void **state) {
  (void)state;
  rig *r = rig_new(NULL);
  connect_options o = {.id = "a", .method = "wirelaw-echo"};
  int c = rig_dial(r, LAW_MQTT_5);
  rig_connect(r, c, &o);
  packet p = rig_expect(r, c, LAW_MQTT_AUTH);
  assert_int_equal(p.m.reason, 0x18);
  answer_challenge(r, c, 0x18, &p, true);
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0);
  answer_challenge(r, c, 0x19, NULL, true); /* again */
  p = rig_expect(r, c, LAW_MQTT_AUTH);
  answer_challenge(r, c, 0x18, &p, true);
  assert_int_equal(rig_expect(r, c, LAW_MQTT_AUTH).m.reason, 0);
  answer_challenge(r, c, 0x19, NULL, true);
  p = rig_expect(r, c, LAW_MQTT_AUTH);
  answer_challenge(r, c, 0x18, &p, false);
  assert_int_equal(rig_expect(r, c, LAW_MQTT_DISCONNECT).m.reason, 0x87);
  rig_expect_closed(r, c);
  c = rig_dial(r, LAW_MQTT_5);
  rig_connect(r, c, &(connect_options){.id = "b", .method = "other"});
  assert_int_equal(rig_expect(r, c, LAW_MQTT_CONNACK).m.reason, 0x8C);
  rig_expect_closed(r, c);
  rig_free(r);
}

static void test_state_outlives_restart(void **state) {
  (void)state;
  char dir[] = "/tmp/wirelaw-peers-XXXXXX", file[64];
  bool present;
  law_broker_config config;
  assert_non_null(mkdtemp(dir));
  law_broker_config_default(&config);
  config.state_dir = dir;
  rig *r = rig_new_config(&config);
  connect_options o = {.id = "s", .resume = true, .expiry = 600};
  int sub = rig_open(r, LAW_MQTT_5, &o, NULL), pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, sub, "t/#", 2, 2);
  rig_publish(r, pub, 1, 0, "t/retained", "kept");
  rig_expect_publish(r, sub, "t/retained", "kept");
  rig_publish(r, pub, 2, 1, "t/1", "one");
  uint16_t id = rig_expect_publish(r, sub, "t/1", "one").m.packet_id;
  rig_publish(r, sub, 4, 77, "t/2", "two");
  rig_expect_publish(r, sub, "t/2", "two");
  rig_expect(r, sub, LAW_MQTT_PUBREC);
  rig_restart(r);
  sub = rig_open(r, LAW_MQTT_5, &o, &present);
  assert_true(present);
  packet p = rig_expect_publish(r, sub, "t/1", "one");
  assert_true(law_mqtt_dup(&p.m));
  assert_int_equal(p.m.packet_id, id);
  rig_expect_publish(r, sub, "t/2", "two");
  rig_publish(r, sub, 8 | 4, 77, "t/2", "two"); /* known: not delivered again */
  rig_expect(r, sub, LAW_MQTT_PUBREC);
  rig_expect_nothing(r, sub);
  pub = opened(r, LAW_MQTT_5);
  rig_subscribed(r, pub, "t/#", 0, 0);
  assert_true(retain_of(rig_expect_publish(r, pub, "t/retained", "kept")));
  rig_free(r);
  snprintf(file, sizeof file, "%s/broker.log", dir);
  unlink(file);
  rmdir(dir);
}

static void test_many_connections(void **state) {
  (void)state;
  enum { MANY = 50 };
  int all[MANY];
  rig *r = rig_new(NULL);
  for (int i = 0; i < MANY; i++) {
    all[i] = opened(r, versions[i % 2]);
    rig_subscribed(r, all[i], "fan/out", 1, 1);
  }
  int pub = opened(r, LAW_MQTT_311);
  rig_publish(r, pub, 2, 1, "fan/out", "x");
  for (int i = 0; i < MANY; i++) {
    rig_expect_publish(r, all[i], "fan/out", "x");
  }
  rig_free(r);
}

static void test_deep_topics(void **state) {
  (void)state;
  enum { LEN = 65000 };
  char *topic = malloc(LEN + 1);
  assert_non_null(topic);
  memset(topic, '/', LEN);
  topic[LEN] = '\0';
  rig *r = rig_new(NULL);
  int c = opened(r, LAW_MQTT_311);
  rig_publish(r, c, 2 | 1, 1, topic, "deep");
  rig_expect(r, c, LAW_MQTT_PUBACK);
  rig_subscribed(r, c, "#", 0, 0);
  rig_expect_publish(r, c, topic, "deep");
  rig_publish(r, c, 2 | 1, 1, topic, "");
  rig_expect_publish(r, c, topic, "");
  rig_expect(r, c, LAW_MQTT_PUBACK);
  rig_free(r);
  free(topic);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_qos_of_publisher_and_subscriber),
      cmocka_unit_test(test_session_resumed),
      cmocka_unit_test(test_clean_start_discards),
      cmocka_unit_test(test_session_expires),
      cmocka_unit_test(test_takeover),
      cmocka_unit_test(test_wills),
      cmocka_unit_test(test_will_delay),
      cmocka_unit_test(test_retained),
      cmocka_unit_test(test_retain_handling),
      cmocka_unit_test(test_matching),
      cmocka_unit_test(test_overlapping_subscriptions),
      cmocka_unit_test(test_shared_subscription),
      cmocka_unit_test(test_receive_maximum),
      cmocka_unit_test(test_maximum_packet_size),
      cmocka_unit_test(test_topic_alias),
      cmocka_unit_test(test_message_expiry),
      cmocka_unit_test(test_no_local),
      cmocka_unit_test(test_keep_alive),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_credentials),
      cmocka_unit_test(test_enhanced_authentication),
      cmocka_unit_test(test_state_outlives_restart),
      cmocka_unit_test(test_many_connections),
      cmocka_unit_test(test_deep_topics),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
