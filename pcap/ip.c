#include "pcap/ip.h"

enum {
  IPV4_LEN = 20,
  IPV6_LEN = 40,
  HOP_BY_HOP = 0,
  ICMP = 1,
  IGMP = 2,
  ROUTING = 43,
  FRAGMENT = 44,
  GRE = 47,
  ESP = 50,
  AUTHENTICATION = 51,
  ICMPV6 = 58,
  NO_NEXT_HEADER = 59,
  DESTINATION = 60,
  OSPF = 89,
  SCTP = 132,
  MOBILITY = 135,
  HIP = 139,
  SHIM6 = 140,
  MAX_OFFLOADED = 1 << 20, /* more than segmentation offload makes of one packet */
};

static const char cut[] = "IP header cut short by the capture";

/* Takes |header_len| bytes off, and what lies behind |total_len|. What the length promises but the
 * frame does not hold was cut, by whatever wrote the capture. */
LAW_INLINE law_slice payload_of(law_slice s, uint32_t header_len, uint32_t total_len) {
  if (LAW_UNLIKELY(total_len == 0)) {
    total_len = s.length < MAX_OFFLOADED ? s.length : MAX_OFFLOADED;
  }
  s.captured = s.captured < total_len ? s.captured : total_len;
  s.length = total_len;
  law_slice_skip(&s, header_len);
  return s;
}

LAW_INLINE const char *ipv4(law_slice s, law_ip *out) {
  if (LAW_UNLIKELY(s.captured < IPV4_LEN)) {
    return cut;
  }
  uint32_t header_len = (s.data[0] & 15u) * 4;
  uint32_t total_len = law_slice_u16(&s, 2);
  if (LAW_UNLIKELY(header_len < IPV4_LEN || (total_len != 0 && total_len < header_len))) {
    return "a malformed IPv4 header";
  }
  if (LAW_UNLIKELY(s.captured < header_len)) {
    return cut;
  }
  uint32_t fragment = law_slice_u16(&s, 6);
  out->source = s.data + 12;
  out->target = s.data + 16;
  out->address_len = 4;
  out->protocol = s.data[9];
  out->fragment = (fragment & 0x3fff) != 0;
  out->more = (fragment & 0x2000) != 0;
  out->offset = (fragment & 0x1fff) * 8;
  out->id = law_slice_u16(&s, 4);
  out->payload = payload_of(s, header_len, total_len);
  return NULL;
}

/* The fragment header, 8 bytes. */
static void fragment_header(law_ip *out) {
  const law_slice *s = &out->payload;
  uint32_t offset = law_slice_u16(s, 2);
  out->fragment = (offset & 0xfff9) != 0; /* an "atomic" fragment is whole */
  out->more = (offset & 1) != 0;
  out->offset = offset & 0xfff8;
  out->id = law_slice_u16(s, 4) << 16 | law_slice_u16(s, 6);
}

static bool is_extension(uint8_t protocol) {
  switch (protocol) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION:
    case MOBILITY:
    case HIP:
    case SHIM6:
      return true;
    default:
      return false;
  }
}

/* Walks the extension headers in |out->payload|. */
LAW_COLD static const char *extensions(law_ip *out) {
  while (is_extension(out->protocol)) {
    law_slice *s = &out->payload;
    if (s->captured < 8) {
      return s->length < 8 ? "a malformed IPv6 header" : cut;
    }
    uint8_t kind = out->protocol;
    uint32_t len = (s->data[1] + 1u) * 8;
    if (kind == FRAGMENT) {
      fragment_header(out);
      len = 8;
    } else if (kind == AUTHENTICATION) {
      len = (s->data[1] + 2u) * 4;
    }
    if (s->captured < len) {
      return s->length < len ? "a malformed IPv6 header" : cut;
    }
    out->protocol = s->data[0];
    law_slice_skip(s, len);
    if (kind == FRAGMENT && out->fragment) {
      return NULL; /* the rest belongs to the whole datagram */
    }
  }
  return NULL;
}

static const char *ipv6(law_slice s, law_ip *out) {
  if (LAW_UNLIKELY(s.captured < IPV6_LEN)) {
    return cut;
  }
  uint32_t payload_len = law_slice_u16(&s, 4);
  out->source = s.data + 8;
  out->target = s.data + 24;
  out->address_len = 16;
  out->protocol = s.data[6];
  out->fragment = false;
  out->more = false;
  out->offset = 0;
  out->id = 0;
  out->payload = payload_of(s, IPV6_LEN, payload_len == 0 ? 0 : IPV6_LEN + payload_len);
  return LAW_UNLIKELY(is_extension(out->protocol)) ? extensions(out) : NULL;
}

const char *law_ip_open(law_slice s, law_ip *out) {
  if (LAW_UNLIKELY(s.captured == 0)) {
    return cut;
  }
  switch (s.data[0] >> 4) {
    case 4:
      return ipv4(s, out);
    case 6:
      return ipv6(s, out);
    default:
      return "neither IPv4 nor IPv6";
  }
}

const char *law_ip_open_rest(law_ip *ip) {
  return ip->address_len == 16 ? extensions(ip) : NULL;
}

const char *law_ip_other(uint8_t protocol) {
  switch (protocol) {
    case ICMP:
      return "ICMP";
    case IGMP:
      return "IGMP";
    case ICMPV6:
      return "ICMPv6";
    case GRE:
      return "GRE";
    case ESP:
      return "IPsec (ESP)";
    case OSPF:
      return "OSPF";
    case SCTP:
      return "SCTP";
    case NO_NEXT_HEADER:
      return "IPv6 without a payload";
    default:
      return "a protocol over IP that is not TCP or UDP";
  }
}
