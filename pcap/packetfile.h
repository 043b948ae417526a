/* packetfile.h: writes captured packets of any link type: a pcapng file (draft-ietf-opsawg-pcapng)
 * with interfaces, packets and their comments, and nothing else. */
#ifndef LAW_PCAP_PACKETFILE_H
#define LAW_PCAP_PACKETFILE_H

#include <stdio.h>

#include "pcap/source.h"

typedef struct law_packetfile {
  FILE *out;
  bool failed;
} law_packetfile;

/* Begins the file; |out| stays the caller's. |links|: the link type of each interface. */
void law_packetfile_begin(law_packetfile *f, FILE *out, const int *links, size_t num_links);
/* One packet of one of these interfaces. |comment| may be NULL. */
void law_packetfile_put(law_packetfile *f, const law_packet *packet, const char *comment);
/* False: the file does not hold all that was put. */
bool law_packetfile_end(law_packetfile *f);

#endif
