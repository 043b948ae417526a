/* web.h: the HTTP heads and WebSocket frames around what a capture's anonymiser knows: which of
 * their bytes stay, and what becomes of the others. */
#ifndef LAW_PCAP_WEB_H
#define LAW_PCAP_WEB_H

#include "pcap/alias.h"
#include "pcap/cover.h"
#include "websocket/frame.h"

enum { LAW_WEB_HEAD = 16384 };

typedef enum law_web_state {
  LAW_WEB_START,
  LAW_WEB_HEADING,
  LAW_WEB_FRAMES,
  LAW_WEB_NONE, /* no HTTP, or it can't be followed any more */
} law_web_state;

/* One direction. Zeroed: nothing came. */
typedef struct law_web {
  law_web_state state;
  int64_t place; /* of the head, or of the control frame's payload */
  uint8_t *head;
  size_t head_len;
  uint8_t header[LAW_WS_HEADER_MAX];
  size_t header_len;
  law_ws_header frame;
  uint64_t seen; /* bytes of its payload */
  bool in_frame;
  uint8_t control[LAW_WS_CONTROL_MAX];
} law_web;

void law_web_free(law_web *w);
/* Frames come without a head. */
void law_web_upgraded(law_web *w);
/* |bytes| in a row at |place| of the stream. Payload of data frames is scrubbed: who knows more of
 * it sets it afterwards. */
void law_web_push(law_web *w, law_alias *a, law_cover *cover, int64_t place, law_bytes bytes);
/* Bytes are missing here. */
void law_web_lost(law_web *w);

#endif
