/* TLS and secure WebSocket. */
#include <stdlib.h>
#include <string.h>

#include "net/tests/certs.h"
#include "net/tests/rig.h"

static certs files;

static law_endpoint server(law_transport transport) {
  return (law_endpoint){
      .transport = transport, .cert_file = files.server_cert, .key_file = files.server_key};
}

static law_endpoint client(law_transport transport) {
  return (law_endpoint){.transport = transport, .ca_file = files.ca, .verify = true};
}

static const law_transport both[] = {LAW_TLS, LAW_WSS};

static void messages_both_ways(void **state) {
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    rig r;
    law_endpoint at = server(both[i]), to = client(both[i]);
    rig_start(&r, &tally, &at);
    rig_pair(&r, &to);
    rig_tell(&r, r.client, TALLY_DATA, "ping", 4);
    rig_expect_tally(&r, r.server, TALLY_DATA, "ping", 4);
    rig_tell(&r, r.server, TALLY_HELLO, "", 0);
    rig_expect_tally(&r, r.client, TALLY_HELLO, "", 0);
    rig_stop(&r);
  }
}

/* What the client says with its last handshake message is behind it in one read. */
static void data_behind_the_handshake(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  rig_start(&r, &tally, &at);
  to.port = law_net_port(r.net, r.listener);
  r.client = law_net_connect(r.net, r.scope, &to, NULL);
  rig_expect(&r, LAW_EV_CONNECTED, r.client);
  rig_tell(&r, r.client, TALLY_DATA, "early", 5);
  r.server = rig_expect(&r, LAW_EV_ACCEPTED, 0).handle;
  law_net_set_user(r.net, r.server, &at);
  law_event e = rig_expect_tally(&r, r.server, TALLY_DATA, "early", 5);
  assert_ptr_equal(e.user, &at);
  rig_stop(&r);
}

static void much_data(void **state) {
  (void)state;
  enum { LEN = 3000000 };
  uint8_t *data = malloc(LEN);
  assert_non_null(data);
  for (size_t i = 0; i < LEN; i++) {
    data[i] = (uint8_t)(i * i >> 5);
  }
  for (size_t i = 0; i < 2; i++) {
    rig r;
    law_endpoint at = server(both[i]), to = client(both[i]);
    rig_start(&r, NULL, &at);
    rig_pair(&r, &to);
    rig_send(&r, r.client, data, LEN);
    law_net_close(r.net, r.client, LAW_CLOSE_FIN);
    rig_expect_bytes(&r, r.server, data, LEN);
    assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_FIN);
    assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.client).how, LAW_CLOSE_FIN);
    rig_stop(&r);
  }
  free(data);
}

static void not_read_and_read_again(void **state) {
  (void)state;
  static uint8_t data[200000];
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  rig_start(&r, NULL, &at);
  rig_pair(&r, &to);
  memset(data, 'd', sizeof data);
  rig_send(&r, r.client, data, sizeof data);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
  size_t seen = e.wire.len;
  law_net_read(r.net, r.server, false);
  while (law_net_wait(r.net, law_net_now() + 20 * RIG_MS, &e, 1) == 1) {
    seen += e.wire.len;
  }
  law_net_read(r.net, r.server, true);
  rig_expect_bytes(&r, r.server, data, sizeof data - seen);
  rig_stop(&r);
}

static law_event expect_failure(rig *r, const law_endpoint *to) {
  law_endpoint there = *to;
  there.port = law_net_port(r->net, r->listener);
  r->client = law_net_connect(r->net, r->scope, &there, NULL);
  assert_int_not_equal(r->client, 0);
  law_event e = rig_next(r);
  while (e.handle != r->client) {
    e = rig_next(r);
  }
  assert_int_equal(e.kind, LAW_EV_FAILED);
  return e;
}

static void wrong_authority(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  at.cert_file = files.stray_cert;
  at.key_file = files.stray_key;
  rig_start(&r, &tally, &at);
  law_event e = expect_failure(&r, &to);
  assert_non_null(strstr(e.text, "certificate verify failed"));
  assert_non_null(strstr(e.text, "self-signed"));
  e = rig_expect(&r, LAW_EV_FAILED, 0);
  assert_int_equal(e.listener, r.listener);
  assert_non_null(strstr(e.text, "unknown ca"));
  to.verify = false;
  rig_pair(&r, &to);
  rig_stop(&r);
}

static void wrong_name(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  rig_start(&r, &tally, &at);
  to.server_name = "another.example";
  assert_non_null(strstr(expect_failure(&r, &to).text, "hostname mismatch"));
  rig_expect(&r, LAW_EV_FAILED, 0);
  to.server_name = "localhost";
  rig_pair(&r, &to);
  rig_stop(&r);
}

static void client_certificate(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  at.verify = true;
  at.ca_file = files.ca;
  rig_start(&r, &tally, &at);
  law_endpoint with = to;
  with.cert_file = files.client_cert;
  with.key_file = files.client_key;
  rig_pair(&r, &with);
  rig_tell(&r, r.client, TALLY_DATA, "mine", 4);
  rig_expect_tally(&r, r.server, TALLY_DATA, "mine", 4);
  /* In TLS 1.3 the client learns of the refusal after its own handshake. */
  to.port = law_net_port(r.net, r.listener);
  law_handle h = law_net_connect(r.net, r.scope, &to, NULL);
  bool refused = false, told = false;
  while (!refused || !told) {
    law_event e = rig_next(&r);
    if (e.kind == LAW_EV_FAILED && e.handle != h) {
      assert_non_null(strstr(e.text, "did not return a certificate"));
      refused = true;
    } else if (e.handle == h && e.kind == LAW_EV_CLOSED) {
      assert_int_equal(e.how, LAW_CLOSE_ERROR);
      assert_non_null(strstr(e.text, "certificate required"));
      told = true;
    }
  }
  rig_stop(&r);
}

static void alpn(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  at.alpn = "mqtt";
  rig_start(&r, &tally, &at);
  to.alpn = "mqtt";
  rig_pair(&r, &to);
  to.alpn = "http/1.1";
  assert_non_null(strstr(expect_failure(&r, &to).text, "no application protocol"));
  rig_stop(&r);
}

static void ends(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), to = client(LAW_TLS);
  rig_start(&r, &tally, &at);
  rig_pair(&r, &to);
  law_net_close(r.net, r.server, LAW_CLOSE_RST);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.client).how, LAW_CLOSE_RST);
  rig_pair(&r, &to);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_FIN);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.client).how, LAW_CLOSE_FIN);
  rig_stop(&r);
}

static void no_tls_at_the_other_end(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS), plain = {.transport = LAW_TCP};
  rig_start(&r, &tally, &at);
  plain.port = law_net_port(r.net, r.listener);
  r.client = law_net_connect(r.net, r.scope, &plain, NULL);
  rig_expect(&r, LAW_EV_CONNECTED, r.client);
  rig_tell(&r, r.client, TALLY_DATA, "this is no TLS", 14);
  law_event e = rig_expect(&r, LAW_EV_FAILED, 0);
  assert_int_equal(e.listener, r.listener);
  assert_non_null(strstr(e.text, "TLS handshake"));
  rig_stop(&r);
}

static void wrong_files(void **state) {
  (void)state;
  rig r;
  law_endpoint at = server(LAW_TLS);
  rig_start(&r, &tally, &at);
  at.cert_file = "/nowhere.pem";
  assert_int_equal(law_net_listen(r.net, r.scope, &at, NULL), 0);
  assert_non_null(strstr(law_net_error(r.net), "/nowhere.pem"));
  assert_non_null(strstr(law_net_error(r.net), "No such file"));
  at = server(LAW_TLS);
  at.key_file = files.client_key;
  assert_int_equal(law_net_listen(r.net, r.scope, &at, NULL), 0);
  assert_non_null(strstr(law_net_error(r.net), "mismatch"));
  at.cert_file = NULL;
  assert_int_equal(law_net_listen(r.net, r.scope, &at, NULL), 0);
  law_endpoint to = client(LAW_TLS);
  to.ca_file = files.server_key;
  to.port = 1;
  assert_int_equal(law_net_connect(r.net, r.scope, &to, NULL), 0);
  rig_stop(&r);
}

static void many_connections(void **state) {
  (void)state;
  enum { NUM = 40 };
  rig r;
  law_endpoint at = server(LAW_WSS), to = client(LAW_WSS);
  rig_start(&r, &tally, &at);
  to.port = law_net_port(r.net, r.listener);
  for (int i = 0; i < NUM; i++) {
    assert_int_not_equal(law_net_connect(r.net, r.scope, &to, NULL), 0);
  }
  for (int echoed = 0; echoed < NUM;) {
    law_event e = rig_next(&r);
    assert_int_not_equal(e.kind, LAW_EV_FAILED);
    if (e.kind == LAW_EV_CONNECTED) {
      rig_tell(&r, e.handle, TALLY_DATA, &e.handle, sizeof e.handle);
    } else if (e.kind == LAW_EV_MESSAGE && e.user == &r) {
      rig_send(&r, e.handle, e.wire.data, e.wire.len);
    } else if (e.kind == LAW_EV_MESSAGE) {
      assert_memory_equal(((const tally_message *)e.message)->data.data, &e.handle, 4);
      echoed++;
    }
  }
  rig_stop(&r);
}

static int setup(void **state) {
  (void)state;
  certs_make(&files);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  certs_remove(&files);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_both_ways),
      cmocka_unit_test(data_behind_the_handshake),
      cmocka_unit_test(much_data),
      cmocka_unit_test(not_read_and_read_again),
      cmocka_unit_test(wrong_authority),
      cmocka_unit_test(wrong_name),
      cmocka_unit_test(client_certificate),
      cmocka_unit_test(alpn),
      cmocka_unit_test(ends),
      cmocka_unit_test(no_tls_at_the_other_end),
      cmocka_unit_test(wrong_files),
      cmocka_unit_test(many_connections),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
