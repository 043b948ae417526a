#include "pcap/headers.h"

#include <string.h>

#include "pcap/checksum.h"
#include "pcap/link.h"

enum { ETHERNET = 1, ETHERNET_LEN = 14, IPV4_LEN = 20, PORTS_LEN = 4 };

LAW_INLINE uint32_t load32(const uint8_t *p) {
  uint32_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

LAW_INLINE uint64_t load64(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* Ports stand first in TCP and in UDP. Each word of the key is written once: a read that follows
 * several smaller writes would wait for all of them. */
LAW_INLINE void set_key(law_headers *h, const law_flows *flows) {
  const law_ip *ip = &h->ip;
  const uint8_t *ports = ip->payload.data;
  bool v4 = ip->address_len == 4;
  law_flow_key key = {
      .address = {{v4 ? load32(ip->source) : load64(ip->source), v4 ? 0 : load64(ip->source + 8)},
                  {v4 ? load32(ip->target) : load64(ip->target), v4 ? 0 : load64(ip->target + 8)}},
      .port = {(uint16_t)(ports[0] << 8 | ports[1]), (uint16_t)(ports[2] << 8 | ports[3])},
      .kind = ip->protocol == LAW_IP_TCP ? LAW_FLOW_TCP : LAW_FLOW_UDP,
      .address_len = ip->address_len};
  h->hash = law_flow_hash(flows, &key);
  h->key = key;
  h->keyed = true;
}

void law_headers_set_key(law_headers *h, const law_flows *flows) {
  const law_ip *ip = &h->ip;
  h->keyed = false;
  if (!ip->fragment && ip->payload.captured >= PORTS_LEN &&
      (ip->protocol == LAW_IP_TCP || ip->protocol == LAW_IP_UDP)) {
    set_key(h, flows);
  }
}

/* By far the most packets: Ethernet, IPv4 without options and fragments, whole, TCP or UDP. False: it
 * is another, and nothing was done. */
LAW_INLINE bool read_usual(law_headers *h, const law_flows *flows, const law_packet *packet) {
  const uint8_t *ip = packet->data + ETHERNET_LEN;
  if (packet->link != ETHERNET || packet->captured < ETHERNET_LEN + IPV4_LEN + PORTS_LEN) {
    return false;
  }
  uint32_t len = (uint32_t)ip[2] << 8 | ip[3];
  bool usual = ip[-2] == 0x08 && ip[-1] == 0x00 && ip[0] == 0x45 && ((ip[6] & 0x3f) | ip[7]) == 0 &&
               (ip[9] == LAW_IP_TCP || ip[9] == LAW_IP_UDP) && len >= IPV4_LEN + PORTS_LEN &&
               len <= packet->captured - ETHERNET_LEN;
  if (LAW_UNLIKELY(!usual)) {
    return false;
  }
  h->unread = NULL;
  h->ip.source = ip + 12;
  h->ip.target = ip + 16;
  h->ip.address_len = 4;
  h->ip.protocol = ip[9];
  h->ip.fragment = false;
  h->ip.payload = (law_slice){ip + IPV4_LEN, len - IPV4_LEN, len - IPV4_LEN};
  set_key(h, flows);
  return true;
}

LAW_NOINLINE static void read_any(law_headers *h, const law_flows *flows, const law_packet *packet,
                                  bool checksums) {
  law_slice frame = {packet->data, packet->captured,
                     packet->length < packet->captured ? packet->captured : packet->length};
  h->keyed = false;
  h->unread = law_link_open(packet->link, &frame);
  if (h->unread == NULL) {
    h->unread = law_ip_open(frame, &h->ip);
  }
  if (checksums && h->unread == NULL) {
    h->unread = law_checksum_wrong(&h->ip, frame);
  }
  if (h->unread == NULL) {
    law_headers_set_key(h, flows);
  }
}

void law_headers_read(law_headers *h, const law_flows *flows, const law_packet *packet,
                      bool checksums) {
  h->guess = NULL;
  if (LAW_UNLIKELY(checksums) || LAW_UNLIKELY(!read_usual(h, flows, packet))) {
    read_any(h, flows, packet, checksums);
  }
}
