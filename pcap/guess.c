#include "pcap/guess.h"

#include <string.h>

#include "pcap/dtls.h"
#include "pcap/quic.h"

enum {
  PORT_DNS = 53,
  PORT_MDNS = 5353,
  PORT_COAP = 5683,
  PORT_COAPS = 5684,
  PORT_MQTTSN = 1884,
  PORT_NTP = 123,
  PORT_DHCP = 67,
  PORT_SSDP = 1900,
};

/* ---- CoAP ---- */

/* The value of a nibble of an option, RFC 7252 section 3.1, and how many bytes extend it. */
static bool take_nibble(unsigned nibble, law_bytes *in, size_t *out) {
  size_t more = nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
  if (nibble == 15 || in->len < more) {
    return false;
  }
  *out = nibble;
  if (more > 0) {
    *out = more == 1 ? 13u + in->data[0] : 269u + ((size_t)in->data[0] << 8 | in->data[1]);
  }
  in->data += more;
  in->len -= more;
  return true;
}

static bool take_option(law_bytes *in) {
  unsigned byte = in->data[0];
  size_t delta, len;
  in->data++;
  in->len--;
  if (!take_nibble(byte >> 4, in, &delta) || !take_nibble(byte & 15, in, &len) || len > in->len) {
    return false;
  }
  in->data += len;
  in->len -= len;
  return true;
}

static bool good_code(unsigned code, size_t len) {
  unsigned class = code >> 5, detail = code & 31;
  if (code == 0) {
    return len == 4;
  }
  return (class == 0 && detail <= 7) || class == 2 || class == 4 || class == 5;
}

bool law_coap_detect(law_bytes in) {
  if (in.len < 4 || in.data[0] >> 6 != 1 || !good_code(in.data[1], in.len)) {
    return false;
  }
  size_t token = in.data[0] & 15;
  if (token > 8 || in.len < 4 + token) {
    return false;
  }
  in.data += 4 + token;
  in.len -= 4 + token;
  while (in.len > 0 && in.data[0] != 0xff) {
    if (!take_option(&in)) {
      return false;
    }
  }
  return in.len != 1; /* a payload marker and no payload */
}

/* ---- All ---- */

static bool has_port(const law_flow *flow, uint16_t port) {
  return flow->end[0].port == port || flow->end[1].port == port;
}

static bool begins(law_bytes head, const char *text) {
  size_t len = strlen(text);
  return head.len >= len && memcmp(head.data, text, len) == 0;
}

static const char *guess_udp(const law_flow *flow, law_bytes head) {
  static const struct {
    uint16_t port;
    const char *what;
  } known[] = {
      {PORT_DNS, "dns: no protocol of things"},   {PORT_MDNS, "mdns: no protocol of things"},
      {PORT_NTP, "ntp: no protocol of things"},   {PORT_DHCP, "dhcp: no protocol of things"},
      {PORT_SSDP, "ssdp: no protocol of things"},
  };
  if (law_quic_detect(head)) {
    return "quic: not read here, with or without its secrets";
  }
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (has_port(flow, known[i].port)) {
      return known[i].what;
    }
  }
  if (has_port(flow, PORT_COAP) || law_coap_detect(head)) {
    return "coap: no codec yet";
  }
  return has_port(flow, PORT_MQTTSN) ? "mqttsn: no codec yet" : NULL;
}

const char *law_guess(const law_flow *flow, law_bytes head) {
  if (flow->kind == LAW_FLOW_UDP) {
    return guess_udp(flow, head);
  }
  if (begins(head, "SSH-")) {
    return "ssh: no protocol of things";
  }
  if (has_port(flow, PORT_DNS)) {
    return "dns: no protocol of things";
  }
  return NULL;
}
