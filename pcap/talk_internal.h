/* talk_internal.h: the state of a talk, for the files that it is made of. */
#ifndef LAW_PCAP_TALK_INTERNAL_H
#define LAW_PCAP_TALK_INTERNAL_H

#include "pcap/talk.h"

enum { LAW_TALK_VARIANTS = 4, LAW_TALK_CERTAIN = 3 };

/* One direction, by end. */
typedef struct law_talk_way {
  bool seeking; /* where the next message begins is not known */
  bool certain; /* where messages begin is known for sure */
  bool failed;  /* what was taken for a message was none */
  bool aligned; /* since the search a message ended where a packet's bytes ended */
  bool cut;     /* the next datagram is not whole */
  bool ended;
  bool begun;      /* messages have come */
  uint32_t valid;  /* whole messages since the search */
  uint64_t skip;   /* bytes that are left of a message that is passed over */
  size_t too_long; /* the whole length of a message that the judge gave up; 0: none */
} law_talk_way;

/* What every message needs comes first, so that it lies close together. */
struct law_talk {
  void *monitors[2]; /* by judged side */
  law_talk_env *env;
  void *flow;
  const law_protocol *protocol;
  int client;         /* the end; -1: not known */
  int client_by_type; /* what the messages say; -1: nothing yet */
  bool whole, attached;
  bool at_port; /* one end is a port of the protocol, or somebody said which one it is */
  bool version_known, version_told; /* told: from outside */
  unsigned judged;
  uint64_t next_tick[2]; /* by judged side */
  uint64_t now, num;

  /* What is being pushed. */
  const law_place *place;
  law_bytes chunk;
  size_t tail_before;
  bool delivered; /* a message ended in it */

  law_talk_way way[2];
  law_judge judge; /* its message, which is not used, and all below are seldom needed */
  law_spots spots[2]; /* of the unfinished messages, by end */
  void *world;
  unsigned alive; /* variants that are possible still; while the version is not known */
  uint32_t votes[LAW_TALK_VARIANTS];
  uint64_t contexts[LAW_TALK_VARIANTS][LAW_MAX_CONTEXT_SIZE / 8];
};

LAW_INLINE law_side law_talk_side(const law_talk *t, unsigned end) {
  unsigned client = t->client < 0 ? 0u : (unsigned)t->client;
  return end == client ? LAW_CLIENT : LAW_SERVER;
}

LAW_INLINE unsigned law_talk_end(const law_talk *t, law_side side) {
  unsigned client = t->client < 0 ? 0u : (unsigned)t->client;
  return side == LAW_CLIENT ? client : 1 - client;
}

/* variant.c */

/* Every variant is possible. */
void law_talk_try_variants(law_talk *t);
/* |judged| in all variants that are possible: what was found, or LAW_OK when one accepts it. Says
 * which one the conversation certainly is, as soon as it is only one. */
law_status law_talk_vote(law_talk *t, const law_judged *judged);
/* Whether |wire| decodes, in any variant that is possible. Learns nothing. */
bool law_talk_decodes(const law_talk *t, law_side from, law_bytes wire);

/* seek.c */

/* Where in |bytes|, the next of |from|, a message surely begins; SIZE_MAX: nowhere. */
size_t law_talk_seek(law_talk *t, unsigned from, law_bytes bytes);
/* Whether whole messages begin with |bytes|, which a packet begins with. */
bool law_talk_restarts(const law_talk *t, unsigned from, law_bytes bytes);

#endif
