/* packets.h: packets made by tests, and what a reader tells of them, as text. */
#ifndef LAW_PCAP_TESTS_PACKETS_H
#define LAW_PCAP_TESTS_PACKETS_H

#include "pcap/reader.h"

enum {
  A, /* who sends: 10.0.0.1, fd00::1 */
  B, /* 10.0.0.2, fd00::2 */
  FIN = 0x01,
  SYN = 0x02,
  RST = 0x04,
  ACK = 0x10,
  RAW = 101,
  ETHERNET = 1,
  MAX_FRAME = 70000,
  MAX_LOG = 1 << 16,
};

/* A frame that grows from its front to its end. */
typedef struct frame {
  uint8_t data[MAX_FRAME];
  uint32_t len;
} frame;

void put_bytes(frame *f, const void *bytes, size_t len);
void put8(frame *f, uint32_t v);
void put16(frame *f, uint32_t v); /* network order */
void put32(frame *f, uint32_t v);
void put_hex(frame *f, const char *hex); /* spaces are passed over */
void put_text(frame *f, const char *text);

/* Headers; |payload_len| bytes follow. Checksums are right. */
void put_ipv4(frame *f, unsigned from, uint8_t protocol, uint32_t payload_len);
void put_ipv6(frame *f, unsigned from, uint8_t protocol, uint32_t payload_len);
/* A whole packet over IPv4. */
void put_tcp(frame *f, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, const void *data,
             size_t len);
void put_udp(frame *f, unsigned from, const void *data, size_t len);

/* A reader that is being tested, and what it told: for each event a word or two, with '|' between:
 *   +1 opened flow 1; 1a 'text' data from end 0 (1b: end 1); 1a LOST 5, CUT 5, START; 1a FIN, RST;
 *   1a late 3; 1a differs 3; -1 closed; (what) unread. */
typedef struct rig {
  law_reader *reader;
  law_reader_options options;
  frame frame;
  uint64_t number, time; /* of the last frame; |time| grows by one ms each */
  uint16_t port[2];
  int link;
  uint32_t captured; /* the snaplen; 0: none */
  size_t batch;      /* frames that are given at once, after law_reader_ready; 0: each by itself */
  law_packet queue[LAW_READY_MAX];
  size_t num_queued;
  const law_packet *now; /* what the reader has in hand */
  uint64_t place_frame;
  uint32_t place_at; /* of the last data */
  bool quiet;        /* no text for data, but: */
  void (*on_data)(struct rig *r, law_flow *flow, unsigned from, law_bytes bytes);
  void *user;
  size_t len;
  char log[MAX_LOG];
} rig;

void rig_open(rig *r);
void rig_close(rig *r);
/* Gives the reader what is in |frame|, and empties it; or keeps it until |batch| are there. */
void rig_send(rig *r);
void rig_flush(rig *r);
void rig_tcp(rig *r, unsigned from, uint8_t flags, uint32_t seq, uint32_t ack, const char *text);
/* SYN, SYN-ACK and ACK; the next numbers are then |a| and |b|. */
void rig_handshake(rig *r, uint32_t a, uint32_t b);
/* Compares what was told since the last call. */
void rig_expect(rig *r, const char *log);
#define EXPECT(log) rig_expect(&r, log)

/* Numbers that are the same in every run. */
uint32_t next_random(uint64_t *state);

#endif
