/* words.h: how endpoints, messages and times of a capture are written. */
#ifndef LAW_PCAP_WORDS_H
#define LAW_PCAP_WORDS_H

#include "pcap/talk.h"

enum {
  LAW_WORDS_ENDPOINT = 64,
  LAW_WORDS_TYPE = 32,
  LAW_WORDS_MESSAGE = 4096,
};

/* "10.0.0.1:5555", "[fe80::1]:1883" */
void law_words_endpoint(const law_endpoint *end, char out[LAW_WORDS_ENDPOINT]);

/* The type's name; "RESERVED0" for one that is not assigned; "-" when no byte is there. */
void law_words_type(const law_protocol *protocol, law_bytes wire, const char *name,
                    char out[LAW_WORDS_TYPE]);

/* The message on one line, as law_print: secrets by length only. Always NUL-terminated. */
void law_words_message(const law_told *told, char *out, size_t cap);
/* The message as law_json. |*out_len| is the length that was needed. */
size_t law_words_json(const law_told *told, char *out, size_t cap);

/* "client", "server", or NULL. */
const char *law_words_side(int side);

#endif
