#include "pcap/checksum.h"

static uint64_t sum_of(const uint8_t *p, size_t len) {
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < len; i += 2) {
    sum += (uint64_t)p[i] << 8 | p[i + 1];
  }
  return len % 2 != 0 ? sum + ((uint64_t)p[len - 1] << 8) : sum;
}

/* Whether words that hold their own checksum add up. */
static bool adds_up(uint64_t sum) {
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return sum == 0xffff;
}

static uint64_t pseudo_header(const law_ip *ip) {
  return sum_of(ip->source, ip->address_len) + sum_of(ip->target, ip->address_len) +
         ip->protocol + ip->payload.length;
}

static bool has_none(const law_ip *ip) {
  const law_slice *s = &ip->payload;
  return ip->protocol == LAW_IP_UDP && s->captured >= 8 && law_slice_u16(s, 6) == 0;
}

const char *law_checksum_wrong(const law_ip *ip, law_slice packet) {
  const law_slice *s = &ip->payload;
  if (ip->address_len == 4 && !adds_up(sum_of(packet.data, (packet.data[0] & 15u) * 4))) {
    return "a wrong checksum of IPv4";
  }
  if (ip->fragment || s->captured < s->length || has_none(ip) ||
      (ip->protocol != LAW_IP_TCP && ip->protocol != LAW_IP_UDP)) {
    return NULL;
  }
  if (adds_up(pseudo_header(ip) + sum_of(s->data, s->captured))) {
    return NULL;
  }
  return ip->protocol == LAW_IP_TCP ? "a wrong checksum of TCP" : "a wrong checksum of UDP";
}
