#include "websocket/frame.h"

#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"

/* Fewer bytes: more are asked for, never more than there are in the whole, or the same fault. */
static void check_cuts(law_bytes frame, law_status whole, size_t whole_len, law_ws_fault fault) {
  law_ws_header h;
  for (size_t i = 0; i < frame.len && i < LAW_WS_HEADER_MAX; i++) {
    size_t len = 0;
    law_ws_fault f = LAW_WS_FINE;
    law_status status = law_ws_decode(law_bytes_of(frame.data, i), &h, &len, &f);
    FUZZ_REQUIRE(status != LAW_NEED_MORE || (len > i && len <= LAW_WS_HEADER_MAX));
    FUZZ_REQUIRE(status != LAW_OK || (whole == LAW_OK && len == whole_len));
    FUZZ_REQUIRE(status != LAW_PROTOCOL_ERROR || (whole == LAW_PROTOCOL_ERROR && f == fault));
  }
}

static void check_encoded(const law_ws_header *h, law_bytes header) {
  uint8_t out[LAW_WS_HEADER_MAX];
  FUZZ_REQUIRE(law_ws_encode(h, out) == header.len);
  FUZZ_REQUIRE(memcmp(out, header.data, header.len) == 0);
}

/* Byte by byte as section 5.3 says it; then back. */
static void check_mask(law_bytes payload, const uint8_t mask[4], uint64_t at) {
  uint8_t *room = malloc(payload.len > 0 ? payload.len : 1);
  size_t half = payload.len / 2;
  FUZZ_REQUIRE(room != NULL);
  if (payload.len > 0) {
    memcpy(room, payload.data, payload.len);
  }
  law_ws_mask(room, half, mask, at);
  law_ws_mask(room + half, payload.len - half, mask, at + half);
  for (size_t i = 0; i < payload.len; i++) {
    FUZZ_REQUIRE(room[i] == (payload.data[i] ^ mask[(at + i) % 4]));
  }
  law_ws_mask(room, payload.len, mask, at);
  FUZZ_REQUIRE(payload.len == 0 || memcmp(room, payload.data, payload.len) == 0);
  free(room);
}

void fuzz_check_websocket(law_bytes frame) {
  law_ws_header h;
  size_t len = 0;
  law_ws_fault fault = LAW_WS_FINE;
  static const uint8_t any_mask[4] = {0x37, 0xfa, 0x21, 0x3d}; /* of section 5.7 */
  law_status status = law_ws_decode(frame, &h, &len, &fault);
  check_cuts(frame, status, len, fault);
  FUZZ_REQUIRE((status == LAW_PROTOCOL_ERROR) == (fault != LAW_WS_FINE));
  FUZZ_REQUIRE(law_ws_fault_text(fault) != NULL);
  if (status == LAW_OK) {
    FUZZ_REQUIRE(len <= frame.len);
    check_encoded(&h, law_bytes_of(frame.data, len));
    check_mask(law_bytes_of(frame.data + len, frame.len - len), h.masked ? h.mask : any_mask,
               h.payload_len);
  }
}
