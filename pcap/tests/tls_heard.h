/* tls_heard.h: a sink that remembers, and the comparison of what it heard with what was said. */
#ifndef LAW_PCAP_TESTS_TLS_HEARD_H
#define LAW_PCAP_TESTS_TLS_HEARD_H

#include "pcap/tls.h"
#include "tls_pair.h"

typedef struct heard {
  uint8_t *data[2];
  size_t len[2];
  unsigned num_messages[2];
  unsigned num_gaps[2];
  size_t gap_at[2]; /* the last one's */
  bool ended[2];
  const law_pcap_tls *tls; /* whose marks are asked for; may be NULL */
  uint64_t first_frame[2]; /* of the first data */
} heard;

heard *heard_new(void);
void heard_free(heard *h);
law_tls_sink heard_sink(heard *h);

/* All that |p|'s two said came out, with no gap. */
void heard_all(const heard *h, const pair *p);
/* What came out of |from|, from byte |at| on, is the end of what |from| said: |len| bytes. */
void heard_end(const heard *h, const pair *p, unsigned from, size_t at, size_t len);

/* A number below |limit|, the same for the same seed. */
uint32_t below(uint32_t *seed, uint32_t limit);

#endif
