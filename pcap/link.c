#include "pcap/link.h"

enum {
  LINK_NULL = 0,
  LINK_ETHERNET = 1,
  LINK_PPP = 9,
  LINK_RAW_LINUX = 12, /* libpcap's own numbers of raw IP, which some writers leave in files */
  LINK_RAW_BSD = 14,
  LINK_PPP_HDLC = 50,
  LINK_RAW = 101,
  LINK_CISCO_HDLC = 104,
  LINK_LOOP = 108,
  LINK_SLL = 113,
  LINK_IPV4 = 228,
  LINK_IPV6 = 229,
  LINK_SLL2 = 276,

  ETHERNET_LEN = 14,
  SLL_LEN = 16,
  SLL2_LEN = 20,
  TAG_LEN = 4,
  PPPOE_LEN = 6,

  TYPE_MAX_LENGTH = 1500, /* below, the field is a length, and LLC follows */
  TYPE_IPV4 = 0x0800,
  TYPE_ARP = 0x0806,
  TYPE_VLAN = 0x8100,
  TYPE_IPV6 = 0x86dd,
  TYPE_PPP = 0x880b,
  TYPE_MPLS = 0x8847,
  TYPE_MPLS_MULTICAST = 0x8848,
  TYPE_PPPOE = 0x8864,
  TYPE_EAPOL = 0x888e,
  TYPE_QINQ = 0x88a8,
  TYPE_QINQ_OLD = 0x9100,
  TYPE_LLDP = 0x88cc,

  PPP_IPV4 = 0x0021,
  PPP_IPV6 = 0x0057,
};

static const char cut[] = "link header cut short by the capture";

/* Text of a type that carries no IP. */
LAW_COLD static const char *other_type(uint32_t type) {
  switch (type) {
    case TYPE_ARP:
      return "ARP";
    case TYPE_EAPOL:
      return "EAPOL";
    case TYPE_LLDP:
      return "LLDP";
    default:
      return "a link layer's protocol that is not IP";
  }
}

static const char *ppp(law_slice *s) {
  if (s->captured >= 2 && s->data[0] == 0xff && s->data[1] == 0x03) {
    law_slice_skip(s, 2);
  }
  if (s->captured < 2) {
    return cut;
  }
  uint32_t protocol = s->data[0];
  uint32_t len = 1;
  if ((protocol & 1) == 0) { /* not compressed */
    protocol = law_slice_u16(s, 0);
    len = 2;
  }
  law_slice_skip(s, len);
  return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? NULL : "a protocol of PPP that is not IP";
}

static const char *mpls(law_slice *s) {
  bool bottom = false;
  while (!bottom) {
    if (s->captured < 4) {
      return cut;
    }
    bottom = (s->data[2] & 1) != 0;
    law_slice_skip(s, 4);
  }
  return NULL; /* IP, if its version says so */
}

static const char *pppoe(law_slice *s) {
  if (s->captured < PPPOE_LEN) {
    return cut;
  }
  law_slice_skip(s, PPPOE_LEN);
  return ppp(s);
}

static const char *llc(law_slice *s, uint32_t *type) {
  if (s->captured < 8) {
    return cut;
  }
  if (law_slice_u16(s, 0) != 0xaaaa || s->data[2] != 0x03) {
    return "LLC (spanning tree and the like)";
  }
  *type = law_slice_u16(s, 6);
  law_slice_skip(s, 8);
  return NULL;
}

/* |s| stands behind an Ethernet type. */
LAW_COLD static const char *rare_type(uint32_t type, law_slice *s) {
  if (type <= TYPE_MAX_LENGTH) {
    const char *what = llc(s, &type);
    if (what != NULL) {
      return what;
    }
  }
  while (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_OLD) {
    if (s->captured < TAG_LEN) {
      return cut;
    }
    type = law_slice_u16(s, 2);
    law_slice_skip(s, TAG_LEN);
  }
  switch (type) {
    case TYPE_IPV4:
    case TYPE_IPV6:
      return NULL;
    case TYPE_MPLS:
    case TYPE_MPLS_MULTICAST:
      return mpls(s);
    case TYPE_PPPOE:
      return pppoe(s);
    case TYPE_PPP:
      return ppp(s);
    default:
      return other_type(type);
  }
}

LAW_INLINE const char *by_type(uint32_t type, law_slice *s) {
  return LAW_LIKELY(type == TYPE_IPV4 || type == TYPE_IPV6) ? NULL : rare_type(type, s);
}

/* A header of |len| bytes, whose type stands at |type_at|. */
LAW_INLINE const char *typed(law_slice *s, uint32_t len, uint32_t type_at) {
  if (LAW_UNLIKELY(s->captured < len)) {
    return cut;
  }
  uint32_t type = law_slice_u16(s, type_at);
  law_slice_skip(s, len);
  return by_type(type, s);
}

/* Four bytes of address family, in the byte order of who captured (null), or in network order. The
 * families of IPv6 are those of BSD, FreeBSD, Darwin and Linux. */
static const char *loopback(law_slice *s) {
  if (s->captured < 4) {
    return cut;
  }
  uint32_t family = s->data[0] != 0 ? s->data[0] : s->data[3];
  law_slice_skip(s, 4);
  switch (family) {
    case 2:
    case 10:
    case 24:
    case 28:
    case 30:
      return NULL;
    default:
      return "an address family that is not IP";
  }
}

const char *law_link_open(int link, law_slice *s) {
  switch (link) {
    case LINK_ETHERNET:
      return typed(s, ETHERNET_LEN, 12);
    case LINK_RAW:
    case LINK_RAW_LINUX:
    case LINK_RAW_BSD:
    case LINK_IPV4:
    case LINK_IPV6:
      return NULL;
    case LINK_SLL:
      return typed(s, SLL_LEN, 14);
    case LINK_SLL2:
      return typed(s, SLL2_LEN, 0);
    case LINK_NULL:
    case LINK_LOOP:
      return loopback(s);
    case LINK_PPP:
    case LINK_PPP_HDLC:
      return ppp(s);
    case LINK_CISCO_HDLC:
      return typed(s, 4, 2);
    default:
      return link < 0 ? "a record that is no packet of a network" : "a link type that is not read";
  }
}
