/* stream.h: what one flow carries. By its first bytes, of both directions: TLS or DTLS, an HTTP
 * upgrade and WebSocket frames, a protocol of law_protocols[]; what comes out of a transport is
 * looked at in the same way. Ports break ties only, unless the user names them.
 *
 * What can't be judged is told by name, never passed over. */
#ifndef LAW_PCAP_STREAM_H
#define LAW_PCAP_STREAM_H

#include "pcap/secrets.h"
#include "pcap/talk.h"

enum { LAW_STREAM_LEARNT = 64 };

/* Flows with this port are |protocol|, and |variant| where it is not NULL. */
typedef struct law_decode_as {
  uint16_t port;
  const law_protocol *protocol;
  const char *variant;
} law_decode_as;

/* What is known of a flow from outside: from the capture of a run of our own. Zeroed: nothing. */
typedef struct law_stream_known {
  const law_protocol *protocol; /* NULL: look */
  const char *variant;
  bool websocket;
  void *world;     /* of its server */
  unsigned judged; /* bit mask of law_side; 0: both */
} law_stream_known;

typedef struct law_stream_env {
  law_talk_env talk;
  const law_pcap_secrets *secrets;
  const law_decode_as *as;
  size_t num_as;
  const char *variant; /* of conversations that do not say theirs; NULL: look */
  /* The world of the server at |server|; NULL: none. */
  void *(*world)(void *user, const law_protocol *protocol, const law_endpoint *server);

  /* Ports at which something was for sure. */
  struct {
    uint16_t port;
    const law_protocol *protocol;
  } learnt[LAW_STREAM_LEARNT];
  size_t num_learnt;
} law_stream_env;

typedef struct law_stream law_stream;

/* |owner| is handed to the env's callbacks. |flow| lives as long as the stream. NULL: no memory. */
law_stream *law_stream_new(law_stream_env *env, void *owner, const law_flow *flow,
                           const law_stream_known *known);
void law_stream_free(law_stream *s);

/* Bytes of it come soon: fetches memory. As law_listener.soon. */
void law_stream_soon(const law_stream *s, unsigned stage);
void law_stream_push(law_stream *s, unsigned from, const law_place *place, law_bytes bytes);
/* |num_bytes| 0: nobody knows how many; the capture begins here when |start|. */
void law_stream_missing(law_stream *s, unsigned from, const law_place *place, uint64_t num_bytes,
                        bool start);
/* The last |num_bytes| that were told as missing come next after all. */
void law_stream_late(law_stream *s, unsigned from, uint64_t num_bytes);
void law_stream_ended(law_stream *s, unsigned from, bool reset, uint64_t time);

/* The capture says no more of it. */
void law_stream_finish(law_stream *s, uint64_t time);
/* After that: NULL when it was judged, else why not: one sentence without a full stop. Lives as
 * long as the stream. */
const char *law_stream_unjudged(const law_stream *s);
/* The conversation that was found in it, or NULL. */
const law_talk *law_stream_talk(const law_stream *s);
/* "tcp", "tls", "ws", "wss", "udp", "dtls" */
const char *law_stream_transport(const law_stream *s);

#endif
