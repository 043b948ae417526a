#include "monitors/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitors/tests/tally.h"

enum { MAX_SEEN = 64, TAIL = 64 };

typedef struct seen {
  law_side from;
  law_status status;
  uint8_t wire[TAIL];
  size_t wire_len;
  bool no_wire;
  uint8_t type, data_len;
  const law_type *descriptor;
  law_violation decode;
  law_findings findings;
} seen;

typedef struct bench {
  law_judge judge;
  tally_connection monitor;
  uint8_t tail[2][TAIL];
  seen seen[MAX_SEEN];
  size_t num;
} bench;

/* Copies all, so that a view that outlives its bytes shows under AddressSanitizer. */
static void sink(void *user, const law_judged *judged) {
  bench *b = user;
  assert_true(b->num < MAX_SEEN);
  seen *s = &b->seen[b->num++];
  memset(s, 0, sizeof *s);
  s->from = judged->from;
  s->status = judged->status;
  s->no_wire = judged->wire.data == NULL;
  s->wire_len = judged->wire.len;
  if (judged->wire.len > 0 && judged->wire.len <= TAIL) {
    memcpy(s->wire, judged->wire.data, judged->wire.len);
  }
  if (judged->message) {
    const tally_message *m = judged->message;
    assert_int_equal(judged->status, LAW_OK);
    assert_ptr_equal(m->data.data, judged->wire.data + 3);
    s->type = m->type;
    s->data_len = (uint8_t)m->data.len;
  }
  if (judged->decode) {
    s->decode = *judged->decode;
  }
  s->descriptor = judged->type;
  assert_non_null(judged->findings);
  s->findings.num = judged->findings->num;
  memcpy(s->findings.found, judged->findings->found, judged->findings->num * sizeof(law_violation));
}

static void start(bench *b, bool with_monitor) {
  memset(b, 0, sizeof *b);
  tally.connection_init(&b->monitor, NULL, LAW_SERVER, true);
  law_judge_init(&b->judge, &tally, with_monitor ? &b->monitor : NULL, b->tail[LAW_CLIENT],
                 b->tail[LAW_SERVER], TAIL, sink, b);
}

/* Pushes from an allocation of exactly that size, freed afterwards. */
static void push(bench *b, law_side from, const uint8_t *data, size_t len) {
  uint8_t *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  if (len > 0) {
    memcpy(copy, data, len);
  }
  law_judge_push(&b->judge, from, 7, law_bytes_of(copy, len));
  free(copy);
}

/* Good messages, one refused by its type and one by its content, then a length nobody can frame. */
static size_t stream(uint8_t *out) {
  static const uint8_t lost[] = {0xff, 0xff, 1, 2, 3};
  size_t len = 0;
  len += tally_put(out + len, TALLY_DATA, "abc", 3);
  len += tally_put(out + len, TALLY_HELLO, "x", 1);
  len += tally_put(out + len, 9, "", 0);
  len += tally_put(out + len, TALLY_DATA, "xxyx", 4);
  len += tally_put(out + len, TALLY_DATA, "xxxxxxxxxxxxxxxxxxxx", 20);
  len += tally_put(out + len, TALLY_BYE, "", 0);
  memcpy(out + len, lost, sizeof lost);
  return len + sizeof lost;
}

static void expect_stream(const bench *b) {
  assert_int_equal(b->num, 7);
  assert_int_equal(b->seen[0].status, LAW_OK);
  assert_int_equal(b->seen[0].findings.num, 1);
  assert_int_equal(b->seen[0].findings.found[0].requirement, TALLY_R_FIRST);
  assert_int_equal(b->seen[1].type, TALLY_HELLO);
  assert_string_equal(b->seen[1].descriptor->name, "HELLO");
  assert_int_equal(b->seen[2].status, LAW_MALFORMED);
  assert_null(b->seen[2].descriptor);
  assert_int_equal(b->seen[2].decode.offset, 2);
  assert_int_equal(b->seen[2].findings.found[0].requirement, TALLY_R_TYPE);
  assert_int_equal(b->seen[3].status, LAW_PROTOCOL_ERROR);
  assert_int_equal(b->seen[3].decode.offset, 5);
  assert_int_equal(b->seen[4].data_len, 20);
  assert_int_equal(b->seen[5].type, TALLY_BYE);
  assert_int_equal(b->seen[6].status, LAW_MALFORMED);
  assert_int_equal(b->seen[6].findings.found[0].requirement, TALLY_R_LENGTH);
  assert_true(b->judge.direction[LAW_SERVER].dead);
}

static void expect_same_violation(const law_violation *x, const law_violation *y) {
  assert_int_equal(x->requirement, y->requirement);
  assert_int_equal(x->status, y->status);
  assert_int_equal(x->offset, y->offset);
}

/* What follows the point where framing was lost is in one piece or another; all else is the
 * same. */
static void expect_same(const bench *a, const bench *b) {
  assert_int_equal(a->num, b->num);
  for (size_t i = 0; i < a->num; i++) {
    const seen *x = &a->seen[i];
    const seen *y = &b->seen[i];
    assert_int_equal(x->status, y->status);
    assert_int_equal(x->type, y->type);
    assert_int_equal(x->findings.num, y->findings.num);
    for (size_t k = 0; k < x->findings.num; k++) {
      expect_same_violation(&x->findings.found[k], &y->findings.found[k]);
    }
    if (i + 1 < a->num) {
      assert_int_equal(x->wire_len, y->wire_len);
      assert_memory_equal(x->wire, y->wire, x->wire_len);
    }
  }
}

static void whole_stream(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[256];
  start(&b, true);
  push(&b, LAW_SERVER, wire, stream(wire));
  expect_stream(&b);
}

static void any_two_cuts(void **state) {
  (void)state;
  static bench whole, cut;
  uint8_t wire[256];
  size_t len = stream(wire);
  start(&whole, true);
  push(&whole, LAW_SERVER, wire, len);
  for (size_t i = 0; i <= len; i++) {
    for (size_t k = i; k <= len; k++) {
      start(&cut, true);
      push(&cut, LAW_SERVER, wire, i);
      push(&cut, LAW_SERVER, wire + i, k - i);
      push(&cut, LAW_SERVER, wire + k, len - k);
      expect_same(&whole, &cut);
    }
  }
}

static void byte_by_byte(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[256];
  size_t len = stream(wire);
  start(&b, true);
  for (size_t i = 0; i < len; i++) {
    push(&b, LAW_SERVER, wire + i, 1);
  }
  expect_stream(&b);
}

static void directions_do_not_mix(void **state) {
  (void)state;
  static bench b;
  uint8_t a[32], c[32];
  size_t a_len = tally_put(a, TALLY_HELLO, "", 0);
  size_t c_len = tally_put(c, TALLY_DATA, "data", 4);
  start(&b, true);
  push(&b, LAW_CLIENT, c, 3);
  push(&b, LAW_SERVER, a, 2);
  push(&b, LAW_CLIENT, c + 3, c_len - 3);
  push(&b, LAW_SERVER, a + 2, a_len - 2);
  assert_int_equal(b.num, 2);
  assert_int_equal(b.seen[0].from, LAW_CLIENT);
  assert_int_equal(b.seen[0].type, TALLY_DATA);
  assert_int_equal(b.seen[0].findings.num, 0);
  assert_int_equal(b.seen[1].from, LAW_SERVER);
  assert_int_equal(b.monitor.num_messages, 2);
}

/* The same answer whether it comes at once or in pieces, and nothing after it. */
static void too_long(void **state) {
  (void)state;
  uint8_t wire[256], data[TAIL] = {0};
  size_t len = tally_put(wire, TALLY_DATA, data, TAIL - 2);
  len += tally_put(wire + len, TALLY_BYE, "", 0);
  for (size_t cut = 0; cut <= len; cut++) {
    static bench b;
    start(&b, true);
    push(&b, LAW_SERVER, wire, cut);
    push(&b, LAW_SERVER, wire + cut, len - cut);
    assert_int_equal(b.num, 1);
    assert_int_equal(b.seen[0].status, LAW_LIMIT);
    assert_int_equal(b.seen[0].findings.num, 0);
    assert_int_equal(b.monitor.num_gaps, 1);
    assert_int_equal(b.monitor.num_messages, 0);
  }
}

static void longest_that_fits(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[256], data[TAIL] = {0};
  size_t len = tally_put(wire, TALLY_DATA, data, TAIL - 3);
  start(&b, true);
  for (size_t i = 0; i < len; i++) {
    push(&b, LAW_SERVER, wire + i, 1);
  }
  assert_int_equal(b.num, 1);
  assert_int_equal(b.seen[0].wire_len, TAIL);
}

static bool grow(void *user, law_judge_direction *direction, size_t need) {
  bench *b = user;
  assert_true(need <= b->judge.max_len);
  uint8_t *tail = realloc(direction->tail, need);
  assert_non_null(tail);
  direction->tail = tail;
  direction->cap = need;
  return true;
}

static bool refuse(void *user, law_judge_direction *direction, size_t need) {
  (void)user;
  (void)direction;
  (void)need;
  return false;
}

static void tails_grow(void **state) {
  (void)state;
  static bench b;
  static uint8_t wire[1200], data[1000];
  size_t len = tally_put(wire, TALLY_DATA, data, sizeof data);
  start(&b, false);
  law_judge_init(&b.judge, &tally, NULL, NULL, NULL, 0, sink, &b);
  b.judge.max_len = 2000;
  b.judge.grow = grow;
  push(&b, LAW_CLIENT, wire, 500);
  push(&b, LAW_CLIENT, wire + 500, len - 500);
  assert_int_equal(b.num, 1);
  assert_int_equal(b.seen[0].status, LAW_OK);
  assert_int_equal(b.seen[0].wire_len, len);
  free(b.judge.direction[LAW_CLIENT].tail);
}

static void no_memory_is_a_limit(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[32];
  size_t len = tally_put(wire, TALLY_DATA, "abc", 3);
  start(&b, false);
  law_judge_init(&b.judge, &tally, NULL, NULL, NULL, 0, sink, &b);
  b.judge.max_len = 2000;
  b.judge.grow = refuse;
  push(&b, LAW_CLIENT, wire, 4);
  push(&b, LAW_CLIENT, wire + 4, len - 4);
  assert_int_equal(b.num, 1);
  assert_int_equal(b.seen[0].status, LAW_LIMIT);
}

/* The sink may keep the tail in which a message came. */
static void keeping_sink(void *user, const law_judged *judged) {
  bench *b = user;
  law_judge_direction *dir = &b->judge.direction[judged->from];
  sink(user, judged);
  if (judged->wire.data == dir->tail) {
    free(dir->tail);
    dir->tail = NULL;
    dir->cap = 0;
  }
}

static void tails_can_be_taken(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[256];
  size_t len = stream(wire);
  start(&b, false);
  law_judge_init(&b.judge, &tally, NULL, NULL, NULL, 0, keeping_sink, &b);
  b.judge.max_len = 2000;
  b.judge.grow = grow;
  for (size_t i = 0; i < len; i += 4) {
    push(&b, LAW_SERVER, wire + i, len - i < 4 ? len - i : 4);
  }
  assert_int_equal(b.num, 7);
  free(b.judge.direction[LAW_SERVER].tail);
}

static void without_monitor(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[256];
  start(&b, false);
  push(&b, LAW_SERVER, wire, stream(wire));
  assert_int_equal(b.num, 7);
  assert_int_equal(b.seen[0].findings.num, 0);
  assert_int_equal(b.seen[2].findings.num, 1);
  law_judge_closed(&b.judge, LAW_SERVER, false, 9);
  assert_int_equal(b.num, 7);
  assert_true(law_judge_tick(&b.judge, 9) == UINT64_MAX);
  law_judge_gap(&b.judge, LAW_SERVER);
}

/* A codec without the monitor's half, beside a monitor's memory. */
static void without_monitor_functions(void **state) {
  (void)state;
  static bench b;
  law_protocol bare = tally;
  bare.observe = NULL;
  bare.closed = NULL;
  bare.gap = NULL;
  bare.tick = NULL;
  uint8_t wire[256];
  start(&b, true);
  b.judge.protocol = &bare;
  push(&b, LAW_SERVER, wire, stream(wire));
  law_judge_closed(&b.judge, LAW_SERVER, false, 9);
  law_judge_gap(&b.judge, LAW_CLIENT);
  assert_true(law_judge_tick(&b.judge, 9) == UINT64_MAX);
  assert_int_equal(b.num, 7);
}

static void absences(void **state) {
  (void)state;
  static bench b;
  start(&b, true);
  uint64_t next = law_judge_tick(&b.judge, 1);
  assert_true(next == 1 + TALLY_PATIENCE);
  assert_true(law_judge_tick(&b.judge, next - 1) == next);
  assert_int_equal(b.num, 0);
  assert_true(law_judge_tick(&b.judge, next) == UINT64_MAX);
  assert_int_equal(b.num, 1);
  assert_true(b.seen[0].no_wire);
  assert_int_equal(b.seen[0].findings.found[0].requirement, TALLY_R_LATE);
}

static void closing(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[32];
  size_t len = tally_put(wire, TALLY_HELLO, "", 0);
  start(&b, true);
  push(&b, LAW_SERVER, wire, len);
  push(&b, LAW_SERVER, wire, 2);
  law_judge_closed(&b.judge, LAW_SERVER, false, 9);
  assert_int_equal(b.num, 2);
  assert_true(b.seen[1].no_wire);
  assert_int_equal(b.seen[1].findings.found[0].requirement, TALLY_R_BYE);
  assert_int_equal(b.judge.direction[LAW_SERVER].len, 2);
  push(&b, LAW_SERVER, wire + 2, len - 2);
  assert_int_equal(b.num, 2);
}

static void gap_begins_anew(void **state) {
  (void)state;
  static bench b;
  uint8_t wire[32];
  size_t len = tally_put(wire, TALLY_HELLO, "", 0);
  start(&b, true);
  push(&b, LAW_SERVER, wire, 2);
  law_judge_gap(&b.judge, LAW_SERVER);
  push(&b, LAW_SERVER, wire, len);
  assert_int_equal(b.num, 1);
  assert_int_equal(b.seen[0].type, TALLY_HELLO);
  assert_int_equal(b.monitor.num_gaps, 1);
}

static void protocols_by_name(void **state) {
  (void)state;
  assert_non_null(law_protocols[0]);
  assert_ptr_equal(law_protocol_find("mqtt"), law_protocols[0]);
  assert_ptr_equal(law_protocol_find("mqtts"), law_protocols[0]);
  assert_null(law_protocol_find("gopher"));
  assert_null(law_protocol_find(""));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_stream),
      cmocka_unit_test(any_two_cuts),
      cmocka_unit_test(byte_by_byte),
      cmocka_unit_test(directions_do_not_mix),
      cmocka_unit_test(too_long),
      cmocka_unit_test(longest_that_fits),
      cmocka_unit_test(tails_grow),
      cmocka_unit_test(no_memory_is_a_limit),
      cmocka_unit_test(tails_can_be_taken),
      cmocka_unit_test(without_monitor),
      cmocka_unit_test(without_monitor_functions),
      cmocka_unit_test(absences),
      cmocka_unit_test(closing),
      cmocka_unit_test(gap_begins_anew),
      cmocka_unit_test(protocols_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
