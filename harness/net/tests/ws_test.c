/* WebSocket: our own two ends with each other, and each with bytes written by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"
#include "net/tests/rig.h"

static const law_endpoint ws = {.transport = LAW_WS};
static const law_endpoint tcp = {.transport = LAW_TCP};

static const char request[] =
    "GET /mqtt HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: other, mqtt\r\n\r\n";

/* A listener, and a plain connection to it that is up. */
static void start_by_hand(rig *r, const law_protocol *protocol) {
  rig_start(r, protocol, &ws);
  law_endpoint to = tcp;
  to.port = law_net_port(r->net, r->listener);
  r->client = law_net_connect(r->net, law_net_scope(r->net, NULL, LAW_SERVER, false), &to, NULL);
  rig_expect(r, LAW_EV_CONNECTED, r->client);
}

/* All that comes to |handle| until |end| was in it. */
static size_t gather(rig *r, law_handle handle, char *out, size_t cap, const char *end) {
  size_t len = 0;
  out[0] = 0;
  while (!strstr(out, end)) {
    law_event e = rig_expect(r, LAW_EV_MESSAGE, handle);
    assert_true(len + e.wire.len < cap);
    memcpy(out + len, e.wire.data, e.wire.len);
    len += e.wire.len;
    out[len] = 0;
  }
  return len;
}

/* The handshake done by hand. */
static void upgrade_by_hand(rig *r, const law_protocol *protocol) {
  char answer[1024];
  start_by_hand(r, protocol);
  rig_send(r, r->client, request, sizeof request - 1);
  r->server = rig_expect(r, LAW_EV_ACCEPTED, 0).handle;
  (void)gather(r, r->client, answer, sizeof answer, "\r\n\r\n");
  assert_non_null(strstr(answer, "HTTP/1.1 101 "));
  /* The example of RFC 6455 section 1.3. */
  assert_non_null(strstr(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  assert_non_null(strstr(answer, "Sec-WebSocket-Protocol: mqtt\r\n"));
}

/* A frame as a client masks it. */
static size_t put_frame(uint8_t *out, uint8_t opcode, bool fin, const void *data, size_t len) {
  law_ws_header h = {
      .fin = fin, .masked = true, .opcode = opcode, .mask = {9, 8, 7, 6}, .payload_len = len};
  size_t at = law_ws_encode(&h, out);
  memcpy(out + at, data, len);
  law_ws_mask(out + at, len, h.mask, 0);
  return at + len;
}

static void send_frame(rig *r, uint8_t opcode, bool fin, const void *data, size_t len) {
  uint8_t wire[512];
  rig_send(r, r->client, wire, put_frame(wire, opcode, fin, data, len));
}

static void both_ends(void **state) {
  (void)state;
  rig r;
  rig_start(&r, &tally, &ws);
  rig_pair(&r, &ws);
  assert_string_equal(law_net_subprotocol(r.net, r.client), "mqtt");
  assert_string_equal(law_net_subprotocol(r.net, r.server), "mqtt");
  rig_tell(&r, r.client, TALLY_DATA, "ping", 4);
  rig_expect_tally(&r, r.server, TALLY_DATA, "ping", 4);
  rig_tell(&r, r.server, TALLY_HELLO, "", 0);
  rig_expect_tally(&r, r.client, TALLY_HELLO, "", 0);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_FIN);
  assert_false(law_net_send(r.net, r.server, law_bytes_of("late", 4), NULL));
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.client).how, LAW_CLOSE_FIN);
  rig_stop(&r);
}

static void path_and_subprotocol(void **state) {
  (void)state;
  rig r;
  law_endpoint at = {.transport = LAW_WS, .ws_path = "/a/b", .ws_subprotocol = ""};
  law_endpoint to = at;
  rig_start(&r, &tally, &at);
  to.ws_path = "/a/b?token=1";
  rig_pair(&r, &to);
  assert_string_equal(law_net_subprotocol(r.net, r.client), "");
  to.ws_path = NULL;
  to.port = law_net_port(r.net, r.listener);
  law_handle h = law_net_connect(r.net, r.scope, &to, NULL);
  law_event e = rig_expect(&r, LAW_EV_FAILED, 0);
  assert_non_null(strstr(e.text, "another path"));
  assert_non_null(strstr(rig_expect(&r, LAW_EV_FAILED, h).text, "status 404"));
  rig_stop(&r);
}

/* The subprotocol that was asked for need not be granted. */
static void nothing_granted(void **state) {
  (void)state;
  rig r;
  law_endpoint at = {.transport = LAW_WS, .ws_subprotocol = ""};
  rig_start(&r, &tally, &at);
  rig_pair(&r, &ws);
  assert_string_equal(law_net_subprotocol(r.net, r.client), "");
  rig_stop(&r);
}

static void big_messages(void **state) {
  (void)state;
  static uint8_t data[2000000];
  static const size_t lens[] = {125, 126, 65535, 65536, sizeof data};
  rig r;
  for (size_t i = 0; i < sizeof data; i++) {
    data[i] = (uint8_t)(i * 13);
  }
  rig_start(&r, NULL, &ws);
  rig_pair(&r, &ws);
  for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
    rig_send(&r, r.client, data, lens[i]);
    rig_expect_bytes(&r, r.server, data, lens[i]);
    rig_send(&r, r.server, data, lens[i]);
    rig_expect_bytes(&r, r.client, data, lens[i]);
  }
  rig_stop(&r);
}

/* The head in any two parts; the first frame comes with the second. */
static void any_cut_of_the_handshake(void **state) {
  (void)state;
  uint8_t wire[sizeof request + 64], message[16];
  size_t message_len = tally_put(message, TALLY_DATA, "first", 5);
  memcpy(wire, request, sizeof request - 1);
  size_t len = sizeof request - 1;
  len += put_frame(wire + len, LAW_WS_BINARY, true, message, message_len);
  for (size_t cut = 1; cut < len; cut += 7) {
    rig r;
    start_by_hand(&r, &tally);
    rig_send(&r, r.client, wire, cut);
    law_event e;
    assert_true(law_net_wait(r.net, law_net_now() + RIG_MS, &e, 1) >= 0);
    rig_send(&r, r.client, wire + cut, len - cut);
    for (bool seen = false; !seen;) {
      e = rig_next(&r);
      if (e.kind == LAW_EV_MESSAGE && e.handle != r.client) {
        assert_int_equal(e.wire.len, message_len);
        assert_memory_equal(e.wire.data, message, message_len);
        seen = true;
      }
    }
    rig_stop(&r);
  }
}

/* Frames do not matter to messages: fragments, parts, several in one, a ping in between. */
static void frames_are_a_stream(void **state) {
  (void)state;
  rig r;
  uint8_t wire[256], out[512];
  upgrade_by_hand(&r, &tally);
  size_t len = tally_put(wire, TALLY_DATA, "one", 3);
  len += tally_put(wire + len, TALLY_DATA, "two", 3);
  for (size_t cut = 0; cut <= len; cut++) {
    size_t at = put_frame(out, LAW_WS_BINARY, false, wire, cut);
    at += put_frame(out + at, LAW_WS_PING, true, "p", 1);
    at += put_frame(out + at, LAW_WS_CONTINUATION, true, wire + cut, len - cut);
    for (size_t i = 0; i < at; i += cut % 3 == 0 ? 1 : 50) {
      size_t part = cut % 3 == 0 ? 1 : at - i < 50 ? at - i : 50;
      rig_send(&r, r.client, out + i, part);
    }
    int messages = 0;
    size_t pong = 0;
    while (messages < 2 || pong < 3) {
      law_event e = rig_expect(&r, LAW_EV_MESSAGE, 0);
      if (e.handle == r.client) {
        pong += e.wire.len;
      } else {
        assert_int_equal(e.status, LAW_OK);
        assert_memory_equal(e.wire.data + 3, messages == 0 ? "one" : "two", 3);
        messages++;
      }
    }
    assert_int_equal(pong, 3);
  }
  rig_stop(&r);
}

static void pings_are_answered(void **state) {
  (void)state;
  rig r;
  char answer[64];
  upgrade_by_hand(&r, &tally);
  send_frame(&r, LAW_WS_PING, true, "hello", 5);
  (void)gather(&r, r.client, answer, sizeof answer, "hello");
  assert_memory_equal(answer, "\x8a\x05hello", 7);
  send_frame(&r, LAW_WS_PONG, true, "unasked", 7);
  send_frame(&r, LAW_WS_BINARY, true, "", 0);
  rig_expect_nothing(&r, 10);
  rig_stop(&r);
}

static void close_frame(void **state) {
  (void)state;
  rig r;
  char answer[64];
  upgrade_by_hand(&r, &tally);
  send_frame(&r, LAW_WS_CLOSE, true, "\x03\xe9 bye", 6);
  assert_int_equal(rig_expect(&r, LAW_EV_CLOSED, r.server).how, LAW_CLOSE_FIN);
  size_t len = gather(&r, r.client, answer, sizeof answer, "\xe9");
  assert_int_equal(len, 4);
  assert_memory_equal(answer, "\x88\x02\x03\xe9", 4);
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_stop(&r);
}

static void text_frames_are_told(void **state) {
  (void)state;
  rig r;
  upgrade_by_hand(&r, &tally);
  send_frame(&r, LAW_WS_TEXT, true, "text", 4);
  law_event e = rig_expect(&r, LAW_EV_MESSAGE, r.server);
  assert_int_equal(e.status, LAW_PROTOCOL_ERROR);
  assert_null(e.type);
  assert_null(e.message);
  assert_memory_equal(e.wire.data, "text", 4);
  assert_non_null(strstr(e.text, "text frame"));
  rig_stop(&r);
}

static void any_frame_can_be_sent(void **state) {
  (void)state;
  rig r;
  uint8_t wire[16];
  size_t len = tally_put(wire, TALLY_DATA, "abc", 3);
  rig_start(&r, &tally, &ws);
  rig_pair(&r, &ws);
  assert_true(
      law_net_send_frame(r.net, r.client, LAW_WS_BINARY, false, law_bytes_of(wire, 2), NULL));
  assert_true(law_net_send_frame(r.net, r.client, LAW_WS_CONTINUATION, true,
                                 law_bytes_of(wire + 2, len - 2), NULL));
  rig_expect_tally(&r, r.server, TALLY_DATA, "abc", 3);
  assert_true(law_net_send_frame(r.net, r.client, LAW_WS_TEXT, true, law_bytes_of("t", 1), NULL));
  assert_int_equal(rig_expect(&r, LAW_EV_MESSAGE, r.server).status, LAW_PROTOCOL_ERROR);
  rig_stop(&r);
  rig_start(&r, &tally, &tcp);
  rig_pair(&r, &tcp);
  assert_false(law_net_send_frame(r.net, r.client, LAW_WS_TEXT, true, law_bytes_of("t", 1), NULL));
  assert_string_equal(law_net_subprotocol(r.net, r.client), "");
  rig_stop(&r);
}

static void expect_refused_frame(const void *wire, size_t len, const char *why) {
  rig r;
  char answer[64];
  upgrade_by_hand(&r, &tally);
  rig_send(&r, r.client, wire, len);
  law_event e = rig_expect(&r, LAW_EV_CLOSED, r.server);
  assert_int_equal(e.how, LAW_CLOSE_ERROR);
  assert_non_null(strstr(e.text, why));
  (void)gather(&r, r.client, answer, sizeof answer, "\x88\x02\x03\xea");
  law_event end = rig_expect(&r, LAW_EV_CLOSED, r.client);
  assert_int_not_equal(end.how, LAW_CLOSE_ERROR);
  rig_stop(&r);
}

static void wrong_frames(void **state) {
  (void)state;
  uint8_t wire[64];
  size_t len;
  expect_refused_frame("\x82\x01x", 3, "did not mask");
  expect_refused_frame("\xc2\x80", 2, "reserved bits");
  expect_refused_frame("\x83\x80", 2, "opcode is reserved");
  len = put_frame(wire, LAW_WS_CONTINUATION, true, "x", 1);
  expect_refused_frame(wire, len, "continues nothing");
  len = put_frame(wire, LAW_WS_BINARY, false, "x", 1);
  len += put_frame(wire + len, LAW_WS_BINARY, true, "x", 1);
  expect_refused_frame(wire, len, "before the last one");
  len = put_frame(wire, LAW_WS_CLOSE, true, "x", 1);
  expect_refused_frame(wire, len, "one byte");
}

static void expect_refused_request(const char *text, const char *status, const char *why) {
  rig r;
  char answer[1024];
  start_by_hand(&r, &tally);
  rig_send(&r, r.client, text, strlen(text));
  law_event e = rig_expect(&r, LAW_EV_FAILED, 0);
  assert_int_equal(e.listener, r.listener);
  assert_non_null(strstr(e.text, why));
  (void)gather(&r, r.client, answer, sizeof answer, "\r\n\r\n");
  assert_non_null(strstr(answer, status));
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_stop(&r);
}

/* The request with one piece of it changed. */
static const char *changed(const char *from, const char *to) {
  static char text[1024];
  const char *at = strstr(request, from);
  assert_non_null(at);
  (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - request), request, to,
                 at + strlen(from));
  return text;
}

static void wrong_requests(void **state) {
  (void)state;
  expect_refused_request(changed("GET", "PUT"), " 400 ", "no GET");
  expect_refused_request(changed("/mqtt", "/mqt"), " 404 ", "another path");
  expect_refused_request(changed("Host", "Hose"), " 400 ", "no Host");
  expect_refused_request(changed("Upgrade: websocket", "Upgrade: h2c"), " 426 ", "upgrade");
  expect_refused_request(changed("Connection: Upgrade", "Connection: close"), " 426 ", "upgrade");
  expect_refused_request(changed(": 13", ": 12"), " 426 ", "version 13");
  expect_refused_request(changed("ZQ==", "Z"), " 400 ", "Sec-WebSocket-Key");
  expect_refused_request(changed("other, mqtt", "other, mqttx"), " 400 ", "subprotocol");
  expect_refused_request("\x10\x0d", " 400 ", "no HTTP/1.1");
}

static void silence_in_the_handshake(void **state) {
  (void)state;
  rig r;
  start_by_hand(&r, &tally);
  law_net_close(r.net, r.client, LAW_CLOSE_FIN);
  law_event e = rig_expect(&r, LAW_EV_FAILED, 0);
  assert_non_null(strstr(e.text, "closed the connection"));
  rig_stop(&r);
}

/* A client that connects and says nothing is not kept for ever. */
static void patience_ends(void **state) {
  (void)state;
  rig r;
  start_by_hand(&r, &tally);
  rig_expect_nothing(&r, 5);
  law_object *object = law_table_first(&r.net->table, r.client + 1);
  assert_int_equal(object->kind, LAW_OBJECT_CONN);
  law_timer *timer = &((law_conn *)object)->timer;
  assert_true(timer->at > law_net_now() + LAW_NET_PATIENCE / 2);
  assert_true(law_timer_set(&r.net->timers, timer, law_net_now()));
  law_event e = rig_expect(&r, LAW_EV_FAILED, object->handle);
  assert_int_equal(e.listener, r.listener);
  assert_non_null(strstr(e.text, "in time"));
  assert_false(law_net_send(r.net, e.handle, law_bytes_of("x", 1), NULL));
  rig_expect(&r, LAW_EV_CLOSED, r.client);
  rig_stop(&r);
}

/* The client, answered by hand. |answer| has "%s" where the right key goes. */
static law_event answered(rig *r, const char *answer) {
  char asked[1024], key[LAW_WS_ACCEPT + 1], text[1024];
  rig_start(r, NULL, &tcp);
  law_endpoint to = ws;
  to.port = law_net_port(r->net, r->listener);
  r->client = law_net_connect(r->net, law_net_scope(r->net, &tally, LAW_SERVER, false), &to, NULL);
  r->server = rig_expect(r, LAW_EV_ACCEPTED, 0).handle;
  (void)gather(r, r->server, asked, sizeof asked, "\r\n\r\n");
  assert_memory_equal(asked, "GET /mqtt HTTP/1.1\r\nHost: 127.0.0.1:", 36);
  assert_non_null(strstr(asked, "\r\nSec-WebSocket-Protocol: mqtt\r\n"));
  char *sent = strstr(asked, "Sec-WebSocket-Key: ");
  assert_non_null(sent);
  sent += strlen("Sec-WebSocket-Key: ");
  sent[LAW_WS_NONCE] = 0;
  law_ws_accept_key(sent, key);
  const char *at = strstr(answer, "%s");
  (void)snprintf(text, sizeof text, "%.*s%s%s", at ? (int)(at - answer) : 0, answer, at ? key : "",
                 at ? at + 2 : answer);
  rig_send(r, r->server, text, strlen(text));
  return rig_next(r);
}

static void expect_refused_answer(const char *answer, const char *why) {
  rig r;
  law_event e = answered(&r, answer);
  assert_int_equal(e.kind, LAW_EV_FAILED);
  assert_int_equal(e.handle, r.client);
  assert_non_null(strstr(e.text, why));
  rig_expect(&r, LAW_EV_CLOSED, r.server);
  rig_stop(&r);
}

#define SWITCH "HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"

static void answers(void **state) {
  (void)state;
  rig r;
  law_event e =
      answered(&r, SWITCH "Sec-WebSocket-Accept: %s\r\nsec-websocket-protocol: mqtt\r\n\r\n");
  assert_int_equal(e.kind, LAW_EV_CONNECTED);
  assert_string_equal(law_net_subprotocol(r.net, r.client), "mqtt");
  rig_stop(&r);
  expect_refused_answer("HTTP/1.1 404 Not Found\r\n\r\n", "status 404");
  expect_refused_answer(SWITCH "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "key");
  expect_refused_answer(SWITCH "\r\n", "key");
  expect_refused_answer("HTTP/1.1 101 x\r\nSec-WebSocket-Accept: %s\r\n\r\n", "switch");
  expect_refused_answer(SWITCH "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: soap\r\n\r\n",
                        "subprotocol");
  expect_refused_answer(
      SWITCH "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Extensions: deflate\r\n\r\n", "extension");
  expect_refused_answer("\x20\x02", "no HTTP");
}

/* A message right behind the answer comes in the round after LAW_EV_CONNECTED. The text is no
 * string of bytes with zeros, so the message is one whose length has none. */
static void data_behind_the_answer(void **state) {
  (void)state;
  static char answer[1024];
  static uint8_t data[0x101];
  size_t len = (size_t)snprintf(answer, sizeof answer, "%s",
                                SWITCH "Sec-WebSocket-Accept: %s\r\n\r\n\x82\x7e\x01\x03\x01\x01");
  memset(data, 'x', sizeof data);
  data[0] = TALLY_DATA;
  memcpy(answer + len, data, sizeof data);
  rig r;
  assert_int_equal(answered(&r, answer).kind, LAW_EV_CONNECTED);
  assert_string_equal(law_net_subprotocol(r.net, r.client), "");
  rig_expect_tally(&r, r.client, TALLY_DATA, data + 1, sizeof data - 1);
  rig_stop(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ends),
      cmocka_unit_test(path_and_subprotocol),
      cmocka_unit_test(nothing_granted),
      cmocka_unit_test(big_messages),
      cmocka_unit_test(any_cut_of_the_handshake),
      cmocka_unit_test(frames_are_a_stream),
      cmocka_unit_test(pings_are_answered),
      cmocka_unit_test(close_frame),
      cmocka_unit_test(text_frames_are_told),
      cmocka_unit_test(any_frame_can_be_sent),
      cmocka_unit_test(wrong_frames),
      cmocka_unit_test(wrong_requests),
      cmocka_unit_test(silence_in_the_handshake),
      cmocka_unit_test(patience_ends),
      cmocka_unit_test(answers),
      cmocka_unit_test(data_behind_the_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
