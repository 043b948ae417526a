/* known.h: what captures of our own runs say of their connections: a comment of the first packet.
 * Protocol, transport, who is under test, and which connections share a server's state are known
 * then, not guessed. */
#ifndef LAW_PCAP_KNOWN_H
#define LAW_PCAP_KNOWN_H

#include "core/types.h"

enum { LAW_KNOWN_TEXT = 96 };

typedef struct law_known {
  char variant[24]; /* "mqtt5" */
  law_side judged;  /* the side under test */
  bool websocket;
  bool ciphertext; /* a second copy of a connection, as TLS had it on the wire */
  uint32_t world; /* connections of one server have the same; 0: alone */
} law_known;

/* Writes the comment, always NUL-terminated. */
void law_known_print(const law_known *known, char out[LAW_KNOWN_TEXT]);
/* False when |text| is not such a comment. */
bool law_known_parse(law_bytes text, law_known *out);

#endif
