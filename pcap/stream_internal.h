/* stream_internal.h: the state of a stream, for the files that it is made of. */
#ifndef LAW_PCAP_STREAM_INTERNAL_H
#define LAW_PCAP_STREAM_INTERNAL_H

#include "pcap/dtls.h"
#include "pcap/stream.h"
#include "pcap/websocket.h"

enum {
  LAW_HELD_MAX = 16384, /* bytes that are kept until it is known what they are */
  LAW_HEAD_MAX = 2048,  /* of them, the first of each end are looked at */
};

/* What came while it was not known what it is: bytes, or (|len| 0) that some are missing. */
typedef struct law_held {
  struct law_held *next;
  unsigned from;
  law_place place;
  uint64_t missing;
  bool start;
  size_t len;
  uint8_t data[];
} law_held;

typedef enum law_layer {
  LAW_LAYER_UNDECIDED,
  LAW_LAYER_TALK,
  LAW_LAYER_TLS,
  LAW_LAYER_DTLS,
  LAW_LAYER_WEBSOCKET,
  LAW_LAYER_NONE,
} law_layer;

/* What all bytes need comes first, so that it lies close together. */
struct law_stream {
  law_talk *talk;
  law_layer layer;
  int client; /* the end; -1: not known */
  uint64_t bytes;
  law_place now; /* of what is being pushed */
  bool whole;
  bool late[2]; /* that direction begins before the capture, or after a hole */

  law_stream_env *env;
  void *owner;
  const law_flow *flow;
  law_stream_known known;
  const law_stream *around; /* the transport it comes out of; NULL: TCP or UDP */
  law_held *held, **held_end;
  size_t held_len;
  law_pcap_tls *tls;
  law_pcap_dtls *dtls;
  law_websocket *websocket;
  law_stream *inside;
  char *why; /* a copy of a transport's reason */
  const char *unjudged;
};

/* What to do with a stream whose first bytes are known. */
typedef struct law_decision {
  law_layer layer; /* UNDECIDED: more bytes are needed */
  const law_protocol *protocol;
  const char *variant;
  int client;      /* what the bytes say; -1: nothing */
  bool guessed;    /* by the port alone: the bytes may be something else */
  bool upgraded;   /* WebSocket frames without their upgrade */
  const char *why; /* of NONE */
} law_decision;

/* decide.c. |heads|: the first bytes of each end, as far as they came. |final|: no more will. */
law_decision law_stream_decide(const law_stream *s, const law_bytes heads[2], bool final);
/* What was sure at a port counts as a hint for those that come after. */
void law_stream_learn(law_stream *s, const law_protocol *protocol, int client);
/* Which end the ports say is the server of |protocol|; -1: neither, or both. */
int law_stream_server_hint(const law_stream *s, const law_protocol *protocol);

#endif
