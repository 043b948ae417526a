/* ws.h: a connection's WebSocket (RFC 6455): the opening handshake, and frames. */
#ifndef LAW_NET_WS_H
#define LAW_NET_WS_H

#include "net/io.h"
#include "net/net.h"
#include "websocket/frame.h"

typedef struct law_conn law_conn;
typedef struct law_ws law_ws;

enum {
  LAW_WS_NONCE = 24,  /* characters of a key: 16 bytes in base64 */
  LAW_WS_ACCEPT = 28, /* of the answer to it: 20 bytes in base64 */
  LAW_WS_HEAD_MAX = 16 * 1024,
};

/* |e| gives path and subprotocol. NULL: no memory. */
law_ws *law_ws_new(const law_endpoint *e, bool client);
void law_ws_free(law_ws *w);

/* The client's first step. False: the connection is broken. */
bool law_ws_ask(law_conn *c);
/* Takes bytes of the handshake; OK when it is done, AGAIN, or ERROR (law_net.why). Bytes after the
 * handshake are kept for law_ws_left. */
law_io law_ws_upgrade(law_conn *c, law_bytes bytes, uint32_t packet);
/* Bytes that came right behind the handshake, and their packet; empty when there are none (any
 * more). */
law_bytes law_ws_left(law_ws *w, uint32_t *out_packet);
/* law_ws_left has something. */
bool law_ws_pending(const law_ws *w);

/* Bytes of frames: unmasked in place, data goes to the judge, control frames are answered.
 * OK; FIN after a close frame; ERROR (law_net.why) when the other side broke RFC 6455. */
law_io law_ws_input(law_conn *c, uint8_t *data, size_t len);

/* Sends one frame, masked when we are the client. False: the connection is broken. */
bool law_ws_send(law_conn *c, uint8_t opcode, bool fin, law_bytes payload, uint32_t *out_packet);
/* Sends a close frame, once. */
void law_ws_close(law_conn *c, uint16_t status);

/* How many data frames have begun to come in. */
uint32_t law_ws_num_frames(const law_ws *w);

/* What both sides agreed on; "" for none. */
const char *law_ws_subprotocol(const law_ws *w);

/* The answer to a key, 4.2.2: |out| has LAW_WS_ACCEPT + 1 characters. */
void law_ws_accept_key(const char *key, char *out);

#endif
