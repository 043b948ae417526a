/* Link layers, IP and UDP, through the reader. */
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

/* A frame of |link| whose header is |hex|, with a datagram in it. */
static void expect_datagram(int link, const char *hex) {
  r.link = link;
  put_hex(&r.frame, hex);
  uint32_t header_len = r.frame.len;
  put_udp(&r.frame, A, "hi", 2);
  rig_send(&r);
  EXPECT("1a 'hi'");
  assert_int_equal(r.place_at, header_len + 28);
}

static void expect_unread(int link, const char *hex, const char *log) {
  r.link = link;
  put_hex(&r.frame, hex);
  rig_send(&r);
  EXPECT(log);
}

static void link_layers(void **state) {
  (void)state;
  put_udp(&r.frame, A, "hi", 2);
  rig_send(&r);
  EXPECT("+1|1a 'hi'");
  expect_datagram(101, "");
  expect_datagram(228, "");
  expect_datagram(12, "");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 08 00");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 81 00 00 05 08 00");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 88 a8 00 05 81 00 00 06 08 00");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 91 00 00 05 91 00 00 06 81 00 00 07 08 00");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 00 26 aa aa 03 00 00 00 08 00");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 88 47 00 01 00 ff 00 02 01 ff");
  expect_datagram(1, "00 11 22 33 44 55 66 77 88 99 aa bb 88 64 11 00 00 01 00 20 00 21");
  expect_datagram(113, "00 00 00 01 00 06 00 11 22 33 44 55 00 00 08 00");
  expect_datagram(113, "00 00 00 01 00 06 00 11 22 33 44 55 00 00 81 00 00 05 08 00");
  expect_datagram(276, "08 00 00 00 00 00 00 02 00 01 00 06 00 11 22 33 44 55 00 00");
  expect_datagram(0, "02 00 00 00");
  expect_datagram(0, "00 00 00 02");
  expect_datagram(108, "00 00 00 02");
  expect_datagram(9, "ff 03 00 21");
  expect_datagram(9, "21");
  expect_datagram(104, "0f 00 08 00");
}

static void links_that_are_no_ip(void **state) {
  (void)state;
  expect_unread(1, "00 11 22 33 44 55 66 77 88 99 aa bb 08 06 00 01", "(ARP)");
  expect_unread(1, "00 11 22 33 44 55 66 77 88 99 aa bb 00 26 42 42 03 00 00 00 00 00",
                "(LLC (spanning tree and the like))");
  expect_unread(1, "00 11 22 33 44 55 66 77 88 99 aa bb 12 34",
                "(a link layer's protocol that is not IP)");
  expect_unread(1, "00 11 22 33 44 55 66 77 88 99 aa bb 08",
                "(link header cut short by the capture)");
  expect_unread(1, "00 11 22 33 44 55 66 77 88 99 aa bb 81 00 00",
                "(link header cut short by the capture)");
  expect_unread(0, "07 00 00 00 45", "(an address family that is not IP)");
  expect_unread(147, "45", "(a link type that is not read)");
  expect_unread(101, "", "(IP header cut short by the capture)");
  expect_unread(101, "50", "(neither IPv4 nor IPv6)");
}

static void six(void **state) {
  (void)state;
  put_ipv6(&r.frame, A, 17, 10);
  put_hex(&r.frame, "9c 40 07 5b 00 0a 00 00 68 69");
  rig_send(&r);
  put_ipv6(&r.frame, B, 0, 8 + 8 + 24 + 10); /* hop by hop, destination, routing */
  put_hex(&r.frame, "3c 00 01 04 00 00 00 00");
  put_hex(&r.frame, "2b 00 01 04 00 00 00 00");
  put_hex(&r.frame, "11 02 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
  put_hex(&r.frame, "07 5b 9c 40 00 0a 00 00 68 6f");
  rig_send(&r);
  EXPECT("+1|1a 'hi'|1b 'ho'");
  put_ipv6(&r.frame, A, 58, 8);
  put_hex(&r.frame, "80 00 00 00 00 00 00 00");
  rig_send(&r);
  put_ipv6(&r.frame, A, 0, 8);
  put_hex(&r.frame, "11 05 00 00 00 00 00 00");
  rig_send(&r);
  EXPECT("(ICMPv6)|(a malformed IPv6 header)");
}

static void padding_is_no_data(void **state) {
  (void)state;
  r.link = ETHERNET;
  put_hex(&r.frame, "00 11 22 33 44 55 66 77 88 99 aa bb 08 00");
  put_udp(&r.frame, A, "hi", 2);
  put_hex(&r.frame, "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
  rig_send(&r);
  EXPECT("+1|1a 'hi'");
}

static void datagram_cut_by_the_snaplen(void **state) {
  (void)state;
  r.captured = 28 + 3;
  put_udp(&r.frame, A, "hello", 5);
  rig_send(&r);
  r.captured = 28 - 3;
  put_udp(&r.frame, A, "hello", 5);
  rig_send(&r);
  EXPECT("+1|1a CUT 2|1a 'hel'|(UDP header cut short by the capture)");
}

static void lengths_of_udp(void **state) {
  (void)state;
  put_udp(&r.frame, A, "hello", 5);
  r.frame.data[25] = 8 + 2; /* what follows is no data */
  rig_send(&r);
  put_udp(&r.frame, A, "hello", 5);
  r.frame.data[25] = 8 + 6;
  rig_send(&r);
  put_udp(&r.frame, A, "hello", 5);
  r.frame.data[25] = 7;
  rig_send(&r);
  EXPECT("+1|1a 'he'|(a malformed UDP header)|(a malformed UDP header)");
}

static void headers_of_ipv4(void **state) {
  (void)state;
  put_udp(&r.frame, A, "hello", 5);
  r.frame.data[0] = 0x44; /* 16 bytes */
  rig_send(&r);
  put_udp(&r.frame, A, "hello", 5);
  r.frame.data[3] = 19;
  rig_send(&r);
  put_ipv4(&r.frame, A, 1, 4);
  put_hex(&r.frame, "08 00 00 00");
  rig_send(&r);
  put_ipv4(&r.frame, A, 17, 4 + 10);
  r.frame.data[0] = 0x46; /* a header with options */
  put_hex(&r.frame, "01 01 01 00 9c 40 07 5b 00 0a 00 00 68 69");
  rig_send(&r);
  EXPECT("(a malformed IPv4 header)|(a malformed IPv4 header)|(ICMP)|+1|1a 'hi'");
}

/* ---- Fragments ---- */

/* A fragment of the datagram |id| of A: |len| bytes at |at|. */
static void fragment(uint32_t id, uint32_t at, bool more, const char *bytes, uint32_t len) {
  put_ipv4(&r.frame, A, 17, len);
  r.frame.data[5] = (uint8_t)id;
  r.frame.data[6] = (uint8_t)((more ? 0x20 : 0) | at / 8 >> 8);
  r.frame.data[7] = (uint8_t)(at / 8);
  put_bytes(&r.frame, bytes, len);
  rig_send(&r);
}

/* The UDP header and what follows of a datagram of 8 + 20 bytes. */
static const char whole[] = "\x9c\x40\x07\x5b\x00\x1c\x00\x00" "abcdefghijklmnopqrst";
#define MISSING "(a part of an IP datagram whose other fragments are missing)"

static void fragments_in_any_order(void **state) {
  (void)state;
  fragment(1, 0, true, whole, 16);
  fragment(1, 16, false, whole + 16, 12);
  EXPECT("+1|1a 'abcdefghijklmnopqrst'");
  assert_int_equal(r.place_frame, 2);
  assert_int_equal(r.place_at, 8);
  fragment(2, 24, false, whole + 24, 4);
  fragment(3, 16, false, whole + 16, 12);
  fragment(2, 8, true, whole + 8, 16);
  fragment(3, 0, true, whole, 16);
  fragment(2, 0, true, whole, 8);
  EXPECT("1a 'abcdefghijklmnopqrst'|1a 'abcdefghijklmnopqrst'");
}

static void fragments_overlap(void **state) {
  (void)state;
  fragment(1, 0, true, whole, 16);
  fragment(1, 0, true, whole, 16);
  fragment(1, 8, true, "XXXXXXXXijklmnop", 16);
  fragment(1, 16, false, "YYYYYYYYqrst", 12);
  EXPECT("+1|1a 'abcdefghijklmnopqrst'");
}

static void fragments_missing(void **state) {
  (void)state;
  fragment(1, 0, true, whole, 16);
  law_reader_end(r.reader);
  EXPECT(MISSING);
  for (uint32_t id = 0; id < 65; id++) {
    fragment(id, 0, true, whole, 16);
  }
  EXPECT(MISSING); /* the 65th is one too many */
  r.time += UINT64_C(61) * 1000000000;
  fragment(64, 16, false, whole + 16, 12);
  r.log[r.len] = 0;
  assert_non_null(strstr(r.log, MISSING)); /* too late, as all others */
  assert_null(strstr(r.log, "abc"));
}

static void fragments_that_make_no_sense(void **state) {
  (void)state;
  fragment(1, 16, false, whole + 16, 12);
  fragment(1, 8, false, whole + 8, 4); /* another end */
  fragment(1, 24, true, whole, 16);    /* beyond the end */
  fragment(1, 0, true, whole, 15);     /* no whole units */
  fragment(1, 65528, false, whole, 8); /* longer than a datagram can be */
  EXPECT(MISSING "|" MISSING "|" MISSING "|" MISSING);
  fragment(1, 0, true, whole, 16);
  EXPECT("+1|1a 'abcdefghijklmnopqrst'");
}

static void fragments_of_ipv6(void **state) {
  (void)state;
  for (unsigned i = 0; i < 2; i++) {
    put_ipv6(&r.frame, A, 44, i == 0 ? 8 + 24 : 8 + 12);
    put_hex(&r.frame, i == 0 ? "3c 00 00 01 12 34 56 78" : "3c 00 00 18 12 34 56 78");
    if (i == 0) {
      put_hex(&r.frame, "11 00 01 04 00 00 00 00"); /* destination options */
    }
    put_bytes(&r.frame, whole + (i == 0 ? 0 : 16), i == 0 ? 16 : 12);
    rig_send(&r);
  }
  EXPECT("+1|1a 'abcdefghijklmnopqrst'");
  put_ipv6(&r.frame, A, 44, 8 + 10); /* a fragment that is whole */
  put_hex(&r.frame, "11 00 00 00 12 34 56 78 9c 40 07 5b 00 0a 00 00 68 69");
  rig_send(&r);
  EXPECT("1a 'hi'");
}

/* ---- Checksums ---- */

static void checksums_on_request(void **state) {
  (void)state;
  rig_close(&r);
  r.options.checksums = true;
  rig_open(&r);
  rig_tcp(&r, A, SYN, 999, 0, "odd");
  put_udp(&r.frame, A, "odd", 3);
  rig_send(&r);
  EXPECT("+1|1a 'odd'|+2|2a 'odd'");
  put_udp(&r.frame, A, "none", 4);
  r.frame.data[26] = r.frame.data[27] = 0;
  rig_send(&r);
  EXPECT("2a 'none'");
  put_tcp(&r.frame, A, ACK, 1003, 0, "bad", 3);
  r.frame.data[41] ^= 1;
  rig_send(&r);
  put_udp(&r.frame, A, "bad", 3);
  r.frame.data[29] ^= 1;
  rig_send(&r);
  put_udp(&r.frame, A, "bad", 3);
  r.frame.data[8] ^= 1;
  rig_send(&r);
  EXPECT("(a wrong checksum of TCP)|(a wrong checksum of UDP)|(a wrong checksum of IPv4)");
}

static void checksums_are_not_looked_at(void **state) {
  (void)state;
  put_tcp(&r.frame, A, SYN, 1003, 0, "sent", 4);
  r.frame.data[36] ^= 1;
  rig_send(&r);
  EXPECT("+1|1a 'sent'");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(link_layers),
      TEST(links_that_are_no_ip),
      TEST(six),
      TEST(padding_is_no_data),
      TEST(datagram_cut_by_the_snaplen),
      TEST(lengths_of_udp),
      TEST(headers_of_ipv4),
      TEST(fragments_in_any_order),
      TEST(fragments_overlap),
      TEST(fragments_missing),
      TEST(fragments_that_make_no_sense),
      TEST(fragments_of_ipv6),
      TEST(checksums_on_request),
      TEST(checksums_are_not_looked_at),
  };
  return cmocka_run_group_tests_name("ip", tests, NULL, NULL);
}
