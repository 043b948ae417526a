/* extract.h: messages of captures as inputs for fuzzers: one file for each that covers what no
 * other before it did.
 *
 * Two messages cover the same when all of this is the same: the variant of the protocol, who sent
 * them, their type, which fields they have (each property, and how many of it: one, several), the
 * class of each field's length (none, 1, up to 16, 127, 1023, more) or number (0, 1, up to 127,
 * 255, 65535, more), and what they break. So values do not count, and shapes do. */
#ifndef LAW_PCAP_EXTRACT_H
#define LAW_PCAP_EXTRACT_H

#include "pcap/check.h"

enum { LAW_EXTRACT_TEXT = 512 };

typedef struct law_extract law_extract;

/* Files go to |folder|, which must exist. NULL: no memory. */
law_extract *law_extract_new(const char *folder);
void law_extract_free(law_extract *e);

/* For one capture after the other. Give it to law_check_new. */
law_check_output law_extract_output(law_extract *e);

typedef struct law_extracted {
  uint64_t messages; /* seen */
  uint64_t written;  /* files, new ones */
  uint64_t known;    /* files that were there already */
} law_extracted;

law_extracted law_extract_count(const law_extract *e);
/* NULL, or why a file could not be written. */
const char *law_extract_error(const law_extract *e);

#endif
