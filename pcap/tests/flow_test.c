#include "pcap/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/tests/packets.h"

enum { MANY = 20000 };

static law_flow_key key_of(uint32_t client, uint16_t port) {
  law_flow_key key = {.port = {port, 1883}, .kind = LAW_FLOW_TCP, .address_len = 4};
  memcpy(key.address[0], &client, sizeof client);
  key.address[1][0] = 0x0100007f;
  return key;
}

static law_flow_key turned(const law_flow_key *key) {
  law_flow_key other = *key;
  memcpy(other.address[0], key->address[1], sizeof other.address[0]);
  memcpy(other.address[1], key->address[0], sizeof other.address[1]);
  other.port[0] = key->port[1];
  other.port[1] = key->port[0];
  return other;
}

static law_flow_entry *find(const law_flows *f, law_flow_key key) {
  return law_flows_find(f, &key, law_flow_hash(f, &key));
}

static law_flow_entry *add(law_flows *f, law_flow_key key) {
  return law_flows_add(f, &key, law_flow_hash(f, &key));
}

static void both_directions_are_one_flow(void **state) {
  (void)state;
  law_flows f;
  unsigned from;
  assert_true(law_flows_init(&f, MANY, 100));
  law_flow_key key = key_of(7, 40000), other = turned(&key);
  law_flow_entry *e = add(&f, key);
  assert_non_null(e);
  assert_ptr_equal(find(&f, other), e);
  assert_true(law_flow_is(e, &key, &from));
  assert_int_equal(from, 0);
  assert_true(law_flow_is(e, &other, &from));
  assert_int_equal(from, 1);
  key.kind = LAW_FLOW_UDP;
  assert_null(find(&f, key));
  law_flows_free(&f);
}

/* Adds, finds and removes at random, and compares with a plain list. */
static void table_holds_what_was_added(void **state) {
  (void)state;
  law_flows f;
  uint64_t random = 1;
  static law_flow_entry *there[MANY];
  memset(there, 0, sizeof there);
  assert_true(law_flows_init(&f, MANY, 16));
  for (uint32_t i = 0; i < 20 * MANY; i++) {
    uint32_t n = next_random(&random) % MANY;
    law_flow_key key = key_of(n / 100, (uint16_t)(n % 100));
    law_flow_entry *found = find(&f, i % 2 == 0 ? key : turned(&key));
    assert_ptr_equal(found, there[n]);
    if (found == NULL) {
      there[n] = add(&f, key);
      assert_non_null(there[n]);
      memset(there[n]->flow.user, 0xff, 16);
    } else if (i % 3 == 0) {
      law_flows_remove(&f, found);
      there[n] = NULL;
    }
  }
  law_flows_free(&f);
}

static void memory_is_zeroed_again(void **state) {
  (void)state;
  law_flows f;
  static const uint8_t zero[100];
  assert_true(law_flows_init(&f, 4, sizeof zero));
  law_flow_entry *e = add(&f, key_of(1, 1));
  memset(e->flow.user, 0xff, sizeof zero);
  law_flows_remove(&f, e);
  e = add(&f, key_of(2, 2));
  assert_memory_equal(e->flow.user, zero, sizeof zero);
  assert_int_equal((uintptr_t)e->flow.user % 16, 0);
  law_flows_free(&f);
}

static void least_recently_used_is_the_oldest(void **state) {
  (void)state;
  law_flows f;
  assert_true(law_flows_init(&f, 3, 0));
  law_flow_entry *a = add(&f, key_of(1, 1)), *b = add(&f, key_of(2, 2)), *c = add(&f, key_of(3, 3));
  assert_null(add(&f, key_of(4, 4)));
  assert_ptr_equal(law_flows_oldest(&f), a);
  law_flows_use(&f, a, 1);
  assert_ptr_equal(law_flows_oldest(&f), b);
  law_flows_use(&f, c, 2);
  law_flows_use(&f, b, 3);
  assert_ptr_equal(law_flows_oldest(&f), a);
  law_flows_done(&f, c); /* ended ones go first */
  assert_ptr_equal(law_flows_oldest(&f), c);
  law_flows_remove(&f, c);
  assert_ptr_equal(law_flows_oldest(&f), a);
  law_flows_free(&f);
}

/* A large table does not keep the exact order; but what was used in its last half of uses stays
 * before what was not in the last two thirds. */
static void large_table_keeps_what_is_used(void **state) {
  (void)state;
  law_flows f;
  assert_true(law_flows_init(&f, MANY, 0));
  for (uint32_t i = 0; i < MANY; i++) {
    assert_non_null(add(&f, key_of(i, 1)));
  }
  for (uint32_t round = 0; round < 4; round++) {
    for (uint32_t i = 0; i < MANY; i += 2) {
      law_flows_use(&f, find(&f, key_of(i, 1)), round);
    }
  }
  for (uint32_t i = 0; i < MANY / 2; i++) {
    law_flow_entry *e = law_flows_oldest(&f);
    uint32_t client;
    memcpy(&client, e->key.address[0], sizeof client);
    assert_int_equal(client % 2, 1);
    law_flows_remove(&f, e);
  }
  law_flows_free(&f);
}

/* ---- Through the reader ---- */

static rig r;

static void send_from(uint32_t client, uint8_t flags, uint32_t seq) {
  put_tcp(&r.frame, A, flags, seq, 1, NULL, 0);
  r.frame.data[15] = (uint8_t)client;
  rig_send(&r);
}

static void full_table_forgets_the_oldest(void **state) {
  (void)state;
  memset(&r, 0, sizeof r);
  r.options.max_flows = 3;
  rig_open(&r);
  for (uint32_t client = 1; client <= 3; client++) {
    send_from(client, SYN, 1);
  }
  send_from(1, ACK, 2);
  EXPECT("+1|+2|+3");
  send_from(4, SYN, 1);
  send_from(5, SYN, 1);
  EXPECT("-2|+4|-3|+5");
  assert_int_equal(law_reader_counted(r.reader)->evicted, 2);
  rig_close(&r);
}

static void idle_flows_are_forgotten(void **state) {
  (void)state;
  memset(&r, 0, sizeof r);
  r.options.idle = UINT64_C(3600) * 1000000000;
  rig_open(&r);
  send_from(1, SYN, 1);
  send_from(2, SYN, 1);
  send_from(2, RST, 2);
  EXPECT("+1|+2|2a RST");
  r.time += UINT64_C(130) * 1000000000;
  for (unsigned i = 0; i < 64; i++) {
    send_from(1, ACK, 2);
  }
  EXPECT("-2");
  r.time += UINT64_C(3601) * 1000000000;
  for (unsigned i = 0; i < 64; i++) {
    send_from(3, ACK, 2);
  }
  EXPECT("+3|-1");
  rig_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_directions_are_one_flow),
      cmocka_unit_test(table_holds_what_was_added),
      cmocka_unit_test(memory_is_zeroed_again),
      cmocka_unit_test(least_recently_used_is_the_oldest),
      cmocka_unit_test(large_table_keeps_what_is_used),
      cmocka_unit_test(full_table_forgets_the_oldest),
      cmocka_unit_test(idle_flows_are_forgotten),
  };
  return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
