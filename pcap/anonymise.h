/* anonymise.h: a capture that can be shown to others: addresses, credentials, names, topics,
 * payloads and texts are replaced, consistently (alias.h); lengths, framing, ports, sequence
 * numbers, times and what is wrong stay, frame by frame.
 *
 * Only bytes that are understood stay: headers, and the fields of messages that are no text.
 * Payload of connections that carry no known protocol, or encrypt it, and of other packets is left
 * out: the packet stays, cut behind its headers as by a snaplen. Comments, secrets and what
 * describes interfaces are left out too. The capture is read twice; memory grows with its TCP
 * payload. */
#ifndef LAW_PCAP_ANONYMISE_H
#define LAW_PCAP_ANONYMISE_H

#include <stdio.h>

#include "pcap/options.h"

enum { LAW_ANONYMISE_REASONS = 64 };

typedef struct law_left_out {
  const char *what; /* lives as long as the result */
  uint64_t packets, bytes;
} law_left_out;

typedef struct law_anonymised {
  uint64_t packets, messages;
  uint64_t changed; /* messages of which a decoder says something else now: their text had to go */
  law_left_out left_out[LAW_ANONYMISE_REASONS];
  size_t num_left_out;
  char *owned[LAW_ANONYMISE_REASONS];
} law_anonymised;

/* |path| is a file, no pipe. False: |error| (LAW_SOURCE_TEXT bytes) says why. */
bool law_anonymise(const char *path, const law_check_command *command, const uint8_t *key,
                   FILE *out, law_anonymised *result, char *error);
void law_anonymised_free(law_anonymised *result);

#endif
