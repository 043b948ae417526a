/* Lanes that keep their connection: many messages that end nothing, packed behind one ping. */
#include <string.h>

#include "campaign/campaign.h"
#include "mutators/random.h"

/* An IUT may hold its answers back for a while until the first is acknowledged (Nagle's algorithm), so
 * that smaller batches take it no less time. */
enum { BATCHES = 32, TRIES = 8, FAST = 60, SLOW = 150 /* ms */, LEAST = 16, RENEW = 64 };

/* A soak keeps its connection: what it holds grows with it. */
static bool is_open(const law_campaign *c, const law_lane *lane) {
  const law_link *link = lane->links[0];
  return link != NULL && !link->down && !link->ended && link->opened == 1 &&
         (lane->num_batches < BATCHES || c->soak.stage == LAW_SOAK_COUNT);
}

static void open_link(law_campaign *c, law_lane *lane) {
  law_lane_abort(c, lane);
  lane->links[0] = law_pool_take(c);
  lane->num_batches = 0;
  lane->busy = lane->links[0] != NULL;
  if (lane->busy) {
    lane->links[0]->lane = lane;
    lane->waiting = lane->links[0];
    lane->deadline = law_net_now() + 2 * LAW_S;
    lane->sent_at = 0;
    c->counts.sessions++;
  }
}

static void say_hello(law_campaign *c, law_lane *lane) {
  law_persona p = law_persona_of(c, lane->name);
  size_t len = c->speaker->open(&p, c->turn, LAW_TURN);
  lane->group = ++c->next_group;
  lane->sent_at = law_net_now();
  (void)law_link_read(c, lane->links[0], law_bytes_of(c->turn, len));
  (void)law_link_send(c, lane->links[0], lane->group, law_bytes_of(c->turn, len));
}

/* Pings are always good, and say little. */
static bool is_worth(law_campaign *c, const uint8_t *message) {
  bool ping = c->speaker->protocol->code_of(law_bytes_of(message, 1)) == c->speaker->ping_code;
  return !ping || law_random_below(&c->random, 32) == 0;
}

/* One message of the tables that the connection survives. Its length; 0: none was found. */
static size_t make_message(law_campaign *c, law_link *link, uint8_t *out, uint32_t *used) {
  const law_protocol *p = c->speaker->protocol;
  law_violation v;
  for (int tries = 0; tries < TRIES; tries++) {
    size_t len = law_mutate_generate(&c->mutator, out, 512, law_random(&c->random)), framed = 0;
    uint32_t before = *used;
    if (len > 0 && is_worth(c, out) &&
        p->frame(link->context, law_bytes_of(out, len), &framed, &v) == LAW_OK && framed == len &&
        p->decode(link->context, LAW_CLIENT, law_bytes_of(out, len), c->scratch, &v) == LAW_OK &&
        c->speaker->keeps(&link->limits, c->scratch, used)) {
      law_soak_note_message(c, law_bytes_of(out, len));
      return len;
    }
    *used = before;
  }
  return 0;
}

static uint8_t num_pings(const law_campaign *c, const uint8_t *message) {
  return c->speaker->protocol->code_of(law_bytes_of(message, 1)) == c->speaker->ping_code;
}

static void note_drawn(law_lane *lane, uint32_t at) {
  if (lane->num_drawn < LAW_STOCK_SMALL) {
    lane->drawn[lane->num_drawn++] = (uint16_t)at;
  }
}

/* One message: a new one where there is none in stock, and now and then; else one of those. */
static size_t any_message(law_campaign *c, law_lane *lane, uint8_t *out, uint32_t *used) {
  law_link *link = lane->links[0];
  uint32_t at = law_random_below(&c->random, LAW_STOCK), before = *used;
  law_stocked *one = &c->stock[at];
  size_t len = 0;
  if (one->len == 0 || law_random_below(&c->random, RENEW) == 0) {
    len = make_message(c, link, out, used);
    if (len > 0 && len <= LAW_STOCK_BYTES) {
      *one = (law_stocked){(uint8_t)len, (uint8_t)(*used - before), num_pings(c, out), {0}};
      memcpy(one->data, out, len);
    }
  } else if (*used + one->used <= link->limits.window) {
    len = one->len;
    memcpy(out, one->data, len);
    *used += one->used;
  }
  if (len > 0) {
    note_drawn(lane, at);
    link->num_due += num_pings(c, out);
  }
  return len;
}

static size_t soaked_message(law_campaign *c, law_lane *lane, uint8_t *out) {
  memcpy(out, c->soak.now.data, c->soak.now.len);
  lane->links[0]->num_due += num_pings(c, out);
  return c->soak.now.len;
}

/* What ended the connection is among few: they go. */
static void blame(law_campaign *c, law_lane *lane) {
  if (lane->batch <= LAW_STOCK_SMALL) {
    for (uint32_t i = 0; i < lane->num_drawn; i++) {
      c->stock[lane->drawn[i]].len = 0;
    }
  }
  lane->batch = lane->batch > LEAST ? lane->batch / 2 : LEAST; /* the rest of it was lost */
}

static size_t fill(law_campaign *c, law_lane *lane) {
  law_link *link = lane->links[0];
  bool soak = c->soak.stage != LAW_SOAK_OFF; /* flows stay as they are, and what they hold */
  size_t len = soak ? 0 : link->replies_len;
  uint32_t used = 0, num = 0;
  memcpy(c->turn, link->replies, len);
  link->replies_len = 0;
  lane->num_drawn = 0;
  for (; num < lane->batch && len + 1024 < LAW_TURN; num++) {
    size_t one = soak ? soaked_message(c, lane, c->turn + len)
                      : any_message(c, lane, c->turn + len, &used);
    len += one;
    c->counts.messages += one > 0;
  }
  memcpy(c->turn + len, c->speaker->ping.data, c->speaker->ping.len);
  link->num_due++;
  return len + c->speaker->ping.len;
}

static void send_batch(law_campaign *c, law_lane *lane) {
  law_link *link = lane->links[0];
  lane->state = law_net_state(c->net, link->handle);
  link->answers = 0;
  link->broken = LAW_R_NONE;
  size_t len = fill(c, lane);
  lane->read = (law_read){.num = lane->batch, .whole = true};
  lane->num_batches++;
  lane->sent_at = law_net_now();
  lane->deadline = lane->sent_at + 10 * LAW_S;
  (void)law_link_send(c, link, lane->group, law_bytes_of(c->turn, len));
}

/* As many messages as take a few ms: less costs throughput, more makes others wait. */
static void size_batch(law_lane *lane, uint64_t took) {
  if (took < FAST * LAW_MS && lane->batch < LAW_MAX_BATCH) {
    lane->batch *= 2;
  } else if (took > SLOW * LAW_MS && lane->batch > LEAST) {
    lane->batch /= 2;
  }
}

void law_kept_start(law_campaign *c, law_lane *lane) {
  lane->batch = lane->batch > 0 ? lane->batch : 64;
  if (!is_open(c, lane)) {
    open_link(c, lane);
    return;
  }
  lane->busy = true;
  lane->waiting = lane->links[0];
  send_batch(c, lane);
}

static void end_batch(law_campaign *c, law_lane *lane, uint64_t now) {
  law_lane_learn(c, lane, lane->links[0]);
  size_batch(lane, now - lane->sent_at);
  c->counts.batches++;
  lane->busy = false;
  lane->novel = false;
}

void law_kept_step(law_campaign *c, law_lane *lane, uint64_t now) {
  law_link *link = lane->links[0];
  if (!lane->busy || link == NULL) {
    return;
  }
  if (link->down || now >= lane->deadline || link->opened < 0) {
    law_lane_learn(c, lane, link);
    if (lane->num_batches > 0) {
      blame(c, lane);
    }
    law_lane_abort(c, lane);
  } else if (link->up && lane->sent_at == 0) {
    say_hello(c, lane);
  } else if (link->opened == 1 && link->num_due == 0) {
    if (lane->num_batches > 0) {
      end_batch(c, lane, now);
    } else {
      lane->busy = false; /* open: the next start sends */
    }
  }
}
