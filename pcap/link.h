/* link.h: the link layer: from a captured frame to the IP packet in it. */
#ifndef LAW_PCAP_LINK_H
#define LAW_PCAP_LINK_H

#include "core/types.h"

/* A part of a frame. */
typedef struct law_slice {
  const uint8_t *data;
  uint32_t captured; /* bytes in |data| */
  uint32_t length;   /* bytes on the wire; never less */
} law_slice;

LAW_INLINE void law_slice_skip(law_slice *s, uint32_t len) {
  s->data += len;
  s->captured -= len;
  s->length -= len;
}

LAW_INLINE uint32_t law_slice_u16(const law_slice *s, uint32_t at) {
  return (uint32_t)s->data[at] << 8 | s->data[at + 1];
}

/* Moves |s| from the frame to its IP packet. |link| is a LINKTYPE_ value: Ethernet (with VLAN tags,
 * IEEE 802.1Q and 802.1ad, LLC/SNAP, MPLS, PPPoE), raw IP, Linux cooked (v1, v2), BSD loopback
 * (null, loop), PPP, Cisco HDLC. Returns NULL, or what the frame is instead: a text that lives for
 * ever. */
const char *law_link_open(int link, law_slice *s);

#endif
