/* cover.h: what happens to each byte of one direction of a TCP connection, by its place in the
 * stream: changed in a known way, or nothing is known of it. Segments that are sent again are
 * changed in the same way. Memory: two bytes for each of the stream. */
#ifndef LAW_PCAP_COVER_H
#define LAW_PCAP_COVER_H

#include "core/types.h"

enum { LAW_COVER_MAX = 1 << 30 }; /* bytes of one direction; later ones are unknown */

/* Zeroed: nothing is known. */
typedef struct law_cover {
  uint8_t *change; /* exclusive or with the byte */
  bool *known;
  size_t len, cap;
  bool begun;
  int64_t base; /* place of the first byte, as law_cover_place counts */
  int64_t last; /* what a sequence number is near to */
} law_cover;

void law_cover_free(law_cover *c);

/* The place of a sequence number, which wraps: the one nearest to those before it. */
int64_t law_cover_place(law_cover *c, uint32_t seq);

/* The bytes at |place| are |before| and become |after|. False: no memory; they stay unknown. */
bool law_cover_set(law_cover *c, int64_t place, const uint8_t *before, const uint8_t *after,
                   size_t len);

/* Whether the byte at |place| is known, and its change. */
bool law_cover_at(const law_cover *c, int64_t place, uint8_t *out_change);

#endif
