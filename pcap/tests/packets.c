#include "pcap/tests/packets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Frames ---- */

void put_bytes(frame *f, const void *bytes, size_t len) {
  assert_true(f->len + len <= sizeof f->data);
  if (len > 0) {
    memcpy(f->data + f->len, bytes, len);
  }
  f->len += (uint32_t)len;
}

void put8(frame *f, uint32_t v) {
  uint8_t byte = (uint8_t)v;
  put_bytes(f, &byte, 1);
}

void put16(frame *f, uint32_t v) {
  put8(f, v >> 8);
  put8(f, v);
}

void put32(frame *f, uint32_t v) {
  put16(f, v >> 16);
  put16(f, v);
}

void put_hex(frame *f, const char *hex) {
  unsigned v;
  int len;
  while (sscanf(hex, " %2x%n", &v, &len) == 1) {
    put8(f, v);
    hex += len;
  }
}

void put_text(frame *f, const char *text) { put_bytes(f, text, strlen(text)); }

static uint32_t sum(const frame *f, uint32_t from, uint32_t sum) {
  for (uint32_t i = from; i < f->len; i++) {
    sum += (i - from) % 2 == 0 ? (uint32_t)f->data[i] << 8 : f->data[i];
  }
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum;
}

static void set_checksum(frame *f, uint32_t at, uint32_t sum) {
  f->data[at] = (uint8_t)(~sum >> 8);
  f->data[at + 1] = (uint8_t)~sum;
}

void put_ipv4(frame *f, unsigned from, uint8_t protocol, uint32_t payload_len) {
  uint32_t at = f->len;
  put_hex(f, "45 00");
  put16(f, 20 + payload_len);
  put_hex(f, "00 01 00 00 40");
  put8(f, protocol);
  put_hex(f, "00 00 0a 00 00");
  put8(f, from == A ? 1 : 2);
  put_hex(f, "0a 00 00");
  put8(f, from == A ? 2 : 1);
  set_checksum(f, at + 10, sum(f, at, 0));
}

void put_ipv6(frame *f, unsigned from, uint8_t protocol, uint32_t payload_len) {
  put_hex(f, "60 00 00 00");
  put16(f, payload_len);
  put8(f, protocol);
  put8(f, 64);
  for (unsigned i = 0; i < 2; i++) {
    put_hex(f, "fd 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
    put8(f, (from == A) == (i == 0) ? 1 : 2);
  }
}

/* Of the two addresses before |at|, the protocol and the length behind. */
static uint32_t pseudo_header(const frame *f, uint32_t at, uint32_t protocol) {
  frame head = {.len = 0};
  put_bytes(&head, f->data + at - 8, 8);
  put16(&head, protocol);
  put16(&head, f->len - at);
  return sum(&head, 0, 0);
}

static void put_ports(frame *f, unsigned from) {
  put16(f, from == A ? 40000 : 1883);
  put16(f, from == A ? 1883 : 40000);
}

void put_tcp(frame *f, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, const void *data,
             size_t len) {
  put_ipv4(f, from, 6, 20 + (uint32_t)len);
  uint32_t at = f->len;
  put_ports(f, from);
  put32(f, seq);
  put32(f, ack);
  put8(f, 0x50);
  put8(f, flags);
  put_hex(f, "ff ff 00 00 00 00");
  put_bytes(f, data, len);
  set_checksum(f, at + 16, sum(f, at, pseudo_header(f, at, 6)));
}

void put_udp(frame *f, unsigned from, const void *data, size_t len) {
  put_ipv4(f, from, 17, 8 + (uint32_t)len);
  uint32_t at = f->len;
  put_ports(f, from);
  put16(f, 8 + (uint32_t)len);
  put16(f, 0);
  put_bytes(f, data, len);
  set_checksum(f, at + 6, sum(f, at, pseudo_header(f, at, 17)));
}

/* ---- What is told ---- */

static void note(rig *r, const char *format, ...) {
  va_list args;
  if (r->len > 0 && r->len + 1 < sizeof r->log) {
    r->log[r->len++] = '|';
  }
  va_start(args, format);
  int len = vsnprintf(r->log + r->len, sizeof r->log - r->len, format, args);
  va_end(args);
  assert_true(len >= 0 && (size_t)len < sizeof r->log - r->len);
  r->len += (size_t)len;
}

static unsigned number(const law_flow *flow) { return (unsigned)flow->number; }
static char side(unsigned from) { return from == 0 ? 'a' : 'b'; }

static void opened(void *user, law_flow *flow, uint64_t time) {
  rig *r = user;
  assert_int_equal(time, r->now->time);
  note(r, "+%u", number(flow));
}

static void data(void *user, law_flow *flow, unsigned from, const law_place *place,
                 law_bytes bytes) {
  rig *r = user;
  r->place_frame = place->frame;
  r->place_at = place->at;
  if (!r->quiet) {
    note(r, "%u%c '%.*s'", number(flow), side(from), (int)bytes.len, (const char *)bytes.data);
  }
  if (r->on_data != NULL) {
    r->on_data(r, flow, from, bytes);
  }
}

static void missing(void *user, law_flow *flow, unsigned from, const law_place *place,
                    law_missing why, uint64_t num) {
  rig *r = user;
  assert_true(place->frame <= r->number);
  switch (why) {
    case LAW_MISSING_CUT:
      note(r, "%u%c CUT %u", number(flow), side(from), (unsigned)num);
      break;
    case LAW_MISSING_LOST:
      note(r, "%u%c LOST %u", number(flow), side(from), (unsigned)num);
      break;
    default:
      note(r, "%u%c START", number(flow), side(from));
      break;
  }
}

static void late(void *user, law_flow *flow, unsigned from, uint64_t num) {
  note(user, "%u%c late %u", number(flow), side(from), (unsigned)num);
}

static void differs(void *user, law_flow *flow, unsigned from, const law_place *place,
                    uint64_t num) {
  rig *r = user;
  assert_int_equal(place->frame, r->now->frame);
  note(r, "%u%c differs %u", number(flow), side(from), (unsigned)num);
}

static void ended(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time) {
  (void)time;
  note(user, "%u%c %s", number(flow), side(from), how == LAW_END_FIN ? "FIN" : "RST");
}

static void closed(void *user, law_flow *flow, uint64_t time) {
  (void)time;
  note(user, "-%u", number(flow));
}

static void unread(void *user, const law_place *place, const char *what) {
  (void)place;
  note(user, "(%s)", what);
}

/* ---- The rig ---- */

void rig_open(rig *r) {
  law_listener listener = {.user = r,
                           .opened = opened,
                           .data = data,
                           .missing = missing,
                           .late = late,
                           .differs = differs,
                           .ended = ended,
                           .closed = closed,
                           .unread = unread};
  r->reader = law_reader_new(&r->options, &listener);
  assert_non_null(r->reader);
  r->link = RAW;
  r->time = UINT64_C(1700000000) * 1000000000;
}

void rig_close(rig *r) {
  rig_flush(r);
  law_reader_free(r->reader);
}

void rig_flush(rig *r) {
  if (r->num_queued > 1) {
    law_reader_ready(r->reader, r->queue, r->num_queued);
  }
  for (size_t i = 0; i < r->num_queued; i++) {
    r->now = &r->queue[i];
    law_reader_packet(r->reader, r->now);
  }
  for (size_t i = 0; i < r->num_queued; i++) {
    free((void *)(uintptr_t)(r->queue[i].data - 1));
  }
  r->num_queued = 0;
}

void rig_send(rig *r) {
  uint32_t len = r->frame.len;
  law_packet *packet = &r->queue[r->num_queued++];
  *packet = (law_packet){.frame = ++r->number, .length = len, .link = r->link};
  packet->time = r->time += 1000000;
  packet->captured = r->captured != 0 && r->captured < len ? r->captured : len;
  uint8_t *exact = malloc(packet->captured + 1u); /* so that reading beyond is seen */
  assert_non_null(exact);
  memcpy(exact + 1, r->frame.data, packet->captured);
  packet->data = exact + 1;
  r->frame.len = 0;
  if (r->num_queued >= r->batch) {
    rig_flush(r);
  }
}

void rig_tcp(rig *r, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, const char *text) {
  put_tcp(&r->frame, from, flags, seq, ack, text, strlen(text));
  rig_send(r);
}

void rig_handshake(rig *r, uint32_t a, uint32_t b) {
  rig_tcp(r, A, SYN, a - 1, 0, "");
  rig_tcp(r, B, SYN | ACK, b - 1, a, "");
  rig_tcp(r, A, ACK, a, b, "");
}

void rig_expect(rig *r, const char *log) {
  rig_flush(r);
  r->log[r->len] = 0;
  assert_string_equal(r->log, log);
  r->len = 0;
}

uint32_t next_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33);
}
