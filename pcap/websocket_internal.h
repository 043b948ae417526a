/* websocket_internal.h: the state of a captured WebSocket. */
#ifndef LAW_PCAP_WEBSOCKET_INTERNAL_H
#define LAW_PCAP_WEBSOCKET_INTERNAL_H

#include "pcap/websocket.h"
#include "websocket/frame.h"

typedef enum law_websocket_state {
  LAW_WEBSOCKET_HTTP,
  LAW_WEBSOCKET_FRAMES,
  LAW_WEBSOCKET_OVER,
} law_websocket_state;

/* One direction, by end. */
typedef struct law_websocket_way {
  uint8_t *head; /* of HTTP, while it is not whole */
  size_t head_len;
  bool headed;

  bool seeking; /* where the next frame begins is not known */
  bool dead;    /* ... and can't be found: the length of one was wrong */
  bool unsure;  /* which frames came before is not known */
  bool closed;  /* it has sent a close frame */
  bool lost;    /* of |frame|, some payload; nothing came since */

  uint8_t header[LAW_WS_HEADER_MAX];
  size_t header_len;
  law_place header_at;
  law_ws_header frame;
  bool in_frame, in_message;
  uint8_t message_opcode;
  uint64_t seen; /* of the frame's payload */
  uint8_t control[2];
} law_websocket_way;

struct law_websocket {
  law_websocket_sink sink;
  law_websocket_state state;
  const char *unreadable;
  int client;
  law_websocket_way way[2];
  uint8_t *scratch; /* for unmasking */
  size_t scratch_len;
};

/* frames.c */
void law_websocket_frames(law_websocket *w, unsigned from, const law_place *place, law_bytes bytes);
void law_websocket_lose(law_websocket *w, unsigned from, const law_place *place,
                        uint64_t num_bytes);
void law_websocket_regain(law_websocket *w, unsigned from, uint64_t num_bytes);

#endif
