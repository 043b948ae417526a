/* tls_internal.h: one TLS connection's state, for tls.c, tls_handshake.c, tls_early.c,
 * tls12_records.c and tls13.c. */
#ifndef LAW_PCAP_TLS_INTERNAL_H
#define LAW_PCAP_TLS_INTERNAL_H

#include "pcap/tls.h"
#include "pcap/tls12.h"
#include "pcap/tls13_psk.h"
#include "pcap/tls_frames.h"
#include "pcap/tls_messages.h"
#include "pcap/tls_transcript.h"

enum { LAW_TLS_ALPN_MAX = 255 };

/* What protects a direction. In TLS 1.3 they follow each other in this order. */
typedef enum law_tls_phase {
  LAW_TLS_PLAIN,
  LAW_TLS_PROTECTED, /* TLS 1.2, after ChangeCipherSpec */
  LAW_TLS_EARLY,     /* TLS 1.3 */
  LAW_TLS_SHAKING,
  LAW_TLS_TRAFFIC,
} law_tls_phase;

typedef struct law_tls_side {
  law_tls_framer framer;
  law_tls_messages messages;
  law_tls_cipher *cipher; /* of |phase|; NULL: none, or its secret is not at hand */
  law_tls_phase phase;
  uint8_t secret[LAW_TLS_HASH_MAX]; /* of |cipher| in LAW_TLS_TRAFFIC: KeyUpdate goes on from it */
  uint8_t secret_len;
  /* The next record's number is one of seq, seq + 1 ... seq + slack: more than one after records
   * that are missing, or could not be read. */
  uint64_t seq;
  uint64_t slack;
  uint32_t num_tries; /* since a record was read */
  bool lost;          /* nobody knows where the next record begins */
  bool broken;        /* for ever */
  bool ended;         /* close_notify */
  bool holed;         /* the sink knows that data is missing */
  bool may_lack;      /* bytes were lost before its application data began: perhaps none of that */
  char why[LAW_TLS_WHY];
} law_tls_side;

/* What became of the client's 0-RTT data. */
typedef enum law_tls_early {
  LAW_TLS_EARLY_NONE,
  LAW_TLS_EARLY_OFFERED,
  LAW_TLS_EARLY_TAKEN,
  LAW_TLS_EARLY_REFUSED,
} law_tls_early;

struct law_pcap_tls {
  const law_pcap_secrets *secrets;
  law_tls_sink sink;
  int client;       /* -1: not known */
  uint16_t version; /* 0: not known */
  law_tls_side sides[2];
  law_tls12 handshake;            /* in TLS 1.3 only suite and client_random */
  law_tls_transcript *transcript; /* NULL: not, or no longer, needed */
  law_tls13_psk *psk;             /* NULL: no such key is at hand */
  law_tls_early early;
  uint8_t *held_early;
  size_t held_early_len;
  law_tls_mark mark;   /* of what is being pushed */
  law_tls_mark marked; /* of what is being delivered */
  bool early_is_short; /* not all of it could be held, or read */
  uint8_t alpn_len;
  uint8_t alpn[LAW_TLS_ALPN_MAX];
};

/* What became of a protected record. */
typedef enum law_tls_opened {
  LAW_TLS_OPENED,
  LAW_TLS_UNREAD, /* |why| of its side says why */
  LAW_TLS_WRONG   /* it does not authenticate */
} law_tls_opened;

/* A protected record's plain text: LAW_TLS_FRAGMENT_MAX bytes of room. */
typedef struct law_tls_text {
  uint8_t *data;
  size_t len;
  uint8_t type;
} law_tls_text;

/* ---- tls.c ---- */

/* |side| cannot be read now, because of |reason|, a format with what stands in it. */
__attribute__((format(printf, 3, 4))) void law_tls_explain(const law_pcap_tls *t, law_tls_side *s,
                                                           const char *reason, ...);
bool law_tls_is_client(const law_pcap_tls *t, unsigned from);
/* Tells the sink, once until data comes again. */
void law_tls_hole(law_pcap_tls *t, unsigned from);
void law_tls_deliver(law_pcap_tls *t, unsigned from, law_bytes plain);
/* Plain content of a record, whichever way it became plain. */
void law_tls_alert(law_pcap_tls *t, unsigned from, law_bytes bytes);
/* Nothing more of |from| will be read. */
void law_tls_give_up(law_pcap_tls *t, unsigned from);
void law_tls_keep_alpn(law_pcap_tls *t, law_bytes alpn);
/* Takes |cipher|, and begins to count records again. */
void law_tls_install(law_tls_side *s, law_tls_phase phase, law_tls_cipher *cipher);
/* Opens |record| with the first number from |first| on that fits, at most |slack| later. */
bool law_tls_try(law_tls_side *s, law_tls_cipher *cipher, law_tls_text *out, law_tls_record record,
                 uint64_t first, uint64_t slack);

/* ---- tls_handshake.c ---- */

void law_tls_handshake_bytes(law_pcap_tls *t, unsigned from, law_bytes bytes);
void law_tls_drop_transcript(law_pcap_tls *t);

/* ---- tls12_records.c ---- */

law_tls_opened law_tls12_open(law_pcap_tls *t, unsigned from, law_tls_text *out,
                              const law_tls_frame *frame);
void law_tls12_content(law_pcap_tls *t, unsigned from, const law_tls_text *text);
void law_tls12_change_cipher(law_pcap_tls *t, unsigned from);

/* ---- tls13.c ---- */

law_tls_opened law_tls13_open(law_pcap_tls *t, unsigned from, law_tls_text *out,
                              const law_tls_frame *frame);
void law_tls13_content(law_pcap_tls *t, unsigned from, const law_tls_text *text);
void law_tls13_server_hello(law_pcap_tls *t, const law_tls_hello *hello);
/* A message that came protected. */
void law_tls13_message(law_pcap_tls *t, unsigned from, const law_tls_message *message);

/* ---- tls_early.c ---- */

void law_tls_early_data(law_pcap_tls *t, law_bytes plain);
/* A record of it could not be read. */
void law_tls_early_unread(law_pcap_tls *t);
void law_tls_early_settle(law_pcap_tls *t, law_tls_early how);

#endif
