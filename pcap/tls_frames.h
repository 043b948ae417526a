/* tls_frames.h: a byte stream's TLS records (RFC 8446, 5.1), in any cut, and where they begin again
 * after bytes that are missing. */
#ifndef LAW_PCAP_TLS_FRAMES_H
#define LAW_PCAP_TLS_FRAMES_H

#include "core/types.h"

enum { LAW_TLS_HEADER = 5 };

/* |fragment| points into what was pushed or what is held: valid until the next call. */
typedef struct law_tls_frame {
  uint8_t type;
  uint16_t version;
  law_bytes fragment;
} law_tls_frame;

/* At most one record that is not whole yet. All zero at the start. */
typedef struct law_tls_framer {
  uint8_t *held;
  uint32_t len;
  uint32_t cap;
} law_tls_framer;

typedef enum law_tls_framing {
  LAW_TLS_FRAME,      /* |out| is one whole record */
  LAW_TLS_FRAME_MORE, /* |in| is empty now */
  LAW_TLS_FRAME_NONE, /* it does not begin like a record, or is longer than one may be */
  LAW_TLS_FRAME_MEMORY
} law_tls_framing;

/* Takes the next record off |in|. */
law_tls_framing law_tls_framer_next(law_tls_framer *f, law_tls_frame *out, law_bytes *in);

/* After missing bytes. Takes as much of |in| as it may hold. */
bool law_tls_resync_take(law_tls_framer *f, law_bytes *in);
/* The first whole thing in what is held that could be a record; what is before it is dropped, and
 * counted into |*num_skipped|. False: more bytes are needed. */
bool law_tls_resync_next(law_tls_framer *f, law_tls_frame *out, uint64_t *num_skipped);
/* It was none. */
void law_tls_resync_reject(law_tls_framer *f);
/* It was one: gives what is held behind it, as a copy that the caller frees. */
uint8_t *law_tls_resync_accept(law_tls_framer *f, size_t *out_len);

/* Forgets what is held. */
void law_tls_framer_clear(law_tls_framer *f);

/* |p|, LAW_TLS_HEADER bytes, is a record's header. */
bool law_tls_is_header(const uint8_t *p);

#endif
