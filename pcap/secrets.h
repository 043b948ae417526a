/* secrets.h: the secrets by which captured TLS and DTLS is read: key logs, pre-shared keys.
 *
 * Key log: the text that browsers and TLS libraries write to SSLKEYLOGFILE
 * (draft-ietf-tls-keylogfile), and that a pcapng secrets block of type LAW_SECRETS_TLS (source.h)
 * holds. Secrets are wiped before their memory is given back, and are never printed. */
#ifndef LAW_PCAP_SECRETS_H
#define LAW_PCAP_SECRETS_H

#include "core/types.h"

enum {
  LAW_SECRETS_TEXT = 256,  /* bytes of an error's sentence */
  LAW_SECRET_MAX = 64,     /* bytes of one secret of a key log */
  LAW_SECRETS_RANDOM = 32, /* bytes of ClientHello.random */
  LAW_PSK_MAX = 512,       /* bytes of a pre-shared key, and of its identity */
};

/* What a line of a key log is about. */
typedef enum law_secret_label {
  LAW_SECRET_CLIENT_RANDOM, /* TLS 1.2: the master secret, 48 bytes */
  LAW_SECRET_CLIENT_EARLY,
  LAW_SECRET_CLIENT_HANDSHAKE,
  LAW_SECRET_SERVER_HANDSHAKE,
  LAW_SECRET_CLIENT_TRAFFIC, /* CLIENT_TRAFFIC_SECRET_0 */
  LAW_SECRET_SERVER_TRAFFIC,
  LAW_SECRET_LABELS
} law_secret_label;

/* A growing set. One for all flows of a capture; it may grow while flows that use it are read. */
typedef struct law_pcap_secrets law_pcap_secrets;

/* NULL: no memory. */
law_pcap_secrets *law_pcap_secrets_new(void);
void law_pcap_secrets_free(law_pcap_secrets *s);

/* Adds the lines of |text|, which need not end with a newline. Comments, empty lines and lines with
 * labels that are of no use here are passed over; a secret that is there already is kept. False:
 * no memory, or |text| has lines and none of them is a key log's; |error| (LAW_SECRETS_TEXT bytes)
 * says so in one sentence. */
bool law_pcap_secrets_add_keylog(law_pcap_secrets *s, law_bytes text, char *error);

/* Adds a pre-shared key. |identity| empty: the key of every identity that has none of its own.
 * False: no memory, or longer than LAW_PSK_MAX, or |key| empty. */
bool law_pcap_secrets_add_psk(law_pcap_secrets *s, law_bytes identity, law_bytes key);

/* How many there are; nothing was added while it is the same. */
size_t law_pcap_secrets_count(const law_pcap_secrets *s);

/* The secret of |label| for the ClientHello that had |random| (LAW_SECRETS_RANDOM bytes); empty
 * when there is none. Valid until something is added. */
law_bytes law_pcap_secrets_find(const law_pcap_secrets *s, law_secret_label label,
                                const uint8_t *random);
/* The key of |identity|; empty when there is none. Valid until something is added. */
law_bytes law_pcap_secrets_psk(const law_pcap_secrets *s, law_bytes identity);

#endif
