/* tcp.h: TCP segments put in order (RFC 9293). Each direction is told its bytes once and in order.
 *
 * A segment that is the next one, with nothing waiting, is handed on as it stands in the packet.
 * Others wait in the pool until the hole before them is filled, or is told as LOST. */
#ifndef LAW_PCAP_TCP_H
#define LAW_PCAP_TCP_H

#include "pcap/flow.h"
#include "pcap/link.h"
#include "pcap/pool.h"

enum {
  LAW_TCP_FIN = 0x01,
  LAW_TCP_SYN = 0x02,
  LAW_TCP_RST = 0x04,
  LAW_TCP_ACK = 0x10,
  /* Farther from where a stream stands, a segment is not believed before a second one says the
   * same. No window of a real connection is as large. */
  LAW_TCP_FAR = 64 << 20,
};

/* law_tcp_side.known */
enum law_tcp_known { LAW_TCP_UNKNOWN, LAW_TCP_GUESSED, LAW_TCP_KNOWN };

typedef struct law_segment {
  uint16_t port[2];
  uint8_t flags;
  uint32_t ack;
  law_piece data; /* |seq| is the segment's */
} law_segment;

typedef struct law_tcp {
  const law_listener *listener;
  law_reader_counts *counts;
  law_pool pool;
  law_flow_entry *oldest, *newest; /* sides that wait, by when their hole was seen */
  uint8_t oldest_side, newest_side;
} law_tcp;

/* Reads the header in |s|; |data.place.at| moves behind it. Returns NULL, or why it cannot be read. */
const char *law_tcp_open(law_slice s, law_segment *out);

void law_tcp_begin(law_flow_entry *e);
/* Whether |seg| belongs to a later connection of the same ends. */
bool law_tcp_is_new(const law_flow_entry *e, unsigned from, const law_segment *seg);
/* True: the connection is over. */
bool law_tcp_segment(law_tcp *t, law_flow_entry *e, unsigned from, const law_segment *seg);
/* Both sides have ended. */
LAW_INLINE bool law_tcp_is_over(const law_flow_entry *e) {
  return e->side[0].ended && e->side[1].ended;
}
/* Tells what still waits, what is missing, and the ends, before |e| is forgotten. */
void law_tcp_finish(law_tcp *t, law_flow_entry *e, const law_place *place);
/* Gives up the holes that are too old at |place|. */
void law_tcp_expire(law_tcp *t, const law_place *place);

#endif
