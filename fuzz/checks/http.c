#include "http/head.h"

#include <stdio.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"

enum { CUTS = 16 };

/* A head's beginning is not whole, and not called wrong while the whole is good. */
static void check_cuts(law_bytes head, law_status whole, size_t whole_len) {
  law_http_head h;
  for (size_t n = 0; n < CUTS; n++) {
    size_t len = 0, at = 0, i = head.len * n / CUTS;
    law_status status = law_http_decode(law_bytes_of(head.data, i), &h, &len, &at);
    FUZZ_REQUIRE(status != LAW_NEED_MORE || len > i);
    FUZZ_REQUIRE(status != LAW_OK || (whole == LAW_OK && len == whole_len));
    FUZZ_REQUIRE(status != LAW_MALFORMED || whole == LAW_MALFORMED);
  }
}

static bool inside(law_bytes part, law_bytes whole) {
  return part.len == 0 ||
         (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

static bool has_byte(law_bytes b, uint8_t c) {
  return b.len > 0 && memchr(b.data, c, b.len) != NULL;
}

/* A field is found by its name, and its name holds nothing that could end a line or a name. */
static void check_field(const law_http_head *h, law_bytes name, law_bytes value) {
  char text[64];
  law_bytes found;
  FUZZ_REQUIRE(name.len > 0 && !has_byte(name, ':') && !has_byte(name, ' '));
  FUZZ_REQUIRE(!has_byte(value, '\n') && !has_byte(value, '\r') && !has_byte(value, 0));
  if (name.len < sizeof text) {
    (void)snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.data);
    FUZZ_REQUIRE(law_http_same(name, text));
    FUZZ_REQUIRE(law_http_field(h, text, &found));
    FUZZ_REQUIRE(!law_http_lists(h, text, "a, b", true)); /* no element holds a comma */
    FUZZ_REQUIRE(law_http_lists(h, text, "websocket", true) ||
                 !law_http_lists(h, text, "websocket", false));
  }
}

static void check_head(const law_http_head *h, law_bytes head) {
  law_bytes fields = h->fields, name, value;
  size_t lines = 0;
  FUZZ_REQUIRE(inside(h->fields, head) && inside(h->method, head) && inside(h->target, head));
  FUZZ_REQUIRE(h->minor <= 9 && h->status <= 999);
  FUZZ_REQUIRE(h->request ? h->method.len > 0 && h->target.len > 0 : h->method.len == 0);
  while (law_http_next(&fields, &name, &value)) {
    check_field(h, name, value);
    lines++;
  }
  FUZZ_REQUIRE(fields.len == 0 && lines <= head.len / 3);
}

void fuzz_check_http(law_bytes head) {
  law_http_head h;
  size_t len = 0, at = 0;
  law_status status = law_http_decode(head, &h, &len, &at);
  check_cuts(head, status, len);
  FUZZ_REQUIRE(at <= head.len);
  if (status == LAW_OK) {
    FUZZ_REQUIRE(len >= 4 && memcmp(head.data + len - 4, "\r\n\r\n", 4) == 0);
    check_head(&h, law_bytes_of(head.data, len));
  }
}
