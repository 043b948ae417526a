/* writer.h: writes captures: pcapng files (draft-ietf-opsawg-pcapng) that Wireshark opens, without
 * libpcap.
 *
 * What is told is what two sides said over a TCP connection; the IPv4 and TCP headers around it
 * are made here (RFC 791, RFC 9293), with right numbers and checksums. One interface, raw IP,
 * times in ns; on demand a second one for what TLS had on the wire, and its secrets. */
#ifndef LAW_PCAP_WRITER_H
#define LAW_PCAP_WRITER_H

#include "core/types.h"

enum {
  LAW_PCAP_SEGMENT = 65535 - 40, /* the most data of one packet; longer data goes on in the next */
  LAW_PCAP_TEXT = 512,           /* bytes of an error's sentence */
};

typedef struct law_pcap_writer law_pcap_writer;

/* One connection as it is told. The caller sets addresses and ports, by law_side; the rest zero. */
typedef struct law_pcap_flow {
  uint8_t address[2][4];
  uint16_t port[2];
  uint32_t seq[2]; /* the next byte's, of each side */
  bool closed[2];
  bool reset;
  bool ciphertext;  /* on the second interface: see law_pcap_add_ciphertext */
  const char *note; /* a second comment, of the first packet only; NULL: none */
} law_pcap_flow;

/* Starts the file at |path|. NULL when it cannot: |error| (LAW_PCAP_TEXT bytes) says why. */
law_pcap_writer *law_pcap_create(const char *path, char *error);
/* Writes what is buffered, closes, frees. False when the file does not hold all that was told:
 * |error| (LAW_PCAP_TEXT bytes) then says since when and why. */
bool law_pcap_finish(law_pcap_writer *w, char *error);
/* Gives the system what is buffered now. False after the first failure; packets are then still
 * counted, but lost, and the file keeps the packets before it. */
bool law_pcap_flush(law_pcap_writer *w);
/* Why writing failed; NULL while it did not. */
const char *law_pcap_error(const law_pcap_writer *w);

/* Declares the second interface: before the first flow that is on it. */
void law_pcap_add_ciphertext(law_pcap_writer *w);
/* Lines of a key log, as SSLKEYLOGFILE has them: before the packets that need them, for readers go
 * through a capture once. At most 64 KiB at a time. */
void law_pcap_add_secrets(law_pcap_writer *w, law_bytes keylog);

/* Times are ns since 1970. |comment|, UTF-8, may be NULL. The functions give the number of the
 * first packet they wrote, as Wireshark counts (from 1). */

/* The three packets that open a connection. */
uint32_t law_pcap_open(law_pcap_writer *w, law_pcap_flow *flow, uint64_t time, const char *comment);
/* |bytes|.len over LAW_PCAP_SEGMENT takes several packets, one after the other. */
uint32_t law_pcap_data(law_pcap_writer *w, law_pcap_flow *flow, law_side from, uint64_t time,
                       law_bytes bytes, const char *comment);
/* |from| closes its direction and is acknowledged, or resets the connection. Nothing, and 0,
 * when it has done so before. */
uint32_t law_pcap_close(law_pcap_writer *w, law_pcap_flow *flow, law_side from, bool reset,
                        uint64_t time, const char *comment);

#endif
