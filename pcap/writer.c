#include "pcap/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  BUFFER = 512 * 1024,
  COMMENT_MAX = 4096,
  /* Block types and options of pcapng. */
  SECTION_HEADER = 0x0a0d0d0a,
  INTERFACE = 1,
  ENHANCED_PACKET = 6,
  DECRYPTION_SECRETS = 10,
  OPT_COMMENT = 1,
  OPT_IF_NAME = 2,
  OPT_USER_APPLICATION = 4,
  OPT_IF_TSRESOL = 9,
  LINKTYPE_RAW = 101,
  TLS_KEY_LOG = 0x544c534b,
  /* Headers. */
  IPV4_LEN = 20,
  TCP_LEN = 20,
  SYN_OPTIONS_LEN = 8,
  PROTOCOL_TCP = 6,
  TCP_FIN = 0x01,
  TCP_SYN = 0x02,
  TCP_RST = 0x04,
  TCP_PSH = 0x08,
  TCP_ACK = 0x10,
};

struct law_pcap_writer {
  int fd;
  char *path;
  uint8_t *buffer; /* whole blocks only */
  size_t len;
  off_t written;
  uint32_t num_packets;
  char error[LAW_PCAP_TEXT]; /* "" while all is well */
};

/* ---- The file ---- */

/* Keeps the file readable: it ends with the last whole block that was written. */
LAW_COLD static void fail(law_pcap_writer *w, int error) {
  (void)snprintf(w->error, sizeof w->error,
                 "the capture %s lacks its last packets (of %u so far): %s", w->path,
                 (unsigned)w->num_packets, strerror(error));
  (void)!ftruncate(w->fd, w->written);
}

static void write_out(law_pcap_writer *w) {
  size_t done = 0;
  while (done < w->len && w->error[0] == 0) {
    ssize_t n = write(w->fd, w->buffer + done, w->len - done);
    if (n > 0) {
      done += (size_t)n;
    } else if (n < 0 && errno != EINTR) {
      fail(w, errno);
    }
  }
  if (w->error[0] == 0) {
    w->written += (off_t)w->len;
  }
  w->len = 0;
}

bool law_pcap_flush(law_pcap_writer *w) {
  write_out(w);
  return w->error[0] == 0;
}

const char *law_pcap_error(const law_pcap_writer *w) { return w->error[0] != 0 ? w->error : NULL; }

/* ---- Blocks ---- */

static void put16(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)v;
  p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v) {
  put16(p, v);
  put16(p + 2, v >> 16);
}

static size_t padded(size_t len) { return (len + 3) & ~(size_t)3; }

/* Copies |len| bytes and fills up to four; returns the end. */
static uint8_t *put_padded(uint8_t *p, const void *data, size_t len) {
  memcpy(p, data, len);
  memset(p + len, 0, padded(len) - len);
  return p + padded(len);
}

static size_t option_size(size_t len) { return 4 + padded(len); }

static uint8_t *put_option(uint8_t *p, uint32_t code, const void *value, size_t len) {
  put16(p, code);
  put16(p + 2, (uint32_t)len);
  return put_padded(p + 4, value, len);
}

static uint8_t *put_end_of_options(uint8_t *p) {
  put32(p, 0);
  return p + 4;
}

/* Room for a block of |size| bytes, which is a multiple of 4; type and both lengths are set. */
static uint8_t *begin_block(law_pcap_writer *w, uint32_t type, size_t size) {
  if (w->len + size > BUFFER) {
    write_out(w);
  }
  uint8_t *block = w->buffer + w->len;
  put32(block, type);
  put32(block + 4, (uint32_t)size);
  put32(block + size - 4, (uint32_t)size);
  w->len += size;
  return block + 8;
}

static void put_section_header(law_pcap_writer *w) {
  static const char name[] = "wirelaw";
  size_t size = 12 + 16 + option_size(sizeof name - 1) + 4;
  uint8_t *p = begin_block(w, SECTION_HEADER, size);
  put32(p, 0x1a2b3c4d);
  put16(p + 4, 1); /* version 1.0 */
  put16(p + 6, 0);
  put32(p + 8, UINT32_MAX); /* length of the section: not known */
  put32(p + 12, UINT32_MAX);
  p = put_option(p + 16, OPT_USER_APPLICATION, name, sizeof name - 1);
  (void)put_end_of_options(p);
}

static void put_interface(law_pcap_writer *w, const char *name) {
  static const uint8_t nanoseconds = 9;
  size_t size = 12 + 8 + option_size(strlen(name)) + option_size(1) + 4;
  uint8_t *p = begin_block(w, INTERFACE, size);
  put16(p, LINKTYPE_RAW);
  put16(p + 2, 0);
  put32(p + 4, 0); /* no limit of length */
  p = put_option(p + 8, OPT_IF_NAME, name, strlen(name));
  p = put_option(p, OPT_IF_TSRESOL, &nanoseconds, 1);
  (void)put_end_of_options(p);
}

void law_pcap_add_ciphertext(law_pcap_writer *w) { put_interface(w, "ciphertext"); }

void law_pcap_add_secrets(law_pcap_writer *w, law_bytes keylog) {
  uint8_t *p = begin_block(w, DECRYPTION_SECRETS, 12 + 8 + padded(keylog.len));
  put32(p, TLS_KEY_LOG);
  put32(p + 4, (uint32_t)keylog.len);
  (void)put_padded(p + 8, keylog.data, keylog.len);
}

static size_t comment_len(const char *comment) {
  size_t len = comment ? strlen(comment) : 0;
  return len > COMMENT_MAX ? COMMENT_MAX : len;
}

/* Options: two comments, each empty if it is NULL. */
static size_t comments_size(size_t comment_len, size_t note_len) {
  size_t size = comment_len > 0 ? option_size(comment_len) : 0;
  size += note_len > 0 ? option_size(note_len) : 0;
  return size > 0 ? size + 4 : 0;
}

static void put_comments(uint8_t *p, const char *comment, size_t comment_len, const char *note,
                         size_t note_len) {
  if (comment_len > 0) {
    p = put_option(p, OPT_COMMENT, comment, comment_len);
  }
  if (note_len > 0) {
    p = put_option(p, OPT_COMMENT, note, note_len);
  }
  if (comment_len + note_len > 0) {
    (void)put_end_of_options(p);
  }
}

/* A packet of |len| bytes; returns where they go. */
static uint8_t *begin_packet(law_pcap_writer *w, uint32_t interface, uint64_t time, size_t len,
                             const char *comment, const char *note) {
  size_t text_len = comment_len(comment), note_len = comment_len(note);
  size_t size = 12 + 20 + padded(len) + comments_size(text_len, note_len);
  uint8_t *p = begin_block(w, ENHANCED_PACKET, size);
  put32(p, interface);
  put32(p + 4, (uint32_t)(time >> 32));
  put32(p + 8, (uint32_t)time);
  put32(p + 12, (uint32_t)len);
  put32(p + 16, (uint32_t)len);
  memset(p + 20 + len, 0, padded(len) - len);
  put_comments(p + 20 + padded(len), comment, text_len, note, note_len);
  w->num_packets++;
  return p + 20;
}

/* ---- IPv4 and TCP ---- */

static void put16be(uint8_t *p, uint32_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}

static void put32be(uint8_t *p, uint32_t v) {
  put16be(p, v >> 16);
  put16be(p + 2, v);
}

/* The sum of big-endian 16-bit words, RFC 1071, not folded yet. */
static uint64_t sum_of(const uint8_t *p, size_t len, uint64_t sum) {
  for (; len >= 4; p += 4, len -= 4) {
    sum += ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
  }
  if (len >= 2) {
    sum += ((uint32_t)p[0] << 8) | p[1];
    p += 2;
    len -= 2;
  }
  return len > 0 ? sum + ((uint32_t)p[0] << 8) : sum;
}

static uint16_t checksum_of(uint64_t sum) {
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return (uint16_t)~sum;
}

static law_side other(law_side side) { return side == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT; }

static void put_ipv4(uint8_t *p, const law_pcap_flow *flow, law_side from, size_t tcp_len) {
  memset(p, 0, IPV4_LEN);
  p[0] = 0x45; /* version 4, five words */
  put16be(p + 2, (uint32_t)(IPV4_LEN + tcp_len));
  p[6] = 0x40; /* don't fragment */
  p[8] = 64;
  p[9] = PROTOCOL_TCP;
  memcpy(p + 12, flow->address[from], 4);
  memcpy(p + 16, flow->address[other(from)], 4);
  put16be(p + 10, checksum_of(sum_of(p, IPV4_LEN, 0)));
}

/* Maximum segment size, and a window so large that no data needs an acknowledgement of its own. */
static void put_syn_options(uint8_t *p) {
  static const uint8_t rest[] = {1, 3, 3, 14};
  p[0] = 2;
  p[1] = 4;
  put16be(p + 2, LAW_PCAP_SEGMENT);
  memcpy(p + 4, rest, sizeof rest);
}

/* The header of |header_len| bytes; the data is behind it already. */
static void put_tcp(uint8_t *p, const law_pcap_flow *flow, law_side from, unsigned flags,
                    size_t header_len, size_t data_len) {
  memset(p, 0, TCP_LEN);
  put16be(p, flow->port[from]);
  put16be(p + 2, flow->port[other(from)]);
  put32be(p + 4, flow->seq[from]);
  put32be(p + 8, (flags & TCP_ACK) != 0 ? flow->seq[other(from)] : 0);
  p[12] = (uint8_t)(header_len / 4 << 4);
  p[13] = (uint8_t)flags;
  put16be(p + 14, 0xffff);
  uint64_t sum = sum_of(flow->address[from], 4, sum_of(flow->address[other(from)], 4, 0));
  sum += PROTOCOL_TCP + header_len + data_len;
  put16be(p + 16, checksum_of(sum_of(p, header_len + data_len, sum)));
}

static void put_segment(law_pcap_writer *w, law_pcap_flow *flow, law_side from, unsigned flags,
                        uint64_t time, law_bytes data, const char *comment) {
  size_t header_len = TCP_LEN + ((flags & TCP_SYN) != 0 ? SYN_OPTIONS_LEN : 0);
  uint8_t *p = begin_packet(w, flow->ciphertext, time, IPV4_LEN + header_len + data.len, comment,
                            flow->note);
  flow->note = NULL;
  put_ipv4(p, flow, from, header_len + data.len);
  p += IPV4_LEN;
  if ((flags & TCP_SYN) != 0) {
    put_syn_options(p + TCP_LEN);
  }
  if (data.len > 0) {
    memcpy(p + header_len, data.data, data.len);
  }
  put_tcp(p, flow, from, flags, header_len, data.len);
  flow->seq[from] += (uint32_t)data.len + ((flags & (TCP_SYN | TCP_FIN)) != 0);
}

static const law_bytes nothing = {NULL, 0};

uint32_t law_pcap_open(law_pcap_writer *w, law_pcap_flow *flow, uint64_t time,
                       const char *comment) {
  uint32_t first = w->num_packets + 1;
  put_segment(w, flow, LAW_CLIENT, TCP_SYN, time, nothing, comment);
  put_segment(w, flow, LAW_SERVER, TCP_SYN | TCP_ACK, time, nothing, comment);
  put_segment(w, flow, LAW_CLIENT, TCP_ACK, time, nothing, comment);
  return first;
}

uint32_t law_pcap_data(law_pcap_writer *w, law_pcap_flow *flow, law_side from, uint64_t time,
                       law_bytes bytes, const char *comment) {
  uint32_t first = w->num_packets + 1;
  while (bytes.len > LAW_PCAP_SEGMENT) {
    put_segment(w, flow, from, TCP_ACK, time, law_bytes_of(bytes.data, LAW_PCAP_SEGMENT), comment);
    bytes.data += LAW_PCAP_SEGMENT;
    bytes.len -= LAW_PCAP_SEGMENT;
  }
  put_segment(w, flow, from, TCP_PSH | TCP_ACK, time, bytes, comment);
  return first;
}

uint32_t law_pcap_close(law_pcap_writer *w, law_pcap_flow *flow, law_side from, bool reset,
                        uint64_t time, const char *comment) {
  uint32_t first = w->num_packets + 1;
  if (flow->reset || (flow->closed[from] && !reset)) {
    return 0;
  }
  flow->closed[from] = true;
  if (reset) {
    flow->reset = true;
    put_segment(w, flow, from, TCP_RST | TCP_ACK, time, nothing, comment);
    return first;
  }
  put_segment(w, flow, from, TCP_FIN | TCP_ACK, time, nothing, comment);
  put_segment(w, flow, other(from), TCP_ACK, time, nothing, comment);
  return first;
}

/* ---- Beginning and end ---- */

static law_pcap_writer *new_writer(const char *path) {
  law_pcap_writer *w = calloc(1, sizeof *w);
  if (!w) {
    return NULL;
  }
  w->path = strdup(path);
  w->buffer = malloc(BUFFER);
  return w;
}

static void free_writer(law_pcap_writer *w) {
  if (w) {
    free(w->path);
    free(w->buffer);
    free(w);
  }
}

law_pcap_writer *law_pcap_create(const char *path, char *error) {
  law_pcap_writer *w = new_writer(path);
  if (!w || !w->path || !w->buffer) {
    (void)snprintf(error, LAW_PCAP_TEXT, "no memory left for the capture %s", path);
    free_writer(w);
    return NULL;
  }
  w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (w->fd < 0) {
    (void)snprintf(error, LAW_PCAP_TEXT, "cannot write the capture %s: %s", path, strerror(errno));
    free_writer(w);
    return NULL;
  }
  put_section_header(w);
  put_interface(w, "in the clear");
  return w;
}

bool law_pcap_finish(law_pcap_writer *w, char *error) {
  write_out(w);
  if (close(w->fd) != 0 && w->error[0] == 0) {
    fail(w, errno);
  }
  bool complete = w->error[0] == 0;
  if (!complete) {
    (void)snprintf(error, LAW_PCAP_TEXT, "%s", w->error);
  }
  free_writer(w);
  return complete;
}
