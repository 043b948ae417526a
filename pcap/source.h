/* source.h: where packets come from: a capture file (pcap, pcapng), a pipe, bytes in memory, or a
 * network interface.
 *
 * Files are read through one buffer of fixed size, whatever their size is: packets are views into
 * it. pcap: draft-ietf-opsawg-pcap (all magics: microseconds, nanoseconds, both byte orders, and
 * the patched header of old Linux). pcapng: draft-ietf-opsawg-pcapng (several sections, interfaces
 * and link types; every resolution of time; secrets; comments). Interfaces and filters are
 * libpcap's. */
#ifndef LAW_PCAP_SOURCE_H
#define LAW_PCAP_SOURCE_H

#include "core/types.h"

enum {
  LAW_SOURCE_TEXT = 512,          /* bytes of an error's sentence */
  LAW_SOURCE_NOT_A_PACKET = -1,   /* law_packet.link of a record that is no packet of a network */
  LAW_SECRETS_TLS = 0x544c534b,   /* type of a secrets block: NSS key log, TLS and DTLS */
};

/* One packet as it was captured. |data| lives until the next call on the source. */
typedef struct law_packet {
  uint64_t frame; /* from 1, as Wireshark counts */
  uint64_t time;  /* ns since 1970; 0 when the file does not tell */
  const uint8_t *data;
  uint32_t captured; /* bytes in |data| */
  uint32_t length;   /* bytes on the wire */
  int link;          /* LINKTYPE_ value, as in files, or LAW_SOURCE_NOT_A_PACKET */
  uint32_t interface; /* counted from 0 over the whole file */
} law_packet;

typedef struct law_source law_source;

/* What pcapng tells beside packets. Any function may be NULL; views live until it returns. Comments
 * of a packet come before law_source_next gives the packet; secrets when their block is passed. */
typedef struct law_source_notes {
  void *user;
  void (*secrets)(void *user, uint32_t type, law_bytes secrets);
  void (*comment)(void *user, uint64_t frame, law_bytes text); /* UTF-8, as it stands there */
} law_source_notes;

typedef enum law_source_status {
  LAW_SOURCE_PACKET,
  LAW_SOURCE_IDLE,   /* a live capture or a pipe: nothing came for a while; ask again */
  LAW_SOURCE_END,    /* no more packets; law_source_error then is NULL, or says that the file is cut
                        short in the middle of a packet */
  LAW_SOURCE_FAILED, /* law_source_error says why; what came before is good */
} law_source_status;

/* |notes| (copied) and |filter| may be NULL; |filter| is libpcap's language ("tcp port 1883").
 * Packets that a filter leaves out are counted, but not given. All return NULL on failure, and then
 * |error| (LAW_SOURCE_TEXT bytes) holds one sentence. Nothing is read yet: that a file is no
 * capture is told by the first law_source_next. */

/* |path| "-" is standard input. A pipe may still be written to: packets are given as they come. */
law_source *law_source_file(const char *path, const char *filter, const law_source_notes *notes,
                            char *error);
/* |bytes| must live as long as the source. */
law_source *law_source_memory(law_bytes bytes, const char *filter, const law_source_notes *notes,
                              char *error);
/* Captures; |snaplen| 0: whole packets. */
law_source *law_source_live(const char *interface, const char *filter, uint32_t snaplen,
                            char *error);

law_source_status law_source_next(law_source *s, law_packet *out);
/* The next packets, up to |max| (at least 1), as far as they are at hand: their number is in
 * |*out_num|, at least 1 with LAW_SOURCE_PACKET, else 0. All live until the next call on the source.
 * Secrets and comments of all of them were told then; a packet with comments is the last one. */
law_source_status law_source_batch(law_source *s, law_packet *out, size_t max, size_t *out_num);
/* One sentence, or NULL. */
const char *law_source_error(const law_source *s);
/* Makes a call of law_source_next, also one that is waiting, give LAW_SOURCE_END soon. May be called
 * by a signal handler. */
void law_source_stop(law_source *s);
/* Packets that a live capture lost because we were too slow, as far as the system tells; else 0. */
uint64_t law_source_dropped(law_source *s);
void law_source_close(law_source *s);

#endif
