/* Where messages begin again, after bytes that nobody has. A payload may look like a message, so
 * one that stands where a packet begins is believed sooner than one in its middle, and nothing is
 * judged before more have come. */
#include <string.h>

#include "pcap/talk_internal.h"

enum {
  AHEAD = 1 << 16,     /* how long a first message may be that is not whole yet */
  WHOLE_TO_END = 2,    /* messages in a row, from the middle of a packet to its end */
  WHOLE_THEN_PART = 3, /* the same, when the last one goes on in the next packet */
  WHOLE_ENOUGH = 16,   /* whatever comes after them */
};

typedef struct run {
  unsigned whole; /* messages in a row */
  bool to_end;    /* the last one ends where the bytes end */
  bool part;      /* the bytes after them begin another one */
} run;

static bool begins_one(const law_talk *t, law_bytes in, size_t need) {
  return in.len > 0 && need <= AHEAD && t->protocol->type_of(t->judge.context, in) != NULL;
}

static run run_from(const law_talk *t, law_side from, law_bytes in) {
  run r = {.whole = 0};
  while (in.len > 0) {
    size_t len = 0;
    law_violation v;
    law_status status = t->protocol->frame(t->judge.context, in, &len, &v);
    if (status == LAW_NEED_MORE) {
      r.part = begins_one(t, in, len);
      return r;
    }
    if (status != LAW_OK || !law_talk_decodes(t, from, law_bytes_of(in.data, len))) {
      return r;
    }
    in.data += len;
    in.len -= len;
    if (++r.whole == WHOLE_ENOUGH) {
      r.part = true;
      return r;
    }
  }
  r.to_end = true;
  return r;
}

static bool is_opening(law_talk *t, unsigned from, law_bytes bytes) {
  return !t->way[from].begun && t->client != (int)(1 - from) &&
         t->protocol->detect(bytes, LAW_CLIENT) == 100;
}

/* The conversation's own beginning: who is the client, where messages begin, and from its first
 * message on the version, are known. */
static void open(law_talk *t, unsigned from) {
  t->way[from].certain = true;
  t->client_by_type = (int)from;
  t->version_known = true;
}

size_t law_talk_seek(law_talk *t, unsigned from, law_bytes bytes) {
  law_side side = law_talk_side(t, from);
  if (is_opening(t, from, bytes)) {
    open(t, from);
    return 0;
  }
  run r = run_from(t, side, bytes);
  if (r.to_end || r.part) {
    return 0;
  }
  for (size_t at = 1; at < bytes.len; at++) {
    r = run_from(t, side, law_bytes_of(bytes.data + at, bytes.len - at));
    if ((r.to_end && r.whole >= WHOLE_TO_END) || (r.part && r.whole >= WHOLE_THEN_PART)) {
      return at;
    }
  }
  return SIZE_MAX;
}

bool law_talk_restarts(const law_talk *t, unsigned from, law_bytes bytes) {
  run r = run_from(t, law_talk_side(t, from), bytes);
  return r.whole > 0 && (r.to_end || r.part);
}
