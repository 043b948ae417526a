/* fragments.h: puts IP datagrams together from their fragments (RFC 791 3.2, RFC 8200 4.5). A fixed
 * number of datagrams can be under way; the one that waited longest gives way. Where fragments
 * overlap, what came first stays. */
#ifndef LAW_PCAP_FRAGMENTS_H
#define LAW_PCAP_FRAGMENTS_H

#include "pcap/ip.h"
#include "pcap/reader.h"

typedef struct law_fragments law_fragments;

/* Told of each datagram that is given up, with the place of its first fragment seen. */
typedef void (*law_fragments_lost)(void *user, const law_place *place);

/* NULL: out of memory. Buffers are taken when fragments come. */
law_fragments *law_fragments_new(law_fragments_lost lost, void *user);
void law_fragments_free(law_fragments *f);

/* Takes the fragment |ip|. True: its datagram is whole now; |ip| then is that one, whose bytes live
 * until the next call. */
bool law_fragments_add(law_fragments *f, law_ip *ip, const law_place *place);
/* Gives up all that is under way. */
void law_fragments_end(law_fragments *f);

#endif
