/* Where inputs come from: what showed something new, walks through the states, single messages out
 * of the tables; changed by the mutator, or as they are. */
#include <string.h>

#include "campaign/campaign.h"
#include "mutators/random.h"

static uint32_t draw(law_campaign *c, uint32_t below) { return law_random_below(&c->random, below); }

law_persona law_persona_of(const law_campaign *c, const char *name) {
  const law_options *o = c->options;
  return (law_persona){o->variant, name, o->username, o->password};
}

static void walk(law_campaign *c, law_lane *lane) {
  law_persona p = law_persona_of(c, lane->name);
  law_writer w = law_writer_of(lane->input, sizeof lane->input);
  c->speaker->walk(&p, &c->random, lane->kind == LAW_LANE_SEVERAL, &w);
  lane->len = law_writer_ok(&w) ? w.len : 0;
}

static void mutate(law_campaign *c, law_lane *lane, uint32_t times) {
  for (; times > 0; times--) {
    lane->len = law_mutate_sequence(&c->mutator, lane->input, lane->len, sizeof lane->input,
                                    law_random(&c->random));
  }
}

static bool from_queue(law_campaign *c, law_lane *lane) {
  bool several = lane->kind == LAW_LANE_SEVERAL;
  const law_input_seq *one = law_inputs_any(c->queue, &c->random, several);
  if (one == NULL) {
    return false;
  }
  if (draw(c, 12) == 0) {
    const law_input_seq *two = law_inputs_any(c->queue, &c->random, several);
    lane->len = law_mutate_cross(&c->mutator, lane->input, sizeof lane->input,
                                 law_bytes_of(one->data, one->len),
                                 law_bytes_of(two->data, two->len), true, law_random(&c->random));
    return true;
  }
  memcpy(lane->input, one->data, one->len);
  lane->len = one->len;
  return true;
}

/* A good opening, and messages of the tables behind it: whole, or with one thing wrong. */
static void probe(law_campaign *c, law_lane *lane) {
  law_persona p = law_persona_of(c, lane->name);
  law_writer w = law_writer_of(lane->input, sizeof lane->input);
  uint8_t message[1024];
  law_seq_record r = {.from = LAW_CLIENT, .event = LAW_SEQ_DATA};
  r.data = law_bytes_of(message, c->speaker->open(&p, message, sizeof message));
  if (draw(c, 16) > 0) {
    law_seq_write(&w, &r);
  }
  for (uint32_t n = 1 + draw(c, 3); n > 0; n--) {
    size_t len = law_mutate_generate(&c->mutator, message, sizeof message, law_random(&c->random));
    if (draw(c, 2) == 0 && len > 0) {
      len = law_mutate(&c->mutator, message, len, sizeof message, law_random(&c->random));
    }
    r.data = law_bytes_of(message, len);
    law_seq_write(&w, &r);
  }
  lane->len = law_writer_ok(&w) ? w.len : 0;
}

/* Lanes must not take each other's sessions all the time: inputs of others get this one's name,
 * where it is as long. Lanes' names are. */
static void rename_to(law_lane *lane) {
  size_t len = strlen(lane->name);
  for (uint8_t *p = lane->input; p + len <= lane->input + lane->len; p++) {
    p = memchr(p, 'f', (size_t)(lane->input + lane->len - p));
    if (p == NULL || p + len > lane->input + lane->len) {
      return;
    }
    if (memcmp(p, lane->name, len - 2) == 0) {
      memcpy(p, lane->name, len);
    }
  }
}

void law_choose(law_campaign *c, law_lane *lane) {
  uint32_t what = draw(c, 100);
  bool several = lane->kind == LAW_LANE_SEVERAL;
  if (c->soak.stage != LAW_SOAK_OFF) {
    memcpy(lane->input, c->soak.now.data, c->soak.now.len);
    lane->len = c->soak.now.len;
  } else if (what < 40 && from_queue(c, lane)) {
    mutate(c, lane, 1 + draw(c, 3));
    rename_to(lane);
  } else if (what < 75 && !several) {
    probe(c, lane);
  } else {
    walk(c, lane);
    mutate(c, lane, draw(c, several ? 2 : 3));
  }
}
