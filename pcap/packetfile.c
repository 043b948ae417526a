#include "pcap/packetfile.h"

#include <string.h>

enum {
  SECTION_HEADER = 0x0a0d0d0a,
  INTERFACE = 1,
  ENHANCED_PACKET = 6,
  OPT_COMMENT = 1,
  OPT_IF_TSRESOL = 9,
  NANOSECONDS = 9,
  USER_0 = 147, /* link type of records that are no packets of a network */
};

static void put32(uint8_t *p, uint32_t v) {
  for (unsigned i = 0; i < 4; i++) {
    p[i] = (uint8_t)(v >> (8 * i));
  }
}

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
}

static void put(law_packetfile *f, const void *data, size_t len) {
  if (len > 0 && fwrite(data, 1, len, f->out) != len) {
    f->failed = true;
  }
}

static size_t padded(size_t len) { return (len + 3) & ~(size_t)3; }

static void put_padded(law_packetfile *f, const void *data, size_t len) {
  static const uint8_t zeros[4] = {0};
  put(f, data, len);
  put(f, zeros, padded(len) - len);
}

static void put_section(law_packetfile *f) {
  uint8_t block[28];
  memset(block, 0xff, sizeof block); /* its length: not told */
  put32(block, SECTION_HEADER);
  put32(block + 4, sizeof block);
  put32(block + 8, 0x1a2b3c4d);
  put16(block + 12, 1);
  put16(block + 14, 0);
  put32(block + 24, sizeof block);
  put(f, block, sizeof block);
}

static void put_interface(law_packetfile *f, int link) {
  uint8_t block[32] = {0};
  put32(block, INTERFACE);
  put32(block + 4, sizeof block);
  put16(block + 8, link >= 0 ? (uint32_t)link : USER_0);
  put16(block + 16, OPT_IF_TSRESOL);
  put16(block + 18, 1);
  block[20] = NANOSECONDS;
  put32(block + 28, sizeof block);
  put(f, block, sizeof block);
}

void law_packetfile_begin(law_packetfile *f, FILE *out, const int *links, size_t num_links) {
  *f = (law_packetfile){.out = out};
  put_section(f);
  for (size_t i = 0; i < num_links; i++) {
    put_interface(f, links[i]);
  }
}

void law_packetfile_put(law_packetfile *f, const law_packet *packet, const char *comment) {
  uint8_t head[28], tail[4], option[4];
  size_t comment_len = comment ? strlen(comment) : 0;
  size_t options = comment ? 4 + padded(comment_len) + 4 : 0;
  size_t size = sizeof head + padded(packet->captured) + options + sizeof tail;
  put32(head, ENHANCED_PACKET);
  put32(head + 4, (uint32_t)size);
  put32(head + 8, packet->interface);
  put32(head + 12, (uint32_t)(packet->time >> 32));
  put32(head + 16, (uint32_t)packet->time);
  put32(head + 20, packet->captured);
  put32(head + 24, packet->length);
  put(f, head, sizeof head);
  put_padded(f, packet->data, packet->captured);
  if (comment) {
    put16(option, OPT_COMMENT);
    put16(option + 2, (uint32_t)comment_len);
    put(f, option, sizeof option);
    put_padded(f, comment, comment_len);
    memset(option, 0, sizeof option);
    put(f, option, sizeof option);
  }
  put32(tail, (uint32_t)size);
  put(f, tail, sizeof tail);
}

bool law_packetfile_end(law_packetfile *f) { return fflush(f->out) == 0 && !f->failed; }
