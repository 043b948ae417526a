/* websocket.h: what a WebSocket carries, from the bytes of its TCP connection: the upgrade of HTTP
 * (RFC 6455 section 4), frames unmasked and put together (section 5), in both directions.
 *
 * What the frames themselves break of RFC 6455 is told; what the capture lacks is not held against
 * them. */
#ifndef LAW_PCAP_WEBSOCKET_H
#define LAW_PCAP_WEBSOCKET_H

#include "pcap/spots.h"

enum { LAW_WEBSOCKET_HEAD = 16384 }; /* bytes of an HTTP head; in longer ones no upgrade is seen */

typedef struct law_websocket_sink {
  void *user;
  /* Payload of binary frames; the bytes that were masked stand at |place|. */
  void (*data)(void *user, unsigned from, const law_place *place, law_bytes bytes);
  /* |num_bytes| of such payload are missing; 0: nobody knows how many. */
  void (*missing)(void *user, unsigned from, const law_place *place, uint64_t num_bytes);
  /* The last |num_bytes| that were told as missing come next after all. */
  void (*late)(void *user, unsigned from, uint64_t num_bytes);
  /* |at| |place| stands a byte of a frame that breaks |requirement|; |offset| is its place in the
   * frame. */
  void (*broken)(void *user, unsigned from, law_requirement requirement, uint32_t offset,
                 const law_place *place);
  /* A text frame began where binary ones are asked for. Its payload is not told. */
  void (*text)(void *user, unsigned from, const law_place *place);
} law_websocket_sink;

typedef struct law_websocket law_websocket;

/* |upgraded|: the upgrade is over, or was not captured. NULL: no memory. */
law_websocket *law_websocket_new(const law_websocket_sink *sink, bool upgraded);
void law_websocket_free(law_websocket *w);

void law_websocket_push(law_websocket *w, unsigned from, const law_place *place, law_bytes bytes);
void law_websocket_missing(law_websocket *w, unsigned from, const law_place *place,
                           uint64_t num_bytes);

/* The last |num_bytes| that were told as missing come next after all. */
void law_websocket_late(law_websocket *w, unsigned from, uint64_t num_bytes);

/* Both sides agreed on the upgrade, or frames were found. */
bool law_websocket_open(const law_websocket *w);
/* Which end is the client; -1 while nobody knows. */
int law_websocket_client(const law_websocket *w);
/* NULL, or one clear sentence, without a full stop, why what comes can't be read. Lives for ever. */
const char *law_websocket_unreadable(const law_websocket *w);

/* |head|, the first bytes of one side, begin an HTTP/1.1 message. */
bool law_http_detect(law_bytes head);
/* |bytes| are whole frames, one after the other, the first of them data in binary. |*out_masked|:
 * a client sent them. */
bool law_websocket_detect(law_bytes bytes, bool *out_masked);

#endif
