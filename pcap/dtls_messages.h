/* dtls_messages.h: handshake messages put together from their fragments (RFC 6347, 4.2.3), which
 * come in any order, repeated and overlapping. Bounded: the oldest message makes room. */
#ifndef LAW_PCAP_DTLS_MESSAGES_H
#define LAW_PCAP_DTLS_MESSAGES_H

#include "core/types.h"

enum {
  LAW_DTLS_MESSAGE_HEADER = 12,
  LAW_DTLS_MESSAGES = 16,
  LAW_DTLS_MESSAGE_MAX = 16 * 1024, /* longer ones are passed over */
  LAW_DTLS_MESSAGES_MAX = 32 * 1024 /* of all of one side */
};

typedef struct law_dtls_message {
  uint8_t *bytes; /* as if never fragmented (RFC 6347, 4.2.6), then a bit for each byte that came */
  uint32_t len;   /* with the header */
  uint32_t num_have;
  uint16_t seq;
  uint8_t type;
} law_dtls_message;

/* Of one side. All zero at the start. */
typedef struct law_dtls_messages {
  law_dtls_message items[LAW_DTLS_MESSAGES]; /* as they began */
  size_t num;
  size_t total_len;
} law_dtls_messages;

/* Takes one fragment off |in|; |in| is empty when that is none. The message that it completed, or
 * NULL; valid until the next call. */
const law_dtls_message *law_dtls_messages_next(law_dtls_messages *m, law_bytes *in);
/* The whole message number |seq|, or with a |type| of its own; NULL: it is not there. */
const law_dtls_message *law_dtls_messages_by_seq(const law_dtls_messages *m, uint32_t seq);
const law_dtls_message *law_dtls_messages_by_type(const law_dtls_messages *m, uint8_t type);
/* Forgets all but number |seq|; all when it is over 0xffff. */
void law_dtls_messages_keep(law_dtls_messages *m, uint32_t seq);

law_bytes law_dtls_message_body(const law_dtls_message *m);

#endif
