/* packet.h: one message and all that is known of it. */
#ifndef FUZZ_CHECKS_PACKET_H
#define FUZZ_CHECKS_PACKET_H

#include "core/dissect.h"
#include "core/protocol.h"

enum { FUZZ_MAX_SPANS = 1024 }; /* a longer map is cut, as it is for any caller */

typedef struct fuzz_packet {
  const law_protocol *protocol;
  const char *variant;
  law_side from;
  law_bytes wire;
  law_status status;
  law_violation violation;
  const law_type *type; /* NULL: unassigned in this variant */
  uint64_t start[LAW_MAX_CONTEXT_SIZE / 8];
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8]; /* what decoding has learned */
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8]; /* decoded, when LAW_OK */
  uint64_t walked[LAW_MAX_MESSAGE_SIZE / 8];  /* what the tolerant walk read */
  size_t num;
  law_span spans[FUZZ_MAX_SPANS];
} fuzz_packet;

/* Decodes |wire| as the first message of a flow. */
void fuzz_decode(fuzz_packet *p, const law_protocol *protocol, const char *variant, law_side from,
                 law_bytes wire);

/* Takes it apart as the tools do: with the version that decoding it has found. */
void fuzz_dissect(fuzz_packet *p);

#endif
