#include "pcap/guess.h"

#include <string.h>

#include "coap/coap.h"
#include "pcap/quic.h"

enum {
  PORT_DNS = 53,
  PORT_MDNS = 5353,
  PORT_MQTTSN = 1884,
  PORT_NTP = 123,
  PORT_DHCP = 67,
  PORT_SSDP = 1900,
};

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
  if (law_coap.detect(head, LAW_CLIENT) > 0) {
    return "coap, perhaps: not at its port, and the two sides do not both speak it";
  }
  if (has_port(flow, law_coap.port)) {
    return "unknown: at the port of CoAP, and no message of it";
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
