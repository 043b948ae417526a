#include "pcap/disguise.h"

#include <string.h>

#include "pcap/checksum.h"

enum {
  LINK_ETHERNET = 1,
  LINK_SLL = 113,
  LINK_SLL2 = 276,
  ETHERNET_LEN = 14,
  SLL_LEN = 16,
  SLL2_LEN = 20,
  IPV4_LEN = 20,
  IPV6_LEN = 40,
  TCP_LEN = 20,
  UDP_LEN = 8,
  ROUTING = 43,
  OPTION_MPTCP = 30, /* may hold addresses */
  NO_OPERATION = 1,
};

/* ---- What is what ---- */

static void read_tcp(law_layout *l, const law_packet *packet) {
  const law_slice *s = &l->ip.payload;
  if (s->captured < TCP_LEN || s->captured < (s->data[12] >> 4) * 4u) {
    l->what = "TCP header cut short by the capture";
    return;
  }
  uint32_t header = (s->data[12] >> 4) * 4u;
  if (header < TCP_LEN) {
    l->what = "a malformed TCP header";
    return;
  }
  l->tcp = true;
  l->syn = (s->data[13] & 2) != 0;
  l->seq = (uint32_t)s->data[4] << 24 | (uint32_t)s->data[5] << 16 | law_slice_u16(s, 6);
  l->payload_at = (uint32_t)(s->data - packet->data) + header;
  l->payload_len = s->captured - header;
}

static void read_udp(law_layout *l, const law_packet *packet) {
  const law_slice *s = &l->ip.payload;
  if (s->captured < UDP_LEN) {
    l->what = "UDP header cut short by the capture";
    return;
  }
  l->payload_at = (uint32_t)(s->data - packet->data) + UDP_LEN;
  l->payload_len = s->captured - UDP_LEN;
}

static void read_transport(law_layout *l, const law_packet *packet) {
  if (l->ip.fragment) {
    l->what = "IP fragments";
  } else if (l->ip.protocol == LAW_IP_TCP) {
    read_tcp(l, packet);
  } else if (l->ip.protocol == LAW_IP_UDP) {
    read_udp(l, packet);
  } else {
    l->what = law_ip_other(l->ip.protocol);
  }
}

void law_layout_read(const law_packet *packet, law_layout *out) {
  law_slice s = {packet->data, packet->captured, packet->length};
  *out = (law_layout){.what = NULL};
  out->what = law_link_open(packet->link, &s);
  if (out->what) {
    return;
  }
  out->link_len = (uint32_t)(s.data - packet->data);
  out->what = law_ip_open(s, &out->ip);
  if (out->what) {
    return;
  }
  const law_slice *p = &out->ip.payload;
  out->ip_end = (uint32_t)(p->data - packet->data) + p->captured;
  const char *wrong = law_checksum_wrong(&out->ip, s);
  out->sum_right = wrong == NULL;
  out->ip_sum_right = wrong == NULL || strstr(wrong, "IPv4") == NULL;
  read_transport(out, packet);
}

/* ---- Changing ---- */

static uint32_t link_header_len(int link) {
  return link == LINK_ETHERNET ? ETHERNET_LEN
         : link == LINK_SLL    ? SLL_LEN
         : link == LINK_SLL2   ? SLL2_LEN
                               : 0;
}

/* Link-layer addresses in Linux's cooked headers, which have room for 8 bytes. */
static void change_cooked(law_alias *a, uint8_t *address, unsigned len) {
  if (len == 6) {
    law_alias_mac(a, address);
    memset(address + 6, 0, 2);
  } else {
    memset(address, 0, 8);
  }
}

static void change_link(law_alias *a, int link, uint8_t *bytes) {
  if (link == LINK_ETHERNET) {
    law_alias_mac(a, bytes);
    law_alias_mac(a, bytes + 6);
  } else if (link == LINK_SLL) {
    change_cooked(a, bytes + 6, bytes[5]);
  } else if (link == LINK_SLL2) {
    change_cooked(a, bytes + 12, bytes[11]);
  }
}

static void clear_mptcp(uint8_t *options, uint32_t len) {
  for (uint32_t i = 0; i < len;) {
    uint32_t size = options[i] <= NO_OPERATION ? 1 : i + 1 < len ? options[i + 1] : 0;
    if (size == 0 || size > len - i) {
      memset(options + i, NO_OPERATION, len - i);
      return;
    }
    if (options[i] == OPTION_MPTCP) {
      memset(options + i, NO_OPERATION, size);
    }
    i += size;
  }
}

/* A routing header is a list of addresses. */
static bool has_routing(const law_layout *l, const law_packet *packet) {
  const uint8_t *ip = packet->data + l->link_len;
  return l->ip.address_len == 16 && ip[6] == ROUTING;
}

static void change_ip(law_alias *a, const law_packet *packet, const law_layout *l, uint8_t *bytes) {
  law_alias_ip(a, bytes + (l->ip.source - packet->data), l->ip.address_len);
  law_alias_ip(a, bytes + (l->ip.target - packet->data), l->ip.address_len);
  if (l->ip.address_len == 4) {
    uint32_t header = (uint32_t)(packet->data[l->link_len] & 15) * 4;
    memset(bytes + l->link_len + IPV4_LEN, NO_OPERATION, header - IPV4_LEN);
  }
}

uint32_t law_disguise(law_alias *a, const law_packet *packet, const law_layout *l, uint8_t *bytes) {
  uint32_t link = link_header_len(packet->link);
  if (packet->captured < link) {
    return 0;
  }
  change_link(a, packet->link, bytes);
  if (l->ip.source == NULL) {
    return link;
  }
  change_ip(a, packet, l, bytes);
  uint32_t ip_payload = (uint32_t)(l->ip.payload.data - packet->data);
  if (has_routing(l, packet)) {
    return l->link_len + IPV6_LEN;
  }
  if (l->what) {
    return ip_payload;
  }
  if (l->tcp) {
    clear_mptcp(bytes + ip_payload + TCP_LEN, l->payload_at - ip_payload - TCP_LEN);
  }
  memset(bytes + l->ip_end, 0, packet->captured - l->ip_end);
  return packet->captured;
}

/* ---- Checksums ---- */

static uint32_t add(uint32_t sum, const uint8_t *p, size_t len) {
  for (size_t i = 0; i + 1 < len; i += 2) {
    sum += (uint32_t)p[i] << 8 | p[i + 1];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return len % 2 != 0 ? sum + ((uint32_t)p[len - 1] << 8) : sum;
}

static void put_sum(uint8_t *at, uint32_t sum) {
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  at[0] = (uint8_t)(~sum >> 8);
  at[1] = (uint8_t)~sum;
}

static void sum_ip(const law_layout *l, uint8_t *ip) {
  if (l->ip.address_len == 4 && l->ip_sum_right) {
    memset(ip + 10, 0, 2);
    put_sum(ip + 10, add(0, ip, (size_t)(ip[0] & 15) * 4));
  }
}

static void sum_transport(const law_layout *l, uint8_t *ip, uint8_t *payload) {
  uint32_t len = l->ip.payload.length;
  uint8_t *at = payload + (l->tcp ? 16 : 6);
  uint32_t sum = l->ip.protocol + len;
  bool none = !l->tcp && at[0] == 0 && at[1] == 0;
  sum = add(sum, ip + (l->ip.address_len == 4 ? 12 : 8), 2u * l->ip.address_len);
  memset(at, 0, 2);
  if (none) {
    return;
  }
  put_sum(at, add(sum, payload, len));
  if (!l->tcp && at[0] == 0 && at[1] == 0) {
    memset(at, 0xff, 2);
  }
}

void law_disguise_sums(const law_layout *l, uint8_t *bytes, uint32_t captured) {
  if (l->ip.source == NULL || captured < l->link_len + IPV4_LEN) {
    return;
  }
  uint8_t *ip = bytes + l->link_len;
  const law_slice *p = &l->ip.payload;
  uint32_t header = (uint32_t)(l->ip.address_len == 4 ? (ip[0] & 15u) * 4u : 0);
  sum_ip(l, ip);
  uint32_t payload = l->ip_end - p->captured;
  bool whole = p->captured == p->length && captured >= l->ip_end && payload >= header;
  if (whole && l->sum_right && !l->what) {
    sum_transport(l, ip, bytes + payload);
  }
}
