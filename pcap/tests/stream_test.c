/* Properties of TCP put in order: whatever happens to the segments of two streams on their way, the
 * bytes told are the bytes sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/tests/packets.h"

enum { STREAM = 20000, MAX_SEGMENTS = 4000, ROUNDS = 300 };

typedef struct segment {
  unsigned from;
  uint32_t at, len;
} segment;

/* Two streams, the segments that carry them in the order of the capture, and how far the reader
 * told each. */
typedef struct talk {
  uint64_t random;
  uint8_t bytes[2][STREAM];
  uint32_t isn[2];
  segment segments[MAX_SEGMENTS];
  uint32_t num;
  uint32_t told[2];
  uint64_t told_missing[2];
  bool holes; /* bytes may be missing */
} talk;

static talk t;
static rig r;

static uint32_t below(uint32_t limit) { return next_random(&t.random) % limit; }

static void add(unsigned from, uint32_t at, uint32_t len) {
  assert_true(t.num < MAX_SEGMENTS);
  t.segments[t.num++] = (segment){from, at, at + len <= STREAM ? len : STREAM - at};
}

/* Both streams cut anywhere, in order. */
static void cut(void) {
  uint32_t at[2] = {0, 0};
  while (at[0] < STREAM || at[1] < STREAM) {
    unsigned from = at[0] == STREAM || (at[1] < STREAM && below(2) == 0) ? 1 : 0;
    uint32_t len = 1 + below(below(4) == 0 ? 1460 : 60);
    add(from, at[from], len);
    at[from] += t.segments[t.num - 1].len;
  }
}

static void insert(uint32_t index, segment s) {
  assert_true(t.num < MAX_SEGMENTS);
  memmove(&t.segments[index + 1], &t.segments[index], (t.num - index) * sizeof s);
  t.segments[index] = s;
  t.num++;
}

static void swap_near(void) {
  for (uint32_t i = 0; i + 8 < t.num; i++) {
    if (below(4) == 0) {
      uint32_t j = i + 1 + below(7);
      segment s = t.segments[i];
      t.segments[i] = t.segments[j];
      t.segments[j] = s;
    }
  }
}

/* The same again, and other cuts of the same bytes, somewhat later. */
static void repeat(void) {
  for (uint32_t i = 0; i + 8 < t.num; i++) {
    if (below(8) == 0) {
      segment s = t.segments[i];
      uint32_t back = below(200) < s.at ? below(200) : 0;
      s.at -= back < s.at ? back : s.at;
      s.len += below(300);
      s.len = s.at + s.len <= STREAM ? s.len : STREAM - s.at;
      insert(i + 1 + below(7), s);
    }
  }
}

static void on_data(rig *it, law_flow *flow, unsigned from, law_bytes bytes) {
  (void)it;
  (void)flow;
  assert_true(t.told[from] + bytes.len <= STREAM);
  assert_memory_equal(bytes.data, t.bytes[from] + t.told[from], bytes.len);
  t.told[from] += (uint32_t)bytes.len;
}

static void send_segment(const segment *s) {
  uint32_t other = t.isn[1 - s->from] + 1; /* acknowledges nothing */
  put_tcp(&r.frame, s->from, ACK, t.isn[s->from] + 1 + s->at, other, t.bytes[s->from] + s->at,
          s->len);
  rig_send(&r);
}

static void begin(uint64_t seed) {
  memset(&t, 0, sizeof t);
  memset(&r, 0, sizeof r);
  t.random = seed;
  for (unsigned from = 0; from < 2; from++) {
    for (uint32_t i = 0; i < STREAM; i++) {
      t.bytes[from][i] = (uint8_t)below(256);
    }
    t.isn[from] = below(2) == 0 ? below(UINT32_MAX) : 0u - below(STREAM); /* may wrap */
  }
  r.on_data = on_data;
  r.quiet = true;
  r.batch = seed % 3 == 0 ? 0 : 1 + seed % LAW_READY_MAX;
  rig_open(&r);
}

static void end_both(void) {
  rig_tcp(&r, A, ACK | FIN, t.isn[A] + 1 + STREAM, t.isn[B] + 1, "");
  rig_tcp(&r, B, ACK | FIN, t.isn[B] + 1 + STREAM, t.isn[A] + 1, "");
  rig_flush(&r);
}

static void any_order_gives_the_same_bytes(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
    begin(seed);
    cut();
    repeat();
    swap_near();
    rig_handshake(&r, t.isn[A] + 1, t.isn[B] + 1);
    for (uint32_t i = 0; i < t.num; i++) {
      send_segment(&t.segments[i]);
    }
    end_both();
    law_reader_end(r.reader);
    rig_expect(&r, "+1|1a FIN|1b FIN|-1");
    assert_int_equal(t.told[A], STREAM);
    assert_int_equal(t.told[B], STREAM);
    rig_close(&r);
  }
}

/* ---- Segments that the capture lacks ---- */

static uint32_t acked[2]; /* how far each side received, which acknowledges all that came before */

static void send_acknowledging(const segment *s) {
  unsigned other = 1 - s->from;
  put_tcp(&r.frame, s->from, ACK, t.isn[s->from] + 1 + s->at, t.isn[other] + 1 + acked[other],
          t.bytes[s->from] + s->at, s->len);
  rig_send(&r);
}

/* Counts what was told missing since the last look. */
static void count_missing(rig *it, unsigned from) {
  const char lost[] = {'1', from == A ? 'a' : 'b', ' ', 'L', 'O', 'S', 'T', ' ', 0};
  it->log[it->len] = 0;
  for (char *p = strstr(it->log, lost); p != NULL; p = strstr(p + 1, lost)) {
    uint32_t num = (uint32_t)strtoul(p + strlen(lost), NULL, 10);
    t.told[from] += num;
    t.told_missing[from] += num;
    p[0] = '2'; /* seen */
  }
}

/* What is told must be a part of the stream, in order; where, is found by what was told missing. */
static void on_data_with_holes(rig *it, law_flow *flow, unsigned from, law_bytes bytes) {
  count_missing(it, from);
  on_data(it, flow, from, bytes);
}

static void lost_segments_are_told(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
    begin(seed);
    r.on_data = on_data_with_holes;
    memset(acked, 0, sizeof acked);
    uint64_t dropped[2] = {0, 0};
    cut();
    rig_handshake(&r, t.isn[A] + 1, t.isn[B] + 1);
    for (uint32_t i = 0; i < t.num; i++) {
      const segment *s = &t.segments[i];
      acked[s->from] = s->at + s->len;
      if (i + 20 < t.num && below(50) == 0) {
        dropped[s->from] += s->len;
      } else {
        send_acknowledging(s);
      }
    }
    end_both();
    law_reader_end(r.reader);
    for (unsigned from = 0; from < 2; from++) {
      count_missing(&r, from);
      assert_int_equal(t.told[from], STREAM);
      assert_int_equal(t.told_missing[from], dropped[from]);
    }
    rig_close(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_gives_the_same_bytes),
      cmocka_unit_test(lost_segments_are_told),
  };
  return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
