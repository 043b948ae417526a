/* frames.h: which packet of a capture belongs to which direction of which TCP connection, or exchange
 * of datagrams, and where in the packet its payload stands. */
#ifndef LAW_PCAP_FRAMES_H
#define LAW_PCAP_FRAMES_H

#include "pcap/cover.h"
#include "pcap/disguise.h"
#include "pcap/reader.h"

/* One flow of the capture. */
typedef struct law_known_flow {
  struct law_known_flow *next; /* of its slot, the latest first */
  law_endpoint end[2];
  law_cover cover[2];
  uint32_t datagrams[2]; /* bytes of them so far */
  bool understood;       /* messages of it were told */
  bool opaque;           /* what came out of it stands nowhere in the capture: it was encrypted */
  bool websocket;        /* what is not known of it is left out, not scrubbed */
  char *why;             /* it is left out */
} law_known_flow;

/* One packet. */
typedef struct law_known_frame {
  law_known_flow *flow; /* NULL: no TCP, or of no flow */
  uint32_t seq;         /* of its first payload byte */
  uint32_t payload_at;
  uint8_t from;
} law_known_frame;

typedef struct law_frames {
  law_known_frame *all; /* by frame number, from 1 */
  size_t num, cap;
  law_known_flow *slots[4096];
} law_frames;

void law_frames_free(law_frames *f);
/* Before a packet is read: room for it. False: no memory. */
bool law_frames_add(law_frames *f, uint64_t frame, const law_layout *layout);
/* A flow was opened by the packet that was added last. NULL: no memory. */
law_known_flow *law_frames_open(law_frames *f, const law_flow *flow);
/* After it was read: to which flow it belongs. */
void law_frames_assign(law_frames *f, uint64_t frame, const law_layout *layout);
/* The datagrams of a direction stand one behind the other in its stream: one more, of |len| bytes. */
void law_frames_append(law_frames *f, law_known_flow *flow, unsigned from, uint64_t frame,
                       size_t len);
/* The place in its stream of the byte at |at| of a frame; false when that is not known. */
bool law_frames_place(const law_frames *f, law_known_flow *flow, unsigned from, uint64_t frame,
                      uint32_t at, int64_t *out_place);

#endif
