/* tls_messages.h: the handshake messages in the records of one direction (RFC 8446, 5.1): several in
 * one record, one in several. */
#ifndef LAW_PCAP_TLS_MESSAGES_H
#define LAW_PCAP_TLS_MESSAGES_H

#include "core/types.h"

enum {
  LAW_TLS_MESSAGE_HEADER = 4,
  LAW_TLS_MESSAGE_MAX = 64 * 1024, /* of a longer one only type and end are told */
};

typedef struct law_tls_message {
  uint8_t type;
  bool whole;      /* |bytes| are there */
  law_bytes bytes; /* with the header; valid until the next call */
} law_tls_message;

/* All zero at the start. */
typedef struct law_tls_messages {
  uint8_t *held;
  uint32_t len;  /* bytes that are held */
  uint32_t seen; /* bytes of the message that came, held or not */
  uint32_t cap;
  uint8_t header[LAW_TLS_MESSAGE_HEADER];
} law_tls_messages;

/* Takes bytes off |in| up to the end of a message. False: |in| is empty and the message has not
 * ended. */
bool law_tls_messages_next(law_tls_messages *m, law_tls_message *out, law_bytes *in);
void law_tls_messages_clear(law_tls_messages *m);

/* A message's bytes without its header. */
law_bytes law_tls_message_body(const law_tls_message *m);

#endif
