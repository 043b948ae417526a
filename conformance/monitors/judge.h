/* judge.h: the one place where a flow's bytes become messages and violations. The network, capture
 * reader, replay, campaign and fuzz targets all push through it, so live and capture agree. No
 * allocation and no I/O: all memory is the caller's. */
#ifndef LAW_MONITORS_JUDGE_H
#define LAW_MONITORS_JUDGE_H

#include "core/protocol.h"

/* All protocols this library speaks, NULL-terminated. The one list. */
extern const law_protocol *const law_protocols[];

/* By name or URL scheme; NULL when unknown. */
const law_protocol *law_protocol_find(const char *name);

/* One message, or the end of what can be read of one direction. */
typedef struct law_judged {
  law_side from;
  uint64_t now;
  law_status status; /* LAW_OK, or why not. LAW_LIMIT: longer than the judge's |max_len| */
  law_bytes wire;            /* the message; for an unframable stream, the bytes in hand */
  const void *message;       /* decoded, when LAW_OK */
  const law_type *type;      /* NULL when unassigned */
  const law_violation *decode; /* when not LAW_OK */
  const law_findings *findings; /* of the monitor, and the decoder's violation first; never NULL */
} law_judged;

/* A judged without message (|wire|.data is NULL) tells what a monitor found at a tick or at a
 * close. */

/* Called for each message while pushing; everything it points at lives until it returns. */
typedef void (*law_judge_sink)(void *user, const law_judged *judged);

typedef struct law_judge_direction {
  uint8_t *tail; /* a message's first part, until its rest comes */
  size_t cap, len, need;
  bool dead; /* framing was lost or the direction closed; later bytes are not judged */
} law_judge_direction;

/* Gives |direction| a tail of |need| bytes or more that still begins with its |len| bytes.
 * False: no memory, which makes the message LAW_LIMIT. */
typedef bool (*law_judge_grow)(void *user, law_judge_direction *direction, size_t need);

/* One flow. Zero it by law_judge_init. */
typedef struct law_judge {
  const law_protocol *protocol;
  void *monitor; /* connection state, or NULL: decode only */
  void *second;  /* another one, which judges the other side; NULL after law_judge_init */
  law_judge_sink sink;
  void *user;
  law_judge_grow grow; /* NULL: the tails stay as they are */
  size_t max_len;      /* the longest message that is judged, in whatever pieces it comes */
  law_judge_direction direction[2]; /* by law_side */
  uint64_t context[LAW_MAX_CONTEXT_SIZE / 8];
  /* LAW_MAX_MESSAGE_SIZE bytes to decode into, which many judges may share; NULL: |message|. */
  void *scratch;
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8];
} law_judge;

/* |monitor|: protocol->connection_size bytes, already given to connection_init, or NULL.
 * |tails|: two buffers of |cap| bytes each, for messages that come in pieces. A longer message
 * is LAW_LIMIT, and the last of its direction: where the next one begins is not known. A caller
 * that has memory to give sets |max_len| and |grow| afterwards, and may start with NULL tails of
 * no size; it may also keep the tail in which a message was delivered, by taking it out of the
 * direction (NULL, |cap| 0) while in the sink. */
void law_judge_init(law_judge *j, const law_protocol *protocol, void *monitor, uint8_t *tail_client,
                    uint8_t *tail_server, size_t cap, law_judge_sink sink, void *user);

/* Bytes that |from| sent, as they came. Whole messages are judged in place; only a message's
 * part is copied. */
void law_judge_push(law_judge *j, law_side from, uint64_t now, law_bytes bytes);

/* |from| sends nothing any more. A message it began stays in the tail, for who wants to know. */
void law_judge_closed(law_judge *j, law_side from, bool reset, uint64_t now);

/* Bytes are missing here. The next ones pushed must begin a message; one that was begun is
 * forgotten. */
void law_judge_gap(law_judge *j, law_side from);

/* Passes time on to the monitor; returns when it wants to be called next, UINT64_MAX for never. */
uint64_t law_judge_tick(law_judge *j, uint64_t now);

#endif
