/* dtls_frames.h: a datagram's DTLS records (RFC 6347, 4.1; RFC 9146, 4). */
#ifndef LAW_PCAP_DTLS_FRAMES_H
#define LAW_PCAP_DTLS_FRAMES_H

#include "core/types.h"

enum { LAW_DTLS_HEADER = 13 };

typedef struct law_dtls_frame {
  uint8_t type;
  uint16_t version;
  uint16_t epoch;
  uint64_t seq; /* with the epoch in its upper 16 bits */
  law_bytes cid;
  law_bytes fragment;
} law_dtls_frame;

typedef enum law_dtls_framing {
  LAW_DTLS_FRAME,
  LAW_DTLS_FRAME_END,   /* nothing is left, or what is left is none, or is cut short */
  LAW_DTLS_FRAME_13,    /* a record of DTLS 1.3 (RFC 9147, 4) */
  LAW_DTLS_FRAME_NO_CID /* it has a connection id, and nobody knows how long those are */
} law_dtls_framing;

/* Takes the next record off |in|. |cid_len|: of the sender's connection ids; -1: not known. */
law_dtls_framing law_dtls_frame_next(law_dtls_frame *out, law_bytes *in, int cid_len);

#endif
