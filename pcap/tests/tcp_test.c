#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pcap/tests/packets.h"

static rig r;

static int set_up(void **state) {
  (void)state;
  memset(&r, 0, sizeof r);
  rig_open(&r);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  rig_close(&r);
  return 0;
}

static void open_connection(uint32_t a, uint32_t b) {
  rig_handshake(&r, a, b);
  EXPECT("+1");
}

static void conversation(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  assert_int_equal(r.place_frame, 4);
  assert_int_equal(r.place_at, 40);
  rig_tcp(&r, B, ACK, 5000, 1005, "world");
  rig_tcp(&r, A, ACK | FIN, 1005, 5005, "!");
  rig_tcp(&r, B, ACK | FIN, 5005, 1007, "");
  rig_tcp(&r, A, ACK, 1007, 5006, "");
  EXPECT("1a 'hello'|1b 'world'|1a '!'|1a FIN|1b FIN|-1");
  rig_tcp(&r, B, ACK | FIN, 5005, 1007, ""); /* a late copy opens nothing */
  law_reader_end(r.reader);
  EXPECT("");
  const law_reader_counts *counts = law_reader_counted(r.reader);
  assert_int_equal(counts->packets, 9);
  assert_int_equal(counts->tcp, 9);
  assert_int_equal(counts->flows, 1);
}

static void retransmission(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  rig_tcp(&r, A, ACK, 1003, 5000, "lo you"); /* old and new in one */
  EXPECT("1a 'hello'|1a ' you'");
}

static void out_of_order(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1006, 5000, "ghi");
  rig_tcp(&r, A, ACK, 1003, 5000, "def");
  EXPECT("");
  rig_tcp(&r, A, ACK, 1000, 5000, "abc");
  EXPECT("1a 'abc'|1a 'def'|1a 'ghi'");
  assert_int_equal(r.place_frame, 4); /* where the last of them came */
  assert_int_equal(law_reader_counted(r.reader)->out_of_order, 2);
}

static void overlap_keeps_the_first(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1004, 5000, "efgh");
  rig_tcp(&r, A, ACK, 1002, 5000, "cdEFghij");
  EXPECT("1a differs 2");
  rig_tcp(&r, A, ACK, 1000, 5000, "abcdefghijkl");
  EXPECT("1a 'ab'|1a 'cd'|1a 'efgh'|1a 'ij'|1a 'kl'");
}

static void next_one_overlaps_what_waits(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1002, 5000, "cd");
  rig_tcp(&r, A, ACK, 1006, 5000, "gh");
  rig_tcp(&r, A, ACK, 1000, 5000, "abCDefG");
  EXPECT("1a 'ab'|1a differs 2|1a 'cd'|1a 'ef'|1a differs 1|1a 'gh'");
}

static void sequence_wraps(void **state) {
  (void)state;
  open_connection(0xfffffffe, 0xffffffff);
  rig_tcp(&r, A, ACK, 3, 0xffffffff, "fgh");
  rig_tcp(&r, A, ACK, 0xfffffffe, 0xffffffff, "abcde");
  rig_tcp(&r, B, ACK, 0xffffffff, 6, "xyz");
  rig_tcp(&r, B, ACK, 0xffffffff, 6, "xyz");
  EXPECT("1a 'abcde'|1a 'fgh'|1b 'xyz'");
}

static void acknowledged_hole_is_lost(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1003, 5000, "def");
  EXPECT("");
  rig_tcp(&r, B, ACK, 5000, 1006, "");
  EXPECT("1a LOST 3|1a 'def'");
  rig_tcp(&r, A, ACK, 1006, 5000, "ghi");
  EXPECT("1a 'ghi'");
  assert_int_equal(law_reader_counted(r.reader)->lost_bytes, 3);
}

static void answer_shows_the_loss(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, B, ACK, 5000, 1010, "answer");
  EXPECT("1a LOST 10|1b 'answer'");
  rig_tcp(&r, A, ACK, 1010, 5006, "next");
  EXPECT("1a 'next'");
}

/* The acknowledgement was captured before what it acknowledges. */
static void late_order_of_directions(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, B, ACK, 5000, 1005, "");
  EXPECT("");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("1a 'hello'");
  rig_tcp(&r, B, ACK, 5000, 1010, "answer");
  EXPECT("1a LOST 5|1b 'answer'");
  rig_tcp(&r, A, ACK, 1005, 5000, "later");
  rig_tcp(&r, A, ACK, 1010, 5006, "next");
  EXPECT("1a late 5|1a 'later'|1a 'next'");
}

static void acknowledgement_from_nowhere(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, B, ACK, 5000, 1000 + (128 << 20), "answer");
  rig_tcp(&r, A, ACK, 1000, 5006, "hello");
  EXPECT("1b 'answer'|1a 'hello'");
  rig_tcp(&r, B, ACK, 5006, 1005 + (1 << 20), "answer"); /* near enough to be believed */
  rig_tcp(&r, A, ACK, 1005, 5012, "hello");
  rig_tcp(&r, A, ACK, 1010, 5012, "again");
  EXPECT("1a LOST 1048576|1b 'answer'|1a late 1048576|1a 'hello'|1a 'again'");
}

static void old_hole_is_lost(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1003, 5000, "def");
  r.time += UINT64_C(121) * 1000000000;
  for (unsigned i = 0; i < 64; i++) {
    rig_tcp(&r, B, ACK, 5000, 1000, "");
  }
  EXPECT("1a LOST 3|1a 'def'");
}

static void hole_at_the_end(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1003, 5000, "def");
  rig_tcp(&r, A, ACK | FIN, 1009, 5000, "jkl");
  EXPECT("");
  law_reader_end(r.reader);
  EXPECT("1a LOST 3|1a 'def'|1a LOST 3|1a 'jkl'|1a FIN|-1");
}

static void middle_of_a_stream(void **state) {
  (void)state;
  rig_tcp(&r, B, ACK, 5000, 1000, "world");
  rig_tcp(&r, A, ACK, 1000, 5005, "hello");
  EXPECT("+1|1a START|1a 'world'|1b START|1b 'hello'");
}

static void middle_guessed_by_the_other_side(void **state) {
  (void)state;
  rig_tcp(&r, B, ACK, 5000, 1000, "world"); /* a: port 1883 */
  rig_tcp(&r, A, ACK, 995, 5005, "hello");  /* was acknowledged already: from before the capture */
  rig_tcp(&r, A, ACK, 1000, 5005, "again");
  EXPECT("+1|1a START|1a 'world'|1b START|1b 'again'");
}

static void probe_first(void **state) {
  (void)state;
  rig_tcp(&r, A, ACK, 999, 5000, "x");
  rig_tcp(&r, B, ACK, 5000, 1000, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("+1|1a START|1a 'hello'");
}

static void answer_to_a_syn_first(void **state) {
  (void)state;
  rig_tcp(&r, B, SYN | ACK, 4999, 1000, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  rig_tcp(&r, B, ACK, 5000, 1005, "world");
  EXPECT("+1|1a START|1a 'hello'|1b 'world'"); /* the client is end 0 */
}

static void syn_after_its_answer(void **state) {
  (void)state;
  rig_tcp(&r, B, SYN | ACK, 4999, 1000, "");
  rig_tcp(&r, A, SYN, 999, 0, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("+1|1a 'hello'");
}

static void lost_answer_to_a_syn(void **state) {
  (void)state;
  rig_tcp(&r, A, SYN, 999, 0, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  rig_tcp(&r, B, ACK, 5000, 1005, "world");
  EXPECT("+1|1a 'hello'|1b START|1b 'world'");
}

static void keep_alive_probes(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  for (unsigned i = 0; i < 3; i++) {
    rig_tcp(&r, A, ACK, 1004, 5000, "x");
    rig_tcp(&r, B, ACK, 5000, 1005, "");
    rig_tcp(&r, A, ACK, 1004, 5000, "");
  }
  rig_tcp(&r, A, ACK, 1005, 5000, "again");
  EXPECT("1a 'hello'|1a 'again'");
}

static void fast_open(void **state) {
  (void)state;
  rig_tcp(&r, A, SYN, 999, 0, "hello");
  rig_tcp(&r, B, SYN | ACK, 4999, 1005, "world");
  rig_tcp(&r, A, ACK, 1005, 5005, "again");
  EXPECT("+1|1a 'hello'|1b 'world'|1a 'again'");
}

static void fast_open_refused(void **state) {
  (void)state;
  rig_tcp(&r, A, SYN, 999, 0, "hello");
  rig_tcp(&r, B, SYN | ACK, 4999, 1000, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("+1|1a 'hello'");
}

static void reused_ports(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  rig_tcp(&r, A, SYN, 999, 0, ""); /* the same one again */
  rig_tcp(&r, A, SYN, 70000, 0, "");
  rig_tcp(&r, B, SYN | ACK, 90000, 70001, "");
  rig_tcp(&r, A, ACK, 70001, 90001, "other");
  EXPECT("1a 'hello'|-1|+2|2a 'other'");
}

static void refused_and_tried_again(void **state) {
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    rig_tcp(&r, A, SYN, 999, 0, "");
    rig_tcp(&r, B, RST | ACK, 0, 1000, "");
  }
  EXPECT("+1|1b RST|-1|+2|2b RST");
  rig_handshake(&r, 1000, 5000);
  EXPECT("-2|+3");
}

static void reused_ports_without_a_syn(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK | FIN, 1000, 5000, "");
  rig_tcp(&r, B, ACK | FIN, 5000, 1001, "");
  rig_tcp(&r, A, ACK, 0x50000000, 7000, "other");
  EXPECT("1a FIN|1b FIN|-1|+2|2a START|2a 'other'");
}

static void fin_before_its_data(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK | FIN, 1005, 5000, "");
  EXPECT("");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("1a 'hello'|1a FIN");
  rig_tcp(&r, A, ACK, 1005, 5000, "beyond the end");
  rig_tcp(&r, A, ACK | FIN, 1005, 5000, "");
  EXPECT("");
  rig_tcp(&r, B, ACK, 5000, 1006, "half closed");
  EXPECT("1b 'half closed'");
}

static void reset_in_the_middle(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1003, 5000, "def");
  rig_tcp(&r, A, RST, 1006, 0, "");
  EXPECT("1a LOST 3|1a 'def'|1a RST");
  rig_tcp(&r, B, ACK, 5000, 1000, "was under way");
  rig_tcp(&r, A, RST, 1006, 0, "");
  EXPECT("1b 'was under way'");
}

static void reset_from_nowhere(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, B, RST, 0x70000000, 0, "");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("1a 'hello'");
}

static void cut_by_the_snaplen(void **state) {
  (void)state;
  open_connection(1000, 5000);
  r.captured = 40 + 4;
  rig_tcp(&r, A, ACK, 1000, 5000, "hello world");
  rig_tcp(&r, A, ACK, 1011, 5000, "next");
  EXPECT("1a 'hell'|1a CUT 7|1a 'next'");
  rig_tcp(&r, A, ACK, 1021, 5000, "third"); /* before the second */
  rig_tcp(&r, A, ACK, 1015, 5000, "second");
  EXPECT("1a 'seco'|1a CUT 2|1a 'thir'|1a CUT 1");
  r.captured = 40; /* nothing of the data */
  rig_tcp(&r, A, ACK, 1026, 5000, "void");
  r.captured = 38;
  rig_tcp(&r, A, ACK, 1030, 5000, "void");
  r.captured = 0;
  rig_tcp(&r, A, ACK, 1030, 5000, "end");
  EXPECT("1a CUT 4|(TCP header cut short by the capture)|1a 'end'");
  assert_int_equal(law_reader_counted(r.reader)->cut_bytes, 14);
}

static void stray_segment(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 0x60000000, 5000, "stray");
  rig_tcp(&r, A, ACK, 1000, 5000, "hello");
  EXPECT("1a 'hello'");
}

static void stream_that_goes_on_far_away(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 0x60000000, 5000, "far");
  rig_tcp(&r, A, ACK, 0x60000003, 5000, "away");
  rig_tcp(&r, A, ACK, 0x60000007, 5000, "!");
  EXPECT("1a LOST 1610611739|1a 'away'|1a '!'");
  rig_tcp(&r, A, ACK, 1000, 5000, "back");
  rig_tcp(&r, A, ACK, 1004, 5000, "again");
  EXPECT("1a LOST 0|1a 'again'");
}

static void one_direction_only(void **state) {
  (void)state;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 1000, 5000, "a");
  rig_tcp(&r, A, ACK, 1001, 5003, "b");
  rig_tcp(&r, A, ACK, 1002, 5006, "c");
  EXPECT("1a 'a'|1b LOST 3|1a 'b'|1b LOST 3|1a 'c'");
}

/* Segments behind a hole, as many as it takes. */
static void full_pool(void **state) {
  (void)state;
  char block[1001];
  memset(block, 'x', 1000);
  block[1000] = 0;
  r.quiet = true;
  open_connection(1000, 5000);
  for (uint32_t i = 0; i < 40000; i++) {
    rig_tcp(&r, A, ACK, 1001 + i * 1000, 5000, block);
  }
  EXPECT("1a LOST 1");
}

static void large_segments(void **state) {
  (void)state;
  static char block[60001];
  memset(block, 'x', 60000);
  r.quiet = true;
  open_connection(1000, 5000);
  rig_tcp(&r, A, ACK, 61000, 5000, block);
  put_tcp(&r.frame, A, ACK, 1000, 5000, block, 60000);
  r.frame.data[2] = r.frame.data[3] = 0; /* as segmentation offload leaves it */
  rig_send(&r);
  rig_tcp(&r, B, ACK, 5000, 121000, "answer");
  EXPECT("");
}

static void bad_headers(void **state) {
  (void)state;
  put_ipv4(&r.frame, A, 6, 19);
  put_hex(&r.frame, "00 01 00 02 00 00 00 00 00 00 00 00 50 10 00 00 00 00 00");
  rig_send(&r);
  put_ipv4(&r.frame, A, 6, 20);
  put_hex(&r.frame, "00 01 00 02 00 00 00 00 00 00 00 00 40 10 00 00 00 00 00 00");
  rig_send(&r);
  put_ipv4(&r.frame, A, 6, 20);
  put_hex(&r.frame, "00 01 00 02 00 00 00 00 00 00 00 00 60 10 00 00 00 00 00 00");
  rig_send(&r);
  EXPECT("(a malformed TCP header)|(a malformed TCP header)|(a malformed TCP header)");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(conversation),
      TEST(retransmission),
      TEST(out_of_order),
      TEST(overlap_keeps_the_first),
      TEST(next_one_overlaps_what_waits),
      TEST(sequence_wraps),
      TEST(acknowledged_hole_is_lost),
      TEST(answer_shows_the_loss),
      TEST(late_order_of_directions),
      TEST(acknowledgement_from_nowhere),
      TEST(old_hole_is_lost),
      TEST(hole_at_the_end),
      TEST(middle_of_a_stream),
      TEST(middle_guessed_by_the_other_side),
      TEST(probe_first),
      TEST(answer_to_a_syn_first),
      TEST(syn_after_its_answer),
      TEST(lost_answer_to_a_syn),
      TEST(keep_alive_probes),
      TEST(fast_open),
      TEST(fast_open_refused),
      TEST(reused_ports),
      TEST(refused_and_tried_again),
      TEST(reused_ports_without_a_syn),
      TEST(fin_before_its_data),
      TEST(reset_in_the_middle),
      TEST(reset_from_nowhere),
      TEST(cut_by_the_snaplen),
      TEST(stray_segment),
      TEST(stream_that_goes_on_far_away),
      TEST(one_direction_only),
      TEST(full_pool),
      TEST(large_segments),
      TEST(bad_headers),
  };
  return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
