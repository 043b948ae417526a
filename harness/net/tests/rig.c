#include "net/tests/rig.h"

#include <errno.h>
#include <string.h>

enum { PATIENCE_MS = 10000 };

void rig_start(rig *r, const law_protocol *protocol, const law_endpoint *at) {
  memset(r, 0, sizeof *r);
  r->net = law_net_new();
  assert_non_null(r->net);
  r->scope = law_net_scope(r->net, protocol, LAW_SERVER, false);
  assert_int_not_equal(r->scope, 0);
  r->listener = law_net_listen(r->net, r->scope, at, r);
  if (r->listener == 0) {
    fail_msg("%s", law_net_error(r->net));
  }
  assert_int_not_equal(law_net_port(r->net, r->listener), 0);
}

void rig_monitor(rig *r, const law_protocol *protocol) {
  r->scope = law_net_scope(r->net, protocol, LAW_SERVER, true);
  assert_int_not_equal(r->scope, 0);
}

void rig_stop(rig *r) {
  law_net_free(r->net);
  r->net = NULL;
}

/* One at a time: so views are used while others still wait to be handed out. */
static int wait_for(rig *r, unsigned ms, law_event *out) {
  uint64_t until = law_net_now() + ms * RIG_MS;
  int n = 0;
  while (n == 0 && law_net_now() < until) {
    n = law_net_wait(r->net, until, out, 1);
    assert_true(n >= 0);
  }
  return n;
}

law_event rig_next(rig *r) {
  law_event e;
  if (wait_for(r, PATIENCE_MS, &e) != 1) {
    fail_msg("no event came");
  }
  return e;
}

law_event rig_expect(rig *r, law_event_kind kind, law_handle handle) {
  law_event e = rig_next(r);
  if (e.kind != kind || (handle != 0 && e.handle != handle)) {
    fail_msg("event %d of %u (%s), expected %d of %u", (int)e.kind, e.handle, e.text ? e.text : "",
             (int)kind, handle);
  }
  return e;
}

void rig_expect_nothing(rig *r, unsigned ms) {
  law_event e;
  if (wait_for(r, ms, &e) != 0) {
    fail_msg("event %d of %u, expected none", (int)e.kind, e.handle);
  }
}

void rig_pair(rig *r, const law_endpoint *to) {
  law_endpoint there = *to;
  there.port = law_net_port(r->net, r->listener);
  r->client = law_net_connect(r->net, r->scope, &there, NULL);
  assert_int_not_equal(r->client, 0);
  bool connected = false;
  for (int i = 0; i < 2; i++) {
    law_event e = rig_next(r);
    if (e.kind == LAW_EV_CONNECTED && !connected) {
      assert_int_equal(e.handle, r->client);
      connected = true;
    } else if (e.kind == LAW_EV_ACCEPTED) {
      assert_int_equal(e.listener, r->listener);
      r->server = e.handle;
    } else {
      fail_msg("event %d: %s", (int)e.kind, e.text ? e.text : "");
    }
  }
  assert_true(connected);
  assert_int_not_equal(r->server, 0);
}

void rig_send(rig *r, law_handle handle, const void *data, size_t len) {
  assert_true(law_net_send(r->net, handle, law_bytes_of(data, len), NULL));
}

void rig_tell(rig *r, law_handle handle, uint8_t type, const void *data, size_t len) {
  uint8_t wire[512];
  assert_true(len < sizeof wire - 3);
  rig_send(r, handle, wire, tally_put(wire, type, data, len));
}

law_event rig_expect_tally(rig *r, law_handle handle, uint8_t type, const void *data, size_t len) {
  law_event e = rig_expect(r, LAW_EV_MESSAGE, handle);
  const tally_message *m = e.message;
  assert_int_equal(e.status, LAW_OK);
  assert_non_null(m);
  assert_int_equal(m->type, type);
  assert_int_equal(m->data.len, len);
  assert_int_equal(e.wire.len, len + 3);
  assert_ptr_equal(m->data.data, e.wire.data + 3);
  if (len > 0) {
    assert_memory_equal(m->data.data, data, len);
  }
  return e;
}

void rig_expect_bytes(rig *r, law_handle handle, const void *data, size_t len) {
  const uint8_t *at = data;
  while (len > 0) {
    law_event e = rig_expect(r, LAW_EV_MESSAGE, handle);
    assert_true(e.wire.len <= len);
    assert_memory_equal(e.wire.data, at, e.wire.len);
    at += e.wire.len;
    len -= e.wire.len;
  }
}
