/* Memory that grows with what is repeated. Each kind of exchange is repeated for a moment; where
 * the IUT's memory grows steadily, it is a candidate. What the IUT may keep is never repeated. */
#include <stdio.h>
#include <string.h>

#include "campaign/campaign.h"
#include "campaign/mask.h"

enum {
  ROUND = 300,       /* ms */
  NOISE = 48 * 1024, /* bytes in a round */
  SHARE = 2000,      /* ms of each time that the campaign stands still */
};

static void push(law_campaign *c, bool kept, law_bytes input) {
  law_soak_input in = {.kept = kept, .len = (uint16_t)input.len};
  if (c->soak.num == LAW_SOAK_WAITING || input.len == 0 || input.len > sizeof in.data) {
    return;
  }
  memcpy(in.data, input.data, input.len);
  size_t at = kept ? 0 : c->soak.num; /* there are few kinds of messages: they go first */
  memmove(&c->soak.waiting[at + 1], &c->soak.waiting[at], (c->soak.num - at) * sizeof in);
  c->soak.waiting[at] = in;
  c->soak.num++;
}

void law_soak_note(law_campaign *c, const law_lane *lane, const law_link *link) {
  if (lane->kind != LAW_LANE_ENDING || lane->read.num + !lane->read.whole == 0 ||
      lane->read.lasts || c->soak.stage != LAW_SOAK_OFF || link->num_due > 0) {
    return;
  }
  uint64_t key = law_key_mix(law_key_mix(7, lane->read.code << 16 | lane->read.broken),
                             link->answers << 1 | link->down);
  if (law_keys_add(&c->soak_keys, key)) {
    push(c, false, law_bytes_of(lane->input, lane->len));
  }
}

void law_soak_note_message(law_campaign *c, law_bytes message) {
  if (message.len > 3 && law_keys_add(&c->soak_keys, law_key_mix(9, message.data[0]))) {
    push(c, true, message);
  }
}

static uint64_t resident(const law_campaign *c) {
  law_usage now;
  return law_usage_of(c->pid, &now) ? now.resident : 0;
}

static uint64_t executed(const law_campaign *c) {
  return c->soak.now.kept ? c->counts.messages : c->counts.inputs;
}

static void next_round(law_campaign *c, uint64_t now) {
  c->soak.until = now + ROUND * LAW_MS;
  c->soak.before = executed(c);
  c->soak.resident = resident(c);
}

bool law_soak_begin(law_campaign *c) {
  if (c->soak.num == 0 || law_net_now() > c->checked_at + SHARE * LAW_MS || c->pid <= 0) {
    return false;
  }
  c->soak.now = c->soak.waiting[0];
  memmove(&c->soak.waiting[0], &c->soak.waiting[1], --c->soak.num * sizeof c->soak.waiting[0]);
  c->soak.stage = LAW_SOAK_WARM;
  c->soak.rounds = c->soak.steady = 0;
  c->soak.grown = c->soak.executed = 0;
  next_round(c, law_net_now());
  return true;
}

bool law_soak_uses(const law_campaign *c, law_lane_kind kind) {
  return c->soak.stage == LAW_SOAK_OFF ||
         kind == (c->soak.now.kept ? LAW_LANE_KEPT : LAW_LANE_ENDING);
}

/* The whole conversation: one message has an opening before it. */
static law_bytes conversation(law_campaign *c, uint8_t *out, size_t cap) {
  uint8_t opening[1024];
  law_persona p = law_persona_of(c, "fuz00");
  law_writer w = law_writer_of(out, cap);
  law_seq_record r = {.from = LAW_CLIENT, .event = LAW_SEQ_DATA};
  if (!c->soak.now.kept) {
    law_write_bytes(&w, law_bytes_of(c->soak.now.data, c->soak.now.len));
    return law_bytes_of(out, w.len);
  }
  r.data = law_bytes_of(opening, c->speaker->open(&p, opening, sizeof opening));
  law_seq_write(&w, &r);
  r.data = law_bytes_of(c->soak.now.data, c->soak.now.len);
  law_seq_write(&w, &r);
  return law_bytes_of(out, law_writer_ok(&w) ? w.len : 0);
}

static void tell(law_campaign *c) {
  char detail[LAW_CANDIDATE_TEXT];
  uint8_t room[2 * LAW_TURN / 64];
  uint64_t each = c->soak.grown / (c->soak.executed > 0 ? c->soak.executed : 1);
  (void)snprintf(detail, sizeof detail, "%s %llu", c->soak.now.kept ? "message" : "conversation",
                 (unsigned long long)each);
  law_bytes input = conversation(c, room, sizeof room);
  law_mask(room, input.len, c->options->password);
  c->soak.stage = LAW_SOAK_OFF;
  law_campaign_candidate(
      c, &(law_candidate){.kind = "growth",
                          .detail = detail,
                          .input = input});
}

static bool is_growth(const law_campaign *c, uint64_t grown, uint64_t times) {
  return grown >= NOISE && grown >= 4 * times && grown >= c->options->min_growth / LAW_SOAK_ROUNDS;
}

/* A suspicion takes some rounds; a proof, also that much more memory than noise would explain. */
static bool is_enough(const law_campaign *c) {
  uint64_t base = c->base.resident, sure = c->options->sure;
  uint64_t want = sure == 0 ? 0 : base > sure ? base : sure; /* as much again as all of it */
  want = want > c->options->min_growth ? want : c->options->min_growth;
  return c->soak.rounds >= LAW_SOAK_ROUNDS && c->soak.grown >= want;
}

static void tell_still(law_campaign *c) {
  c->soak.stage = LAW_SOAK_OFF;
  if (c->options->soak.len > 0) {
    law_campaign_candidate(c, &(law_candidate){.kind = "still"});
  }
}

void law_soak_step(law_campaign *c, uint64_t now) {
  uint64_t at = resident(c), times = executed(c) - c->soak.before;
  uint64_t grown = at > c->soak.resident ? at - c->soak.resident : 0;
  bool counts = c->soak.stage == LAW_SOAK_COUNT;
  c->soak.stage = LAW_SOAK_COUNT;
  c->soak.rounds += counts;
  if (counts && !is_growth(c, grown, times)) {
    tell_still(c);
    return;
  }
  if (counts) {
    c->soak.grown += grown;
    c->soak.executed += times;
  }
  if (is_enough(c)) {
    tell(c);
    return;
  }
  next_round(c, now);
}
