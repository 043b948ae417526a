/* match.h: does an encoded message hold the wanted values? */
#ifndef LAW_CORE_MATCH_H
#define LAW_CORE_MATCH_H

#include "core/span.h"

typedef enum law_want_op {
  LAW_WANT_EQ,
  LAW_WANT_NE,
  LAW_WANT_GE,
  LAW_WANT_LE,
  LAW_WANT_PRESENT,
  LAW_WANT_ABSENT,
} law_want_op;

/* |path| as in law_span_find; the name of an item of a list alone ("session_expiry_interval") finds
 * it in any TAGGED list of the message that is not inside another. Numbers compare with |number|,
 * others byte by byte with |bytes| (a pair: both strings with their length prefixes). */
typedef struct law_want {
  const char *path;
  law_want_op op;
  bool is_number;
  uint64_t number;
  law_bytes bytes;
} law_want;

/* True when all hold. Otherwise |*out_failed| is the index of the first that does not. */
bool law_match(const law_span *spans, size_t num, law_bytes wire, const law_want *wants,
               size_t num_wants, size_t *out_failed);

#endif
