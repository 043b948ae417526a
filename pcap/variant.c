/* The version of a conversation whose beginning nobody saw. */
#include <string.h>

#include "pcap/talk_internal.h"

/* How many more messages one variant must have accepted than all others, before it is sure: a
 * wrong message may by chance be right in another. */
enum { SURE = 3 };

static unsigned count_variants(const law_protocol *p) {
  unsigned num = 0;
  while (p->variants && p->variants[num] && num < LAW_TALK_VARIANTS) {
    num++;
  }
  return num;
}

void law_talk_try_variants(law_talk *t) {
  unsigned num = count_variants(t->protocol);
  if (num <= 1) {
    t->version_known = true;
    return;
  }
  t->version_known = false;
  t->alive = (1u << num) - 1;
  for (unsigned v = 0; v < num; v++) {
    t->protocol->begin(t->protocol->variants[v], t->contexts[v]);
  }
}

static law_status decode(const law_talk *t, const void *context, law_side from, law_bytes wire) {
  uint64_t copy[LAW_MAX_CONTEXT_SIZE / 8], message[LAW_MAX_MESSAGE_SIZE / 8];
  law_violation v;
  memcpy(copy, context, sizeof copy);
  return t->protocol->decode(copy, from, wire, message, &v);
}

bool law_talk_decodes(const law_talk *t, law_side from, law_bytes wire) {
  if (t->version_known) {
    return decode(t, t->judge.context, from, wire) == LAW_OK;
  }
  for (unsigned v = 0; v < LAW_TALK_VARIANTS; v++) {
    if ((t->alive >> v & 1) != 0 && decode(t, t->contexts[v], from, wire) == LAW_OK) {
      return true;
    }
  }
  return false;
}

static unsigned accepting(const law_talk *t, const law_judged *judged) {
  unsigned accept = 0;
  for (unsigned v = 0; v < LAW_TALK_VARIANTS; v++) {
    if ((t->alive >> v & 1) != 0 &&
        decode(t, t->contexts[v], judged->from, judged->wire) == LAW_OK) {
      accept |= 1u << v;
    }
  }
  return accept;
}

/* The first variant of |set|. */
static unsigned first_of(unsigned set) {
  unsigned v = 0;
  while ((set >> v & 1) == 0) {
    v++;
  }
  return v;
}

/* The votes of the runner-up count against |v|. */
static bool is_sure(const law_talk *t, unsigned v) {
  uint32_t most = 0;
  for (unsigned o = 0; o < LAW_TALK_VARIANTS; o++) {
    most = o != v && t->votes[o] > most ? t->votes[o] : most;
  }
  return t->alive == 1u << v && t->votes[v] >= most + SURE;
}

law_status law_talk_vote(law_talk *t, const law_judged *judged) {
  unsigned accept = accepting(t, judged);
  if (accept == 0) {
    return judged->status == LAW_OK ? LAW_MALFORMED : judged->status;
  }
  t->alive = accept;
  for (unsigned v = 0; v < LAW_TALK_VARIANTS; v++) {
    t->votes[v] += accept >> v & 1;
  }
  unsigned first = first_of(accept);
  memcpy(t->judge.context, t->contexts[first], sizeof t->judge.context);
  t->version_known = is_sure(t, first);
  return LAW_OK;
}
