/* rig.h: a loop under test, and what every test does with it. */
#ifndef LAW_NET_TESTS_RIG_H
#define LAW_NET_TESTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "monitors/tests/tally.h"
#include "net/net.h"

#define RIG_MS UINT64_C(1000000)

typedef struct rig {
  law_net *net;
  law_handle scope; /* of what connects */
  law_handle listener;
  law_handle client, server; /* of rig_pair */
} rig;

/* A loop with a listener for |at| (port 0) whose connections speak |protocol|. */
void rig_start(rig *r, const law_protocol *protocol, const law_endpoint *at);
/* From now on what connects is judged by the monitor; what listens is what it judges. */
void rig_monitor(rig *r, const law_protocol *protocol);
void rig_stop(rig *r);

/* The next event; fails the test when none comes within ten seconds. */
law_event rig_next(rig *r);
/* The next event, which must be of this kind and handle (0: any). */
law_event rig_expect(rig *r, law_event_kind kind, law_handle handle);
/* No event for |ms|. */
void rig_expect_nothing(rig *r, unsigned ms);

/* Connects to the listener as |to| says (port filled in): sets |client| and |server|. */
void rig_pair(rig *r, const law_endpoint *to);

void rig_send(rig *r, law_handle handle, const void *data, size_t len);
/* Sends one tally message. */
void rig_tell(rig *r, law_handle handle, uint8_t type, const void *data, size_t len);
/* The next event is a message of |type| with that data. Returns it. */
law_event rig_expect_tally(rig *r, law_handle handle, uint8_t type, const void *data, size_t len);
/* Gathers raw messages of |handle| until |len| bytes came, and compares. */
void rig_expect_bytes(rig *r, law_handle handle, const void *data, size_t len);

#endif
