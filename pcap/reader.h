/* reader.h: from packets to what two ends said to each other: link layer, IP with fragments, UDP,
 * TCP put in order (RFC 9293).
 *
 * Every byte of a TCP stream is told exactly once and in order, or told as missing. Memory is
 * bounded, however large the capture is: out-of-order segments share one pool, flows a table; what
 * was longest without a packet is forgotten first. A hole never stops a stream: it is told as LOST
 * as soon as the other side acknowledged beyond it, the pool is needed, it is two minutes old, or
 * the flow ends. */
#ifndef LAW_PCAP_READER_H
#define LAW_PCAP_READER_H

#include "core/types.h"
#include "pcap/source.h"

enum { LAW_READY_MAX = 32, LAW_SOON_STAGES = 3 };

/* Where bytes stand in the capture. */
typedef struct law_place {
  uint64_t frame;
  uint64_t time; /* ns since 1970 */
  uint32_t at;   /* the first byte's offset in the frame's captured bytes; of a datagram that came
                    in IP fragments: in the whole datagram, and |frame| is the last fragment's */
} law_place;

typedef enum law_flow_kind { LAW_FLOW_TCP, LAW_FLOW_UDP } law_flow_kind;

typedef struct law_endpoint {
  uint8_t address[16]; /* network order; IPv4 in the first 4 */
  uint8_t address_len; /* 4 or 16 */
  uint16_t port;
} law_endpoint;

typedef enum law_missing {
  LAW_MISSING_CUT,   /* not captured: the packet is longer than the capture's snaplen */
  LAW_MISSING_LOST,  /* no captured packet holds these bytes, though they were sent; 0: it is not
                        known how many. See |late| */
  LAW_MISSING_START, /* the capture begins in the middle of this direction; the number is 0 */
} law_missing;

typedef enum law_end { LAW_END_FIN, LAW_END_RST } law_end;

/* Two ends that talk. Reused 4-tuples (another SYN) make another flow. */
typedef struct law_flow {
  law_flow_kind kind;
  bool from_start;     /* TCP: both SYNs were captured, so far */
  bool syn[2];         /* TCP: that end's SYN was captured, so far. LAW_MISSING_START comes before the
                          first data of a direction whose SYN was not */
  uint64_t number;     /* from 1, by first packet */
  law_endpoint end[2]; /* [0]: who opened it; if that was not captured, who was seen first */
  void *user;          /* the listener's memory: flow_size bytes, zero when opened, aligned for all */
} law_flow;

/* Who is told. Any function may be NULL. |from| is the index of the sender in flow->end. Both
 * directions come interleaved as they were captured, but bytes are never told before what is
 * missing in front of them, nor an answer before the missing bytes that it acknowledges. */
typedef struct law_listener {
  void *user;
  size_t flow_size; /* bytes of law_flow.user */
  void (*opened)(void *user, law_flow *flow, uint64_t time);
  /* TCP: the next bytes of the stream, a view into the packet or the pool. UDP: one datagram; when
   * it was cut, |missing| (CUT) comes right before it. Views live until the function returns. */
  void (*data)(void *user, law_flow *flow, unsigned from, const law_place *place, law_bytes bytes);
  /* |place|: the packet that showed it. */
  void (*missing)(void *user, law_flow *flow, unsigned from, const law_place *place,
                  law_missing why, uint64_t num_bytes);
  /* The last |num_bytes| that were told as LOST, after which nothing was told, come next after all:
   * the capture has the order of the packets of both directions wrong. */
  void (*late)(void *user, law_flow *flow, unsigned from, uint64_t num_bytes);
  /* A segment says other bytes than one before it at the same place of the stream. The first ones
   * are kept. Only segments that had to wait are compared, not what was told already. */
  void (*differs)(void *user, law_flow *flow, unsigned from, const law_place *place,
                  uint64_t num_bytes);
  /* TCP: |from| says that it sends no more; after all its data. Told once for each side. */
  void (*ended)(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time);
  /* The last call for the flow: both sides sent FIN and all before it was told, or it is forgotten
   * (its age, the table's size, the capture's end). */
  void (*closed)(void *user, law_flow *flow, uint64_t time);
  /* A packet of the flow is given soon (law_reader_ready): |stage| counts from 0 to
   * LAW_SOON_STAGES - 1, for pointers behind pointers. Only a time to fetch memory. */
  void (*soon)(void *user, const law_flow *flow, unsigned stage);
  /* A packet, or a part of one, that no one reads: ARP, ICMP, an unknown link type... |what| is a
   * text without a packet's own values, to be counted by; it lives for ever. */
  void (*unread)(void *user, const law_place *place, const char *what);
} law_listener;

/* Zero means the default. */
typedef struct law_reader_options {
  uint32_t max_flows; /* 65536. Memory is taken as they come: about 256 bytes and flow_size each */
  size_t pool_len;    /* bytes for segments that wait: 16 MiB */
  uint64_t idle;      /* ns without a packet after which a flow is forgotten: 36 hours, longer than
                         any keep alive of MQTT. After both sides ended: two minutes */
  bool checksums;     /* packets with wrong IP, TCP or UDP checksums are unread; off: hardware fills
                         them in after the capture */
} law_reader_options;

/* What was seen so far. */
typedef struct law_reader_counts {
  uint64_t packets, bytes;    /* given to law_reader_packet, and captured bytes of them */
  uint64_t tcp, udp, unread;  /* packets */
  uint64_t flows;             /* opened */
  uint64_t out_of_order;      /* segments that had to wait */
  uint64_t old;               /* segments with nothing new */
  uint64_t lost_bytes, cut_bytes;
  uint64_t evicted;           /* flows forgotten because the table was full */
} law_reader_counts;

typedef struct law_reader law_reader;

/* |options| may be NULL; both are copied. NULL: out of memory. */
law_reader *law_reader_new(const law_reader_options *options, const law_listener *listener);
/* The next |num| (up to LAW_READY_MAX) packets that will be given to law_reader_packet, in this order:
 * what it needs of them is fetched for all at once, which is much quicker when flows are many.
 * |packets| must live until then. Tells nothing; need not be called. */
void law_reader_ready(law_reader *r, const law_packet *packets, size_t num);
/* Tells the listener what |packet| brings. A listener must not call the reader. */
void law_reader_packet(law_reader *r, const law_packet *packet);
/* The capture ended: holes and ends are told, all flows closed. The reader may then start again;
 * numbers go on. */
void law_reader_end(law_reader *r);
const law_reader_counts *law_reader_counted(const law_reader *r);
/* Forgets flows without a word. NULL is fine. */
void law_reader_free(law_reader *r);

#endif
