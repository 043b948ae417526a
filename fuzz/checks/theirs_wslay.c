/* wslay's reading of frame headers beside ours. */
#include <wslay/wslay.h>

#include "checks/require.h"
#include "checks/theirs.h"
#include "websocket/frame.h"

static ssize_t give(uint8_t *out, size_t len, int flags, void *user) {
  law_bytes *rest = user;
  (void)flags;
  len = len < rest->len ? len : rest->len;
  if (len == 0) {
    return -1;
  }
  memcpy(out, rest->data, len);
  *rest = law_bytes_of(rest->data + len, rest->len - len);
  return (ssize_t)len;
}

static ssize_t take(const uint8_t *data, size_t len, int flags, void *user) {
  (void)data;
  (void)flags;
  (void)user;
  return (ssize_t)len;
}

/* wslay leaves reserved bits and opcodes to the layer above it. */
static bool theirs_to_judge(law_ws_fault fault) {
  return fault != LAW_WS_RESERVED_BITS && fault != LAW_WS_RESERVED_OPCODE;
}

void fuzz_check_wslay(law_bytes frame) {
  static const struct wslay_frame_callbacks callbacks = {
      .send_callback = take, .recv_callback = give, .genmask_callback = NULL};
  struct wslay_frame_iocb theirs;
  wslay_frame_context_ptr context = NULL;
  law_bytes rest = frame;
  law_ws_header h;
  law_ws_fault fault = LAW_WS_FINE;
  size_t len = 0;
  FUZZ_REQUIRE(wslay_frame_context_init(&context, &callbacks, &rest) == 0);
  ssize_t got = wslay_frame_recv(context, &theirs);
  law_status ours = law_ws_decode(frame, &h, &len, &fault);
  /* Before the mask has come, it may object to the length already. */
  FUZZ_REQUIRE(ours != LAW_NEED_MORE || got < 0);
  FUZZ_REQUIRE(ours != LAW_OK || got >= 0 || got == WSLAY_ERR_WANT_READ);
  FUZZ_REQUIRE(ours != LAW_PROTOCOL_ERROR || !theirs_to_judge(fault) || got < 0);
  if (ours == LAW_OK && got >= 0) {
    FUZZ_REQUIRE(theirs.opcode == h.opcode && (theirs.fin != 0) == h.fin);
    FUZZ_REQUIRE((theirs.mask != 0) == h.masked && theirs.payload_length == h.payload_len);
  }
  wslay_frame_context_free(context);
}
