#include "bench/frames.h"

#include <string.h>

enum {
  RECORD = 16,
  ETHERNET = 14,
  IP = 20,
  TCP = 32, /* with time stamps, as Linux has it */
  HEADERS = ETHERNET + IP + TCP,
  FIN = 1,
  SYN = 2,
  PSH = 8,
  ACK = 16,
  SPLIT = 12, /* percent of what is said */
};

static const uint8_t pcap_header[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0,
                                        0,    0,    0,    0,    0, 0, 4, 0, 1, 0, 0, 0};

uint32_t bench_random(bench_file *f) {
  f->random ^= f->random << 13;
  f->random ^= f->random >> 7;
  f->random ^= f->random << 17;
  return (uint32_t)(f->random >> 32);
}

bool bench_chance(bench_file *f, uint32_t percent) { return bench_random(f) % 100 < percent; }

static void write_out(bench_file *f, const uint8_t *bytes, size_t len) {
  if (fwrite_unlocked(bytes, 1, len, f->out) != len) {
    f->failed = true;
  }
  f->len += len;
}

bool bench_file_open(bench_file *f, const char *path, uint64_t seed) {
  *f = (bench_file){.random = seed * 2 + 1, .time = UINT64_C(1700000000000000)};
  f->out = fopen(path, "wbe");
  if (f->out == NULL) {
    return false;
  }
  (void)setvbuf(f->out, NULL, _IOFBF, 1 << 20);
  write_out(f, pcap_header, sizeof pcap_header);
  return true;
}

bool bench_file_close(bench_file *f) { return fclose(f->out) == 0 && !f->failed; }

/* ---- Frames ---- */

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v) {
  put16(p, v >> 16);
  put16(p + 2, v);
}

static void put32_little(uint8_t *p, uint32_t v) {
  for (unsigned i = 0; i < 4; i++) {
    p[i] = (uint8_t)(v >> (8 * i));
  }
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t start) {
  for (size_t i = 0; i + 1 < len; i += 2) {
    start += (uint32_t)p[i] << 8 | p[i + 1];
  }
  return len % 2 != 0 ? start + ((uint32_t)p[len - 1] << 8) : start;
}

static uint32_t checksum(uint32_t sum) {
  sum = (sum & 0xffff) + (sum >> 16);
  return ~(sum + (sum >> 16)) & 0xffff;
}

static void put_ip(uint8_t *p, const bench_link *l, unsigned side, uint32_t len) {
  memset(p, 0, IP);
  p[0] = 0x45;
  put16(p + 2, len);
  p[6] = 0x40;
  p[8] = 64;
  p[9] = 6;
  put32(p + (side == 0 ? 12 : 16), 10u << 24 | l->client);
  put32(p + (side == 0 ? 16 : 12), 10u << 24 | 0xff0001);
  put16(p + 10, checksum(sum(p, IP, 0)));
}

/* What a segment says beside its data. */
typedef struct head {
  unsigned side;
  uint8_t flags;
  uint32_t seq, ack;
} head;

static void put_tcp(uint8_t *p, const bench_link *l, const head *h, uint64_t time, uint32_t len) {
  put16(p + (h->side == 0 ? 0 : 2), l->port);
  put16(p + (h->side == 0 ? 2 : 0), 1883);
  put32(p + 4, h->seq);
  put32(p + 8, h->ack);
  p[12] = TCP / 4 << 4;
  p[13] = h->flags;
  put16(p + 14, 502);
  put32(p + 16, 0);
  put32(p + 20, 0x0101080a);
  put32(p + 24, (uint32_t)(time / 1000));
  put32(p + 28, (uint32_t)(time / 1000) - 1);
  uint32_t pseudo = sum(p - 8, 8, 6 + TCP + len);
  put16(p + 16, checksum(sum(p, TCP + (size_t)len, pseudo)));
}

static void frame(bench_file *f, const bench_link *l, const head *h, const uint8_t *bytes,
                  uint32_t len) {
  static const uint8_t ethernet[ETHERNET] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
  uint8_t buffer[RECORD + HEADERS + BENCH_MAX_SAY];
  f->time += 1 + bench_random(f) % 40;
  put32_little(buffer, (uint32_t)(f->time / 1000000));
  put32_little(buffer + 4, (uint32_t)(f->time % 1000000));
  put32_little(buffer + 8, HEADERS + len);
  put32_little(buffer + 12, HEADERS + len);
  uint8_t *p = buffer + RECORD;
  memcpy(p, ethernet, ETHERNET);
  put_ip(p + ETHERNET, l, h->side, IP + TCP + len);
  if (len > 0) {
    memcpy(p + HEADERS, bytes, len);
  }
  put_tcp(p + ETHERNET + IP, l, h, f->time, len);
  write_out(f, buffer, RECORD + HEADERS + (size_t)len);
  f->num_packets++;
}

static head head_of(const bench_link *l, unsigned side, uint8_t flags) {
  return (head){side, flags, l->seq[side], l->seq[1 - side]};
}

void bench_ack(bench_file *f, bench_link *l, unsigned side) {
  head h = head_of(l, side, ACK);
  frame(f, l, &h, NULL, 0);
}

void bench_open(bench_file *f, bench_link *l) {
  l->seq[0] = bench_random(f);
  l->seq[1] = bench_random(f);
  head h = head_of(l, 0, SYN);
  h.ack = 0;
  frame(f, l, &h, NULL, 0);
  l->seq[0]++;
  h = head_of(l, 1, SYN | ACK);
  frame(f, l, &h, NULL, 0);
  l->seq[1]++;
  bench_ack(f, l, 0);
}

void bench_close(bench_file *f, bench_link *l) {
  for (unsigned side = 0; side < 2; side++) {
    head h = head_of(l, side, FIN | ACK);
    frame(f, l, &h, NULL, 0);
    l->seq[side]++;
  }
  bench_ack(f, l, 0);
}

/* ---- What is said ---- */

static void data(bench_file *f, const bench_link *l, const head *h, const uint8_t *bytes,
                 uint32_t at, uint32_t len) {
  head moved = *h;
  moved.seq += at;
  frame(f, l, &moved, bytes + at, len);
}

void bench_say(bench_file *f, bench_link *l, unsigned side, const uint8_t *bytes, uint32_t len) {
  head h = head_of(l, side, PSH | ACK);
  bool turned = bench_random(f) % 200 == 0, twice = bench_random(f) % 200 == 0;
  uint32_t first = (turned || bench_chance(f, SPLIT)) && len > 1 ? 1 + bench_random(f) % (len - 1) : len;
  if (first < len && turned) {
    data(f, l, &h, bytes, first, len - first);
    data(f, l, &h, bytes, 0, first);
    f->num_disturbed++;
  } else {
    data(f, l, &h, bytes, 0, first);
    if (first < len) {
      data(f, l, &h, bytes, first, len - first);
    }
  }
  if (twice) {
    data(f, l, &h, bytes, 0, len);
    f->num_disturbed++;
  }
  l->seq[side] += len;
}
