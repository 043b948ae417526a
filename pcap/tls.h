/* tls.h: reads captured TLS 1.2 (RFC 5246, with RFC 7366, 7627) and TLS 1.3 (RFC 8446) where its
 * secrets are at hand.
 *
 * One law_pcap_tls reads one TCP connection. Bytes of both directions go in, in the order of the
 * capture and in any cut; application data comes out at once, through the sink. At most one record
 * of each direction is kept, and 0-RTT data (up to LAW_TLS_EARLY_MAX) until the server has said
 * whether it takes it: rejected 0-RTT data never comes out.
 *
 * The sides are 0 and 1 as in law_flow; who is the client, its ClientHello tells.
 * (The names differ from those of net/tls.h, which speaks TLS: programs link both.) */
#ifndef LAW_PCAP_TLS_H
#define LAW_PCAP_TLS_H

#include "core/types.h"
#include "pcap/secrets.h"

enum { LAW_TLS_EARLY_MAX = 64 * 1024 };

/* Where what was read goes to. */
typedef struct law_tls_sink {
  void *user;
  /* Application data of one record (DTLS: of one datagram's record, a message of its own). Valid
   * during the call. */
  void (*data)(void *user, unsigned from, law_bytes plain);
  /* Some of |from|'s application data is missing between what came out before and what comes out
   * next: bytes that the capture lacks, or that could not be read. May be NULL. */
  void (*gap)(void *user, unsigned from);
  /* |from| said close_notify: it has no more to say. May be NULL. */
  void (*end)(void *user, unsigned from);
} law_tls_sink;

typedef struct law_pcap_tls law_pcap_tls;

/* |secrets| are borrowed and asked each time they are needed, so that they may come later than the
 * first bytes. NULL: no memory. */
law_pcap_tls *law_pcap_tls_new(const law_pcap_secrets *secrets, const law_tls_sink *sink);
void law_pcap_tls_free(law_pcap_tls *t);

/* Where the bytes stand that are pushed next. */
typedef struct law_tls_mark {
  uint64_t frame, time;
} law_tls_mark;
void law_pcap_tls_mark(law_pcap_tls *t, law_tls_mark mark);
/* In the sink's |data|: the mark of the bytes that it comes from. That is not the last one for 0-RTT
 * data, which had to wait. */
law_tls_mark law_pcap_tls_marked(const law_pcap_tls *t);

/* The next bytes that |from| sent. */
void law_pcap_tls_push(law_pcap_tls *t, unsigned from, law_bytes bytes);
/* |num_bytes| of |from| are not in the capture (0: nobody knows how many). Reading goes on with the
 * first record after them that authenticates. The sink's |gap| is called unless what was lost can
 * have been of the handshake only. */
void law_pcap_tls_gap(law_pcap_tls *t, unsigned from, uint64_t num_bytes);

/* NULL while |from| can be read; else one clear sentence, without a full stop, why it cannot: no
 * secrets, a cipher suite that is not known here, lost bytes, a record that does not authenticate
 * ... It may become NULL again: when secrets came, or after lost bytes. Valid until the next call. */
const char *law_pcap_tls_unreadable(const law_pcap_tls *t, unsigned from);
/* Which side is the client, 0 or 1; -1 while nobody knows. */
int law_pcap_tls_client(const law_pcap_tls *t);
/* "TLS 1.2", "TLS 1.3"; "TLS" while nobody knows. */
const char *law_pcap_tls_version(const law_pcap_tls *t);
/* What the client asked for by ALPN and the server took (RFC 7301), empty: nothing, or nobody knows.
 * Valid as long as |t|. */
law_bytes law_pcap_tls_alpn(const law_pcap_tls *t);

/* |head|, the first bytes that one side of a TCP connection sent, are TLS: a record of a handshake,
 * or, at a mid-stream start, of any kind. Six bytes are needed to tell. */
bool law_tls_detect(law_bytes head);

#endif
