#include "websocket/frame.h"

#include <string.h>

static uint64_t load(const uint8_t *p, size_t len) {
  uint64_t v = 0;
  for (size_t i = 0; i < len; i++) {
    v = v << 8 | p[i];
  }
  return v;
}

static void store(uint8_t *p, size_t len, uint64_t v) {
  for (size_t i = 0; i < len; i++) {
    p[i] = (uint8_t)(v >> 8 * (len - 1 - i));
  }
}

/* How many bytes follow the 7-bit length |code|. */
static size_t extended_len(unsigned code) { return code == 126 ? 2 : code == 127 ? 8 : 0; }

static bool known_opcode(uint8_t opcode) {
  return opcode <= LAW_WS_BINARY || (opcode >= LAW_WS_CLOSE && opcode <= LAW_WS_PONG);
}

static law_ws_fault control_fault(const law_ws_header *h, unsigned code) {
  if (!h->fin) {
    return LAW_WS_FRAGMENTED_CONTROL;
  }
  return code > LAW_WS_CONTROL_MAX ? LAW_WS_LONG_CONTROL : LAW_WS_FINE;
}

/* What the first two bytes tell. */
static law_ws_fault head_fault(const law_ws_header *h, unsigned code) {
  if (h->reserved != 0) {
    return LAW_WS_RESERVED_BITS;
  }
  if (!known_opcode(h->opcode)) {
    return LAW_WS_RESERVED_OPCODE;
  }
  return law_ws_is_control(h->opcode) ? control_fault(h, code) : LAW_WS_FINE;
}

static law_ws_fault length_fault(const law_ws_header *h, unsigned code) {
  if (h->payload_len >> 63 != 0) {
    return LAW_WS_LENGTH_TOO_LARGE;
  }
  if ((code == 126 && h->payload_len < 126) || (code == 127 && h->payload_len <= UINT16_MAX)) {
    return LAW_WS_LENGTH_NOT_MINIMAL;
  }
  return LAW_WS_FINE;
}

law_status law_ws_decode(law_bytes in, law_ws_header *out, size_t *out_len, law_ws_fault *fault) {
  const uint8_t *p = in.data;
  if (in.len < 2) {
    *out_len = 2;
    return LAW_NEED_MORE;
  }
  unsigned code = p[1] & 0x7f;
  *out = (law_ws_header){.fin = (p[0] & 0x80) != 0,
                         .masked = (p[1] & 0x80) != 0,
                         .reserved = (p[0] >> 4) & 7,
                         .opcode = p[0] & 15,
                         .payload_len = code};
  *fault = head_fault(out, code);
  if (*fault != LAW_WS_FINE) {
    return LAW_PROTOCOL_ERROR;
  }
  size_t more = extended_len(code);
  *out_len = 2 + more + (out->masked ? 4 : 0);
  if (in.len < *out_len) {
    return LAW_NEED_MORE;
  }
  if (more > 0) {
    out->payload_len = load(p + 2, more);
  }
  if (out->masked) {
    memcpy(out->mask, p + 2 + more, 4);
  }
  *fault = length_fault(out, code);
  return *fault == LAW_WS_FINE ? LAW_OK : LAW_PROTOCOL_ERROR;
}

size_t law_ws_encode(const law_ws_header *h, uint8_t out[LAW_WS_HEADER_MAX]) {
  uint64_t len = h->payload_len;
  unsigned code = len < 126 ? (unsigned)len : len <= UINT16_MAX ? 126 : 127;
  size_t more = extended_len(code);
  out[0] = (uint8_t)((h->fin ? 0x80 : 0) | (h->reserved & 7) << 4 | (h->opcode & 15));
  out[1] = (uint8_t)((h->masked ? 0x80 : 0) | code);
  store(out + 2, more, len);
  if (h->masked) {
    memcpy(out + 2 + more, h->mask, 4);
  }
  return 2 + more + (h->masked ? 4 : 0);
}

void law_ws_mask(uint8_t *data, size_t len, const uint8_t mask[4], uint64_t at) {
  uint8_t turned[8];
  for (size_t i = 0; i < sizeof turned; i++) {
    turned[i] = mask[(at + i) & 3];
  }
  uint64_t wide, word;
  memcpy(&wide, turned, sizeof wide);
  for (; len >= sizeof word; data += sizeof word, len -= sizeof word) {
    memcpy(&word, data, sizeof word);
    word ^= wide;
    memcpy(data, &word, sizeof word);
  }
  for (size_t i = 0; i < len; i++) {
    data[i] ^= turned[i];
  }
}

const char *law_ws_fault_text(law_ws_fault fault) {
  static const char *const texts[] = {
      "nothing is wrong",
      "reserved bits are set",
      "the opcode is reserved",
      "a control frame is fragmented",
      "a control frame is longer than 125 bytes",
      "the length is not in its shortest form",
      "the length has its most significant bit set",
  };
  return texts[fault];
}
