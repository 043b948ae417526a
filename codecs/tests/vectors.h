/* vectors.h: the vectors of conformance/vectors as a table, a row for each vector and version. */
#ifndef LAW_TESTS_VECTORS_H
#define LAW_TESTS_VECTORS_H

#include "core/types.h"

typedef struct law_vector {
  const char *name;
  const char *variant; /* "mqtt31", "mqtt311", "mqtt5" */
  unsigned sides;      /* bit 1 << LAW_CLIENT, 1 << LAW_SERVER: who may have sent it */
  size_t at, len;      /* in law_vector_bytes */
  law_status status;   /* what is expected; of a stream: what ends it (LAW_OK: nothing is left) */
  law_requirement requirement;
  uint32_t offset;
  size_t need;           /* LAW_NEED_MORE: the length that the framer asks for */
  const char *message;   /* LAW_OK: law_json of it; NULL for a stream */
  size_t num_packets;    /* a stream: how many whole packets it has; else 0 */
  const size_t *lengths; /* and how long each is */
} law_vector;

extern const uint8_t law_vector_bytes[];
extern const law_vector law_vectors[];
extern const size_t law_num_vectors;

LAW_INLINE law_bytes law_vector_wire(const law_vector *v) {
  return law_bytes_of(law_vector_bytes + v->at, v->len);
}

#endif
