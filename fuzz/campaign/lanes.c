/* Lanes that play inputs by turns. */
#include <string.h>

#include "campaign/campaign.h"
#include "mutators/random.h"

enum { MAX_ROUNDS = 3 };

/* How long an answer is waited for before the lane goes on: feedback, no verdict. */
static uint64_t patience(const law_campaign *c) {
  uint64_t ns = 64 * c->base_round_trip;
  return ns < 100 * LAW_MS ? 100 * LAW_MS : ns > LAW_S ? LAW_S : ns;
}

static void wait_for(law_campaign *c, law_lane *lane, law_link *link) {
  lane->waiting = link;
  lane->sent_at = law_net_now();
  lane->deadline = lane->sent_at + patience(c);
}

size_t law_lanes_busy(const law_campaign *c) {
  size_t num = 0;
  for (size_t i = 0; i < c->num_lanes; i++) {
    num += c->lanes[i].busy;
  }
  return num;
}

void law_lane_abort(law_campaign *c, law_lane *lane) {
  for (size_t i = 0; i < LAW_SEQ_CONNECTIONS; i++) {
    if (lane->links[i] != NULL) {
      law_link_drop(c, lane->links[i]);
      lane->links[i] = NULL;
    }
  }
  lane->busy = false;
  lane->waiting = NULL;
}

static void finish(law_campaign *c, law_lane *lane) {
  if (lane->novel) {
    law_inputs_add(c->queue, law_bytes_of(lane->input, lane->len), true);
  }
  law_lane_abort(c, lane);
  c->counts.inputs++;
}

/* ---- turns ---- */

static law_link *link_of(law_campaign *c, law_lane *lane, uint8_t slot) {
  law_link *link = lane->links[slot];
  if (link != NULL && !link->down && !link->ended) {
    return link;
  }
  if (link != NULL) {
    law_link_drop(c, link);
  }
  bool pooled = lane->world == NULL;
  link = pooled ? law_pool_take(c) : law_link_take(c, LAW_LINK_LANE, lane->scope);
  if (link != NULL) {
    link->lane = lane;
    c->counts.sessions++;
  }
  lane->links[slot] = link;
  return link;
}

/* The bytes of all records that follow one another on one connection. */
static size_t gather(law_campaign *c, law_lane *lane, uint8_t *slot, law_seq_event *event) {
  law_bytes rest = lane->rest;
  law_seq_record r;
  size_t len = 0;
  bool first = true;
  while (law_seq_next(&rest, &r)) {
    if (r.from == LAW_CLIENT && r.event != LAW_SEQ_GAP) {
      bool same = first || (r.connection == *slot && r.event == LAW_SEQ_DATA);
      if (!same || (*event != LAW_SEQ_DATA && !first) || len + r.data.len > LAW_TURN / 2) {
        break;
      }
      *slot = r.connection;
      *event = r.event;
      first = false;
      if (r.event == LAW_SEQ_DATA && r.data.len > 0) {
        memcpy(c->turn + len, r.data.data, r.data.len);
        len += r.data.len;
      }
    }
    lane->rest = rest;
  }
  return len;
}

static bool has_more(law_lane *lane, uint8_t slot) {
  law_bytes rest = lane->rest;
  law_seq_record r;
  while (law_seq_next(&rest, &r)) {
    if (r.connection == slot && r.from == LAW_CLIENT) {
      return true;
    }
  }
  return false;
}

static size_t add_replies(law_link *link, uint8_t *out) {
  size_t len = link->replies_len;
  memcpy(out, link->replies, len);
  link->replies_len = 0;
  return len;
}

static size_t add_ping(law_campaign *c, uint8_t *out) {
  memcpy(out, c->speaker->ping.data, c->speaker->ping.len);
  return c->speaker->ping.len;
}

static void begin_turn(law_campaign *c, law_lane *lane, law_link *link) {
  lane->state = law_net_state(c->net, link->handle);
  link->answers = 0;
  link->num_answers = 0;
  link->broken = LAW_R_NONE;
}

/* Sends a turn of |len| bytes in c->turn. A message that is not whole gets nothing behind it. */
static void send_turn(law_campaign *c, law_lane *lane, law_link *link, size_t len, bool more) {
  begin_turn(c, lane, link);
  lane->read = law_link_read(c, link, law_bytes_of(c->turn, len));
  c->counts.messages += lane->read.num;
  if (lane->read.hoards && link->num_received == 0) {
    c->hoard = lane->group;
  }
  link->num_due += lane->read.num_pings;
  if (lane->read.whole) {
    len += add_ping(c, c->turn + len);
    link->num_due++;
  }
  (void)law_link_send(c, link, lane->group, law_bytes_of(c->turn, len));
  if (!lane->read.whole && !lane->read.lost && !more) {
    law_link_end(c, link, lane->group, false); /* nothing else makes the IUT answer */
  }
  wait_for(c, lane, link);
}

/* One more round for what the IUT's messages ask of us, and for what is on its way to others. */
static bool next_round(law_campaign *c, law_lane *lane) {
  bool several = lane->kind == LAW_LANE_SEVERAL;
  while (lane->rounds < (several ? MAX_ROUNDS * LAW_SEQ_CONNECTIONS : MAX_ROUNDS)) {
    law_link *link = lane->links[lane->rounds++ % (several ? LAW_SEQ_CONNECTIONS : 1)];
    bool last = several && lane->rounds > 2 * LAW_SEQ_CONNECTIONS;
    if (link != NULL && link->opened == 1 && !link->down && !link->ended &&
        (link->replies_len > 0 || (several && !last))) {
      send_turn(c, lane, link, add_replies(link, c->turn), false);
      return true;
    }
  }
  return false;
}

static void play_record(law_campaign *c, law_lane *lane, law_link *link, uint8_t slot,
                        law_seq_event event, size_t len) {
  if (event != LAW_SEQ_DATA) {
    law_link_end(c, link, lane->group, event == LAW_SEQ_RESET);
    wait_for(c, lane, link);
  } else {
    send_turn(c, lane, link, len, has_more(lane, slot));
  }
}

static void next_turn(law_campaign *c, law_lane *lane) {
  uint8_t slot = 0;
  law_seq_event event = LAW_SEQ_DATA;
  law_bytes before = lane->rest;
  size_t len = gather(c, lane, &slot, &event);
  if (lane->rest.len == before.len || (len == 0 && event == LAW_SEQ_DATA)) {
    if (!next_round(c, lane)) {
      finish(c, lane);
    }
    return;
  }
  law_link *link = link_of(c, lane, slot);
  if (link == NULL) {
    finish(c, lane);
  } else if (!link->up) {
    lane->rest = before; /* again when it is connected */
    wait_for(c, lane, link);
  } else {
    play_record(c, lane, link, slot, event, len);
  }
}

void law_lane_start(law_campaign *c, law_lane *lane) {
  if (lane->kind == LAW_LANE_KEPT) {
    law_kept_start(c, lane);
    return;
  }
  lane->busy = true;
  lane->novel = false;
  lane->rounds = 0;
  lane->group = ++c->next_group;
  if (lane->world != NULL) {
    c->speaker->protocol->world_init(lane->world, LAW_SERVER);
  }
  law_choose(c, lane);
  lane->rest = law_bytes_of(lane->input, lane->len);
  next_turn(c, lane);
}

/* ---- feedback ---- */

static uint64_t key_of(const law_lane *lane, const law_link *link) {
  uint64_t end = link->down ? 2 : link->num_due > 0 ? 1 : 0;
  uint64_t key = law_key_mix((uint64_t)lane->kind + 1, lane->state);
  key = law_key_mix(key, lane->read.code << 16 | lane->read.broken);
  key = law_key_mix(key, link->answers);
  key = law_key_mix(key, end << 32 | link->broken);
  return law_key_mix(key, (uint64_t)(link->opened + 1));
}

void law_lane_learn(law_campaign *c, law_lane *lane, const law_link *link) {
  if (law_keys_add(&c->keys, key_of(lane, link))) {
    lane->novel = true;
  }
  law_soak_note(c, lane, link);
}

static bool is_over(const law_lane *lane, uint64_t now) {
  const law_link *link = lane->waiting;
  if (link->down || now >= lane->deadline) {
    return true;
  }
  if (link->ended) {
    return false; /* until the IUT closes, too */
  }
  if (lane->read.num > 0 && !lane->read.whole && !lane->read.lost) {
    return true;
  }
  return link->up && link->num_due == 0 && !lane->read.lost;
}

void law_lane_step(law_campaign *c, law_lane *lane, uint64_t now) {
  if (lane->kind == LAW_LANE_KEPT) {
    law_kept_step(c, lane, now);
    return;
  }
  if (!lane->busy || lane->waiting == NULL) {
    return;
  }
  law_link *link = lane->waiting;
  if (lane->sent_at != 0 && link->up && lane->read.num == 0 && link->num_due == 0 && !link->ended) {
    next_turn(c, lane); /* it was only waited for its being connected */
  } else if (is_over(lane, now)) {
    law_lane_learn(c, lane, link);
    lane->read = (law_read){0};
    next_turn(c, lane);
  }
}
