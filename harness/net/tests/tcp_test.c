/* Connections, closing and back-pressure over plain TCP. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tests/rig.h"

static const law_endpoint tcp = {.transport = LAW_TCP};

static void connect_and_accept(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  assert_int_not_equal(r.client, r.server);
  assert_int_not_equal(law_net_port(r.net, r.client), law_net_port(r.net, r.listener));
  assert_int_equal(law_net_port(r.net, r.server), law_net_port(r.net, r.listener));
  rig_stop(&r);
}

static void messages_both_ways(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  uint64_t before = law_net_now();
  rig_tell(&r, r.client, TALLY_DATA, "ping", 4);
  law_event e = rig_expect_tally(&r, r.server, TALLY_DATA, "ping", 4);
  assert_true(e.time > before && e.time <= law_net_now());
  assert_string_equal(e.type->name, "DATA");
  assert_int_equal(e.num_violations, 0);
  rig_tell(&r, r.server, TALLY_HELLO, "", 0);
  rig_expect_tally(&r, r.client, TALLY_HELLO, "", 0);
  rig_stop(&r);
}

/* All of them wait while the views of the first ones are looked at. */
static void many_messages_in_one_read(void **state) {
  (void)state;
  rig r;
  uint8_t wire[4096];
  size_t len = 0;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  for (uint8_t i = 0; i < 200; i++) {
    len += tally_put(wire + len, TALLY_DATA, &i, 1);
  }
  rig_send(&r, r.client, wire, len);
  for (uint8_t i = 0; i < 200; i++) {
    rig_expect_tally(&r, r.server, TALLY_DATA, &i, 1);
  }
  rig_stop(&r);
}

/* Every cut of three messages, the last part sent when the first was read. */
static void any_cut(void **state) {
  (void)state;
  rig r;
  uint8_t wire[64];
  size_t len = tally_put(wire, TALLY_DATA, "one", 3);
  len += tally_put(wire + len, TALLY_DATA, "", 0);
  len += tally_put(wire + len, TALLY_BYE, "two", 3);
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  for (size_t cut = 1; cut < len; cut++) {
    law_event e[8];
    int num = 0;
    rig_send(&r, r.client, wire, cut);
    num += law_net_wait(r.net, law_net_now() + 2 * RIG_MS, e, 8);
    rig_send(&r, r.client, wire + cut, len - cut);
    while (num < 3) {
      int n = law_net_wait(r.net, law_net_now() + 1000 * RIG_MS, e, 8);
      assert_true(n > 0);
      num += n;
      for (int i = 0; i < n; i++) {
        assert_int_equal(e[i].status, LAW_OK);
      }
      if (num == 3) {
        assert_memory_equal(((const tally_message *)e[n - 1].message)->data.data, "two", 3);
      }
    }
    assert_int_equal(num, 3);
  }
  rig_stop(&r);
}

static void raw_bytes(void **state) {
  (void)state;
  rig r;
  rig_start(&r, NULL, &tcp);
  rig_pair(&r, &tcp);
  rig_send(&r, r.client, "\xff\xff raw", 6);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
  assert_null(e.type);
  assert_null(e.message);
  assert_int_equal(e.wire.len, 6);
  assert_memory_equal(e.wire.data, "\xff\xff raw", 6);
  rig_stop(&r);
}

static void violations(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_monitor(&r, &tally);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.server, 9, "", 0);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.client);
  assert_int_equal(e.status, LAW_MALFORMED);
  assert_null(e.message);
  assert_int_equal(e.num_violations, 1);
  assert_int_equal(e.violations[0].requirement, TALLY_R_TYPE);
  rig_tell(&r, r.server, TALLY_DATA, "", 0);
  e = rig_expect(&r, LAW_EV_MESSAGE, r.client);
  assert_int_equal(e.status, LAW_OK);
  assert_int_equal(e.violations[0].requirement, TALLY_R_FIRST);
  rig_stop(&r);
}

static void lost_framing(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  rig_send(&r, r.client, "\xff\xff\x01", 3);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
  assert_int_equal(e.status, LAW_MALFORMED);
  assert_int_equal(e.violations[0].requirement, TALLY_R_LENGTH);
  rig_tell(&r, r.client, TALLY_DATA, "", 0);
  rig_expect_nothing(&r, 20);
  rig_tell(&r, r.server, TALLY_HELLO, "", 0);
  rig_expect_tally(&r, r.client, TALLY_HELLO, "", 0);
  rig_stop(&r);
}

static void big_message(void **state) {
  (void)state;
  rig r;
  static uint8_t data[60000], wire[60010];
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (uint8_t)(i * 7);
  }
  size_t len = tally_put(wire, TALLY_DATA, data, sizeof data);
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  for (int i = 0; i < 3; i++) {
    rig_send(&r, r.client, wire, 100);
    rig_expect_nothing(&r, 5);
    rig_send(&r, r.client, wire + 100, 1900);
    rig_expect_nothing(&r, 5);
    rig_send(&r, r.client, wire + 2000, len - 2000);
    rig_expect_tally(&r, r.server, TALLY_DATA, data, sizeof data);
  }
  rig_stop(&r);
}

static void refused(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  law_endpoint to = tcp;
  to.port = law_net_port(r.net, r.listener);
  law_net_close(r.net, r.listener, LAW_CLOSE_FIN);
  law_handle h = law_net_connect(r.net, r.scope, &to, &r);
  assert_int_not_equal(h, 0);
  law_event e = rig_expect(&r, LAW_EV_FAILED, h);
  assert_ptr_equal(e.user, &r);
  assert_non_null(strstr(e.text, "refused"));
  assert_non_null(strstr(e.text, "127.0.0.1"));
  rig_expect_nothing(&r, 5);
  rig_stop(&r);
}

static void not_an_address(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  law_endpoint to = {.transport = LAW_TCP, .host = "no such host", .port = 1};
  assert_int_equal(law_net_connect(r.net, r.scope, &to, NULL), 0);
  assert_non_null(strstr(law_net_error(r.net), "no such host"));
  assert_int_equal(law_net_listen(r.net, r.scope, &to, NULL), 0);
  assert_int_equal(law_net_connect(r.net, 999, &tcp, NULL), 0);
  rig_stop(&r);
}

static void port_taken(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  law_endpoint at = tcp;
  at.port = law_net_port(r.net, r.listener);
  assert_int_equal(law_net_listen(r.net, r.scope, &at, NULL), 0);
  assert_non_null(strstr(law_net_error(r.net), "in use"));
  rig_stop(&r);
}

static void ipv6_and_source(void **state) {
  (void)state;
  rig r;
  law_endpoint six = {.transport = LAW_TCP, .host = "::1"};
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd >= 0) {
    close(fd);
    rig_start(&r, &tally, &six);
    rig_pair(&r, &six);
    rig_stop(&r);
  }
  law_endpoint source = {.transport = LAW_TCP, .source_host = "127.0.0.9"};
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &source);
  rig_stop(&r);
}

static void fin_is_told(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  assert_false(law_net_send(r.net, r.client, law_bytes_of("x", 1), NULL));
  law_event e = rig_expect(&r, LAW_EV_CLOSED, r.server);
  assert_int_equal(e.how, LAW_CLOSE_FIN);
  e = rig_expect(&r, LAW_EV_CLOSED, r.client);
  assert_int_equal(e.how, LAW_CLOSE_FIN);
  rig_expect_nothing(&r, 5);
  assert_false(law_net_send(r.net, r.server, law_bytes_of("x", 1), NULL));
  law_net_close(r.net, r.server, LAW_CLOSE_FIN);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  rig_stop(&r);
}

/* Our FIN does not end the other direction. */
static void half_closed(void **state) {
  (void)state;
  rig r;
  uint8_t wire[16];
  rig_start(&r, &tally, &tcp);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  to.sin_port = htons(law_net_port(r.net, r.listener));
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  r.server = rig_expect(&r, LAW_EV_ACCEPTED, 0).handle;
  law_net_close(r.net, r.server, LAW_CLOSE_FIN);
  assert_int_equal(recv(fd, wire, sizeof wire, 0), 0);
  size_t len = tally_put(wire, TALLY_BYE, "", 0);
  assert_int_equal(send(fd, wire, len, 0), len);
  rig_expect_tally(&r, r.server, TALLY_BYE, "", 0);
  close(fd);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_stop(&r);
}

/* What is said in answer to the last message still goes out, although its sender closed. */
static void answer_to_the_last(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_DATA, "?", 1);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect_tally(&r, r.server, TALLY_DATA, "?", 1);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_tell(&r, r.server, TALLY_HELLO, "!", 1);
  rig_expect_tally(&r, r.client, TALLY_HELLO, "!", 1);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_stop(&r);
}

static void rst_is_told(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  rig_tell(&r, r.client, TALLY_BYE, "", 0);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  rig_expect_tally(&r, r.server, TALLY_BYE, "", 0);
  law_event e = rig_expect(&r, LAW_EV_CLOSED, r.server);
  assert_int_equal(e.how, LAW_CLOSE_RST);
  rig_expect_nothing(&r, 5);
  rig_stop(&r);
}

/* A send may eat the system's word that the connection was reset. */
static void rst_found_by_sending(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  (void)law_net_send(r.net, r.server, law_bytes_of("x", 1), NULL);
  law_event e = rig_expect(&r, LAW_EV_CLOSED, r.server);
  assert_int_equal(e.how, LAW_CLOSE_RST);
  rig_stop(&r);
}

/* Sending on after the other side's FIN makes it reset; but it was the FIN that came first. */
static void fin_comes_before_the_reset_it_causes(void **state) {
  (void)state;
  rig r;
  rig_start(&r, NULL, &tcp);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  to.sin_port = htons(law_net_port(r.net, r.listener));
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  r.server = rig_expect(&r, LAW_EV_ACCEPTED, 0).handle;
  close(fd);
  for (int i = 0; i < 3; i++) {
    (void)law_net_send(r.net, r.server, law_bytes_of("x", 1), NULL);
    usleep(1000);
  }
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_FIN);
  rig_stop(&r);
}

/* No event of a connection comes after its abort, not even those gathered before. */
static void abort_silences(void **state) {
  (void)state;
  rig r;
  uint8_t wire[32];
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  size_t len = tally_put(wire, TALLY_DATA, "1", 1);
  len += tally_put(wire + len, TALLY_DATA, "2", 1);
  rig_send(&r, r.client, wire, len);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect_tally(&r, r.server, TALLY_DATA, "1", 1);
  law_net_close(r.net, r.server, LAW_CLOSE_RST);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_expect_nothing(&r, 5);
  rig_stop(&r);
}

static void monitor_at_close(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_monitor(&r, &tally);
  rig_pair(&r, &tcp);
  law_net_close(r.net, r.server, LAW_CLOSE_FIN);
  law_event e = rig_expect(&r, LAW_EV_VIOLATION, r.client);
  assert_int_equal(e.violations[0].requirement, TALLY_R_BYE);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_stop(&r);
}

/* Absences come by themselves. */
static void monitor_ticks(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_monitor(&r, &tally);
  rig_pair(&r, &tcp);
  law_event e = rig_expect(&r, LAW_EV_VIOLATION, r.client);
  assert_int_equal(e.violations[0].requirement, TALLY_R_LATE);
  rig_expect_nothing(&r, 60);
  assert_int_equal(law_net_state(r.net, r.client), 0);
  rig_tell(&r, r.client, TALLY_DATA, "", 0);
  rig_expect(&r, LAW_EV_MESSAGE, r.server);
  assert_int_equal(law_net_state(r.net, r.client), 1);
  assert_int_equal(law_net_state(r.net, r.server), 0);
  rig_stop(&r);
}

static void user_values(void **state) {
  (void)state;
  rig r;
  int mine;
  rig_start(&r, &tally, &tcp);
  law_endpoint to = tcp;
  to.port = law_net_port(r.net, r.listener);
  r.client = law_net_connect(r.net, r.scope, &to, NULL);
  law_net_set_user(r.net, r.client, &mine);
  for (bool connected = false; !connected || r.server == 0;) {
    law_event e = rig_next(&r);
    connected |= e.kind == LAW_EV_CONNECTED;
    assert_ptr_equal(e.user, e.kind == LAW_EV_CONNECTED ? (void *)&mine : (void *)&r);
    r.server = e.kind == LAW_EV_ACCEPTED ? e.handle : r.server;
  }
  law_net_set_user(r.net, r.server, &to);
  rig_tell(&r, r.client, TALLY_DATA, "", 0);
  assert_ptr_equal(rig_expect(&r, LAW_EV_MESSAGE, r.server).user, &to);
  rig_stop(&r);
}

/* What the system does not take is queued, in order, and goes out before the FIN. */
static void back_pressure(void **state) {
  (void)state;
  rig r;
  enum { CHUNK = 256 * 1024, CHUNKS = 64 };
  uint8_t *chunk = malloc(CHUNK);
  assert_non_null(chunk);
  rig_start(&r, NULL, &tcp);
  rig_pair(&r, &tcp);
  law_net_read(r.net, r.server, false);
  for (int i = 0; i < CHUNKS; i++) {
    memset(chunk, i, CHUNK);
    rig_send(&r, r.client, chunk, CHUNK);
  }
  assert_true(law_net_queued(r.net, r.client) > 0);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  rig_expect_nothing(&r, 20);
  law_net_read(r.net, r.server, true);
  for (int i = 0; i < CHUNKS; i++) {
    memset(chunk, i, CHUNK);
    for (size_t seen = 0; seen < CHUNK;) {
      static law_event e;
      static size_t used;
      if (used == e.wire.len) {
        e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
        used = 0;
      }
      size_t take = e.wire.len - used < CHUNK - seen ? e.wire.len - used : CHUNK - seen;
      assert_memory_equal(e.wire.data + used, chunk, take);
      used += take;
      seen += take;
    }
  }
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  free(chunk);
  rig_stop(&r);
}

/* A connection that is not read tells a reset at once, and a FIN when it is read again. */
static void closed_while_not_reading(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  law_net_read(r.net, r.server, false);
  rig_tell(&r, r.client, TALLY_BYE, "", 0);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  law_net_close(r.net, r.server, LAW_CLOSE_FIN);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_expect_nothing(&r, 20);
  law_net_read(r.net, r.server, true);
  rig_expect_tally(&r, r.server, TALLY_BYE, "", 0);
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_pair(&r, &tcp);
  law_net_read(r.net, r.server, false);
  law_net_close(r.net, r.client, LAW_CLOSE_RST);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_RST);
  rig_stop(&r);
}

static void many_connections(void **state) {
  (void)state;
  rig r;
  enum { NUM = 400 };
  static law_handle client[NUM];
  rig_start(&r, &tally, &tcp);
  law_endpoint to = tcp;
  to.port = law_net_port(r.net, r.listener);
  for (size_t i = 0; i < NUM; i++) {
    client[i] = law_net_connect(r.net, r.scope, &to, NULL);
    assert_int_not_equal(client[i], 0);
  }
  for (int connected = 0, echoed = 0; echoed < NUM;) {
    law_event e = rig_next(&r);
    if (e.kind == LAW_EV_CONNECTED) {
      connected++;
      rig_tell(&r, e.handle, TALLY_DATA, &e.handle, sizeof e.handle);
    } else if (e.kind == LAW_EV_MESSAGE && e.user == &r) {
      rig_send(&r, e.handle, e.wire.data, e.wire.len);
    } else if (e.kind == LAW_EV_MESSAGE) {
      const tally_message *m = e.message;
      assert_memory_equal(m->data.data, &e.handle, sizeof e.handle);
      echoed++;
    }
  }
  rig_stop(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(connect_and_accept),
      cmocka_unit_test(messages_both_ways),
      cmocka_unit_test(many_messages_in_one_read),
      cmocka_unit_test(any_cut),
      cmocka_unit_test(raw_bytes),
      cmocka_unit_test(violations),
      cmocka_unit_test(lost_framing),
      cmocka_unit_test(big_message),
      cmocka_unit_test(refused),
      cmocka_unit_test(not_an_address),
      cmocka_unit_test(port_taken),
      cmocka_unit_test(ipv6_and_source),
      cmocka_unit_test(fin_is_told),
      cmocka_unit_test(half_closed),
      cmocka_unit_test(answer_to_the_last),
      cmocka_unit_test(rst_is_told),
      cmocka_unit_test(rst_found_by_sending),
      cmocka_unit_test(fin_comes_before_the_reset_it_causes),
      cmocka_unit_test(abort_silences),
      cmocka_unit_test(monitor_at_close),
      cmocka_unit_test(monitor_ticks),
      cmocka_unit_test(user_values),
      cmocka_unit_test(back_pressure),
      cmocka_unit_test(closed_while_not_reading),
      cmocka_unit_test(many_connections),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
