#include "http/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char request[] =
    "GET /mqtt?a=b HTTP/1.1\r\n"
    "Host: broker.example:8080\r\n"
    "Upgrade:websocket\r\n"
    "connection: keep-alive , Upgrade\t\r\n"
    "Sec-WebSocket-Protocol: mqttv3.1\r\n"
    "sec-websocket-protocol: MQTT, mqtt\r\n"
    "Empty:\r\n"
    "\r\n"
    "left over";

/* From an allocation of exactly that size. */
static law_status decode(const char *text, size_t len, law_http_head *out, size_t *out_len,
                         size_t *out_at) {
  static uint8_t *copy;
  free(copy);
  copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  if (len > 0) {
    memcpy(copy, text, len);
  }
  return law_http_decode(law_bytes_of(copy, len), out, out_len, out_at);
}

static void expect_text(law_bytes b, const char *text) {
  assert_int_equal(b.len, strlen(text));
  assert_memory_equal(b.data, text, b.len);
}

static void a_request(void **state) {
  (void)state;
  law_http_head h;
  law_bytes value;
  size_t len, at;
  assert_int_equal(decode(request, sizeof request - 1, &h, &len, &at), LAW_OK);
  assert_int_equal(len, sizeof request - 1 - strlen("left over"));
  assert_true(h.request);
  assert_int_equal(h.minor, 1);
  expect_text(h.method, "GET");
  expect_text(h.target, "/mqtt?a=b");
  assert_true(law_http_field(&h, "host", &value));
  expect_text(value, "broker.example:8080");
  assert_true(law_http_field(&h, "Empty", &value));
  assert_int_equal(value.len, 0);
  assert_false(law_http_field(&h, "Hos", &value));
  assert_true(law_http_lists(&h, "Connection", "upgrade", true));
  assert_false(law_http_lists(&h, "Connection", "upgrade", false));
  assert_true(law_http_lists(&h, "Sec-WebSocket-Protocol", "mqtt", false));
  assert_false(law_http_lists(&h, "Sec-WebSocket-Protocol", "mqttv3", false));
}

static void any_cut_needs_more(void **state) {
  (void)state;
  law_http_head h;
  size_t len, at, whole = sizeof request - 1 - strlen("left over");
  for (size_t cut = 0; cut < whole; cut++) {
    assert_int_equal(decode(request, cut, &h, &len, &at), LAW_NEED_MORE);
    assert_true(len > cut);
  }
}

static void a_response(void **state) {
  (void)state;
  static const char text[] = "HTTP/1.1 101 Switching Protocols\r\nA: b\r\n\r\n";
  law_http_head h;
  size_t len, at;
  assert_int_equal(decode(text, sizeof text - 1, &h, &len, &at), LAW_OK);
  assert_false(h.request);
  assert_int_equal(h.status, 101);
  expect_text(h.reason, "Switching Protocols");
  assert_int_equal(decode("HTTP/1.0 404\r\n\r\n", 16, &h, &len, &at), LAW_OK);
  assert_int_equal(h.status, 404);
  assert_int_equal(h.minor, 0);
}

static void expect_malformed(const char *text, size_t where) {
  law_http_head h;
  size_t len, at;
  assert_int_equal(decode(text, strlen(text), &h, &len, &at), LAW_MALFORMED);
  assert_int_equal(at, where);
}

static void malformed(void **state) {
  (void)state;
  expect_malformed("\r\n", 0);
  expect_malformed("GET\r\n", 0);
  expect_malformed("GET / HTTP/2.0\r\n", 0);
  expect_malformed("GET / x HTTP/1.1\r\n", 0);
  expect_malformed("G:T / HTTP/1.1\r\n", 0);
  expect_malformed("HTTP/1.1 1x1 no\r\n", 0);
  expect_malformed("HTTP/1.1 99 no\r\n", 0);
  expect_malformed("HTTP/1.1\r\n", 0);
  expect_malformed("\x10", 0);
  expect_malformed("GET\r ", 0);
  expect_malformed("GET / HTTP/1.1\r\nno colon\r\n", 16);
  expect_malformed("GET / HTTP/1.1\r\nA: b\r\n folded: x\r\n", 22);
  expect_malformed("GET / HTTP/1.1\r\nA : b\r\n", 16);
  expect_malformed("GET / HTTP/1.1\r\n: b\r\n", 16);
  expect_malformed("GET / HTTP/1.1\r\nA: \x01\r\n", 16);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_request),
      cmocka_unit_test(any_cut_needs_more),
      cmocka_unit_test(a_response),
      cmocka_unit_test(malformed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
