/* frame.h: RFC 6455 section 5: the header of a WebSocket frame, and masking. */
#ifndef LAW_WEBSOCKET_FRAME_H
#define LAW_WEBSOCKET_FRAME_H

#include "core/types.h"

enum law_ws_opcode {
  LAW_WS_CONTINUATION = 0,
  LAW_WS_TEXT = 1,
  LAW_WS_BINARY = 2,
  LAW_WS_CLOSE = 8,
  LAW_WS_PING = 9,
  LAW_WS_PONG = 10,
};

/* Status codes of a close frame, 7.4.1. */
enum law_ws_status {
  LAW_WS_NORMAL = 1000,
  LAW_WS_WRONG = 1002, /* protocol error */
};

enum {
  LAW_WS_HEADER_MAX = 14,
  LAW_WS_CONTROL_MAX = 125, /* bytes of a control frame's payload, 5.5 */
};

/* What is wrong with a header, 5.2 and 5.5. */
typedef enum law_ws_fault {
  LAW_WS_FINE,
  LAW_WS_RESERVED_BITS, /* set without an extension that was agreed on */
  LAW_WS_RESERVED_OPCODE,
  LAW_WS_FRAGMENTED_CONTROL,
  LAW_WS_LONG_CONTROL,
  LAW_WS_LENGTH_NOT_MINIMAL,
  LAW_WS_LENGTH_TOO_LARGE, /* its most significant bit is set */
} law_ws_fault;

typedef struct law_ws_header {
  bool fin;
  bool masked;
  uint8_t reserved; /* RSV1 to RSV3, as bits 2 to 0 */
  uint8_t opcode;
  uint8_t mask[4];
  uint64_t payload_len;
} law_ws_header;

/* Reads the header that |in| begins with. LAW_OK: |*out_len| is its length. LAW_NEED_MORE: how
 * many bytes it will have at least. LAW_PROTOCOL_ERROR: |*fault| says what is wrong. */
law_status law_ws_decode(law_bytes in, law_ws_header *out, size_t *out_len, law_ws_fault *fault);

/* Writes the header exactly as |h| says, its length in the shortest form; returns its size. */
size_t law_ws_encode(const law_ws_header *h, uint8_t out[LAW_WS_HEADER_MAX]);

/* Masks or unmasks, 5.3. |data| begins |at| bytes into the payload. */
void law_ws_mask(uint8_t *data, size_t len, const uint8_t mask[4], uint64_t at);

LAW_INLINE bool law_ws_is_control(uint8_t opcode) { return (opcode & 8) != 0; }

/* "reserved bits are set" ... */
const char *law_ws_fault_text(law_ws_fault fault);

#endif
