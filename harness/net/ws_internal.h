/* ws_internal.h: what ws.c and ws_upgrade.c share. */
#ifndef LAW_NET_WS_INTERNAL_H
#define LAW_NET_WS_INTERNAL_H

#include "net/ws.h"

enum { LAW_WS_NAME = 64 }; /* characters of a subprotocol */

struct law_ws {
  bool client;
  char *path;
  char subprotocol[LAW_WS_NAME]; /* what we ask for, or grant; "" for none */
  char agreed[LAW_WS_NAME];
  char key[LAW_WS_NONCE + 1]; /* the client's */
  uint8_t *head;              /* the handshake's bytes so far, then what came behind them */
  size_t head_len, head_used;
  uint32_t head_packet; /* the last one of the handshake */

  uint8_t header[LAW_WS_HEADER_MAX]; /* a header's first bytes, until its rest comes */
  size_t header_len;
  law_ws_header frame; /* the one that is being read, if |in_frame| */
  uint64_t seen;       /* bytes of its payload */
  bool in_frame;
  bool in_message; /* a data message is fragmented, and not at its end */
  uint8_t message_opcode;
  uint32_t num_frames; /* data frames that came in */
  uint8_t control[LAW_WS_CONTROL_MAX];
  size_t control_len;
  bool close_sent;
};

/* |cap| bytes that nobody can guess. */
void law_ws_random(uint8_t *out, size_t len);

#endif
