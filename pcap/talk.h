/* talk.h: one conversation of one protocol, as a capture has it: whole, from its middle, or with
 * holes. It goes through the judge; what the capture lacks is never held against who sent it.
 *
 * - Bytes missing inside a message whose length is known are passed over exactly. Otherwise the
 *   next message is sought: bytes that decode strictly, whole messages in a row. Until three of
 *   them came and one ended where a segment ended, nothing is judged.
 * - When the conversation's beginning is missing, so may be what says its version: every variant
 *   of the protocol is tried; a message is wrong when it is wrong in all of them. What monitors
 *   know begins when one variant is left.
 * - Who is the client is told, or found by what only one side may send.
 *
 * Both sides are judged, each by a monitor of its own. */
#ifndef LAW_PCAP_TALK_H
#define LAW_PCAP_TALK_H

#include "monitors/judge.h"
#include "pcap/spots.h"

enum {
  LAW_TALK_MAX_MESSAGE = 16 << 20, /* longer ones are passed over */
  LAW_TALK_TAILS = 64 << 20,       /* bytes of all unfinished messages together */
};

/* What is told of a conversation. */
typedef enum law_told_kind {
  LAW_TOLD_MESSAGE, /* with what is wrong with it */
  LAW_TOLD_FOUND,   /* a violation without a message: something did not come in time */
  LAW_TOLD_CUT,     /* a message of which the capture lacks a part */
  LAW_TOLD_LONG,    /* a message longer than LAW_TALK_MAX_MESSAGE, or there was no memory for it */
} law_told_kind;

/* Everything lives until the sink returns. */
typedef struct law_told {
  law_told_kind kind;
  const char *name;             /* of the protocol */
  const law_protocol *protocol; /* NULL: a transport's own rules are broken */
  const void *context;          /* of the decoder */
  unsigned from;                /* which end sent it; of FOUND: which end broke the rule */
  int side;                     /* law_side of |from|; -1: not known */
  uint64_t time;                /* ns since 1970, when its last byte was captured */
  law_status status;
  law_bytes wire;       /* of CUT: the part that there is */
  const law_type *type; /* NULL: unassigned, or no message */
  const law_violation *violations;
  size_t num_violations;
  bool unsure;            /* framing or version are guessed: not judged */
  const law_spots *spots; /* where its bytes stand; NULL: all at |place| */
  law_place place;        /* of its first byte */
  law_place last;         /* of the packet that ended it */
} law_told;

/* Where the byte at |offset| of it stands. */
law_place law_told_place(const law_told *told, uint32_t offset);

/* What is the same for all conversations of a capture. */
typedef struct law_talk_env {
  void *user;
  /* |flow| is the talk's. */
  void (*told)(void *user, void *flow, const law_told *told);
  /* A message of which nothing is to be said but that it came. NULL: |told| is told of these, too. */
  void (*fine)(void *user, void *flow, const law_protocol *protocol, const law_type *type,
               law_bytes wire);
  /* |num_bytes| of the flow are not judged. |why| lives for ever. */
  void (*skipped)(void *user, void *flow, unsigned from, const char *why, uint64_t num_bytes);
  size_t tails; /* bytes in use; zero it */
  uint64_t message[LAW_MAX_MESSAGE_SIZE / 8]; /* the one that is being judged */
} law_talk_env;

typedef struct law_talk law_talk;

/* Fetches |len| bytes into the cache, without waiting for them. */
LAW_INLINE void law_fetch(const void *memory, size_t len) {
  for (size_t at = 0; at < len; at += 64) {
    __builtin_prefetch((const uint8_t *)memory + at, 1);
  }
}

/* |client|: 0 or 1, the end that is the client; -1 when that is not known. |server_hint|: the end
 * that is the server if nothing says otherwise; -1: none. |variant|: NULL, or which one it
 * certainly is. |whole|: it begins here, in both directions; |begins|: by end, whether that
 * direction does. |world|: of the judged server, or
 * NULL; lives as long as the talk. |judged|: bit mask of law_side, whose messages are judged. NULL:
 * no memory. */
typedef struct law_talk_start {
  const law_protocol *protocol;
  int client, server_hint;
  const char *variant;
  bool whole, begins[2];
  void *world;
  unsigned judged;
} law_talk_start;

law_talk *law_talk_new(law_talk_env *env, void *flow, const law_talk_start *start);
void law_talk_free(law_talk *t);

/* As law_stream_soon; two stages. */
void law_talk_soon(const law_talk *t, unsigned stage);
void law_talk_push(law_talk *t, unsigned from, const law_place *place, law_bytes bytes);
/* |num_bytes| 0: nobody knows how many. */
void law_talk_missing(law_talk *t, unsigned from, const law_place *place, uint64_t num_bytes);
/* The last |num_bytes| that were told as missing come next after all. */
void law_talk_late(law_talk *t, unsigned from, uint64_t num_bytes);
void law_talk_ended(law_talk *t, unsigned from, bool reset, uint64_t time);
/* The capture says no more of it: what was begun is cut short. */
void law_talk_finish(law_talk *t, uint64_t time);
const law_protocol *law_talk_protocol(const law_talk *t);
/* What the decoder knows. */
const void *law_talk_context(const law_talk *t);
/* Which variant of the protocol it is; NULL when that is not known, or there is only one. */
const char *law_talk_variant(const law_talk *t);
/* Messages that came so far, those that are unsure too. */
uint64_t law_talk_num(const law_talk *t);

#endif
