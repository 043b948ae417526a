#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "monitors/judge.h"
#include "mutators/random.h"
#include "seq/seq.h"

enum { TAIL = 2048, HEAD = 5 };

/* What a judge said, as one number. */
typedef struct tape {
  uint64_t sum;
  law_side judged;
  bool monitored;
} tape;

static void note(tape *t, uint64_t word) {
  t->sum = (t->sum ^ word) * UINT64_C(0x9fb21c651e98df25);
  t->sum ^= t->sum >> 29;
}

/* Of what cannot be framed, or is too long, a judge shows as much as it has in hand. */
static law_bytes told_whatever_the_pieces(const law_judged *j) {
  if (j->status == LAW_OK) {
    return j->wire;
  }
  size_t len = j->status == LAW_LIMIT ? 1 : HEAD;
  return law_bytes_of(j->wire.data, j->wire.len < len ? j->wire.len : len);
}

static void check_violation(const law_violation *v, const law_judged *j) {
  FUZZ_REQUIRE(v->requirement != LAW_R_NONE);
  FUZZ_REQUIRE(v->status == LAW_MALFORMED || v->status == LAW_PROTOCOL_ERROR);
  FUZZ_REQUIRE(j->wire.data == NULL || v->offset <= j->wire.len);
}

/* A monitor objects to what the judged side sends; of the other one only its decoder speaks. */
static void check_side(const tape *t, const law_judged *j) {
  bool refused = j->status == LAW_MALFORMED || j->status == LAW_PROTOCOL_ERROR;
  bool observed = t->monitored && (j->from == t->judged || j->wire.data == NULL);
  FUZZ_REQUIRE(observed || j->findings->num == (refused ? 1 : 0));
}

static void listen_to(void *user, const law_judged *j) {
  tape *t = user;
  law_bytes told = told_whatever_the_pieces(j);
  check_side(t, j);
  note(t, (uint64_t)j->from << 8 | j->status);
  note(t, j->now);
  note(t, fuzz_seed_of(told));
  for (size_t i = 0; i < j->findings->num && i < LAW_MAX_VIOLATIONS; i++) {
    const law_violation *v = &j->findings->found[i];
    check_violation(v, j);
    note(t, (uint64_t)v->requirement << 32 | v->offset);
  }
  FUZZ_REQUIRE(j->status != LAW_OK || j->wire.data == NULL || j->message != NULL);
}

/* Whole when |random| is NULL. In pieces, each on the heap, in exactly its size. */
static void push(law_judge *judge, law_side from, uint64_t now, law_bytes bytes, uint64_t *random) {
  while (bytes.len > 0) {
    size_t len = bytes.len;
    if (random != NULL) {
      len = law_random_below(random, law_random_below(random, 2) ? 4 : (uint32_t)len) + 1;
      len = len < bytes.len ? len : bytes.len;
    }
    uint8_t *piece = malloc(len);
    FUZZ_REQUIRE(piece != NULL);
    memcpy(piece, bytes.data, len);
    law_judge_push(judge, from, now, law_bytes_of(piece, len));
    free(piece);
    bytes = law_bytes_of(bytes.data + len, bytes.len - len);
  }
}

static uint64_t judge_stream(const law_protocol *protocol, const char *variant, law_bytes stream,
                             uint64_t *random) {
  static uint8_t tails[2][TAIL];
  law_judge judge;
  tape t = {0, LAW_CLIENT, false};
  law_judge_init(&judge, protocol, NULL, tails[0], tails[1], TAIL, listen_to, &t);
  protocol->begin(variant, judge.context);
  push(&judge, LAW_CLIENT, 0, stream, random);
  note(&t, judge.direction[LAW_CLIENT].dead);
  return t.sum;
}

void fuzz_check_pieces(const law_protocol *protocol, const char *variant, law_bytes stream,
                       uint64_t seed) {
  uint64_t whole = judge_stream(protocol, variant, stream, NULL);
  FUZZ_REQUIRE(judge_stream(protocol, variant, stream, &seed) == whole);
}

/* ---- conversations ---- */

typedef struct talk {
  const law_protocol *protocol;
  const char *variant;
  void *world; /* NULL: only connections are judged */
  law_side judged;
  tape tape;
  bool open[LAW_SEQ_CONNECTIONS];
  law_judge judges[LAW_SEQ_CONNECTIONS];
} talk;

static uint8_t tails[LAW_SEQ_CONNECTIONS][2][TAIL];

/* Kept for the next run: a world is large. */
static void *memory_of(size_t slot, size_t size) {
  static void *kept[LAW_SEQ_CONNECTIONS + 1];
  if (kept[slot] == NULL) {
    kept[slot] = malloc(size);
    FUZZ_REQUIRE(kept[slot] != NULL);
  }
  return kept[slot];
}

static law_judge *judge_of(talk *t, uint8_t i) {
  law_judge *judge = &t->judges[i];
  if (!t->open[i]) {
    void *monitor = memory_of(1 + i, t->protocol->connection_size);
    t->protocol->connection_init(monitor, t->world, t->judged, true);
    law_judge_init(judge, t->protocol, monitor, tails[i][0], tails[i][1], TAIL, listen_to,
                   &t->tape);
    t->protocol->begin(t->variant, judge->context);
    t->open[i] = true;
  }
  return judge;
}

static void tick_all(talk *t, uint64_t now) {
  for (size_t i = 0; i < LAW_SEQ_CONNECTIONS; i++) {
    if (t->open[i]) {
      uint64_t next = law_judge_tick(&t->judges[i], now);
      FUZZ_REQUIRE(next > now);
      note(&t->tape, t->protocol->state(t->judges[i].monitor));
    }
  }
}

/* A connection that both sides have ended makes room for the next one of its number. */
static void end(talk *t, const law_seq_record *r, uint64_t now) {
  law_judge *judge = judge_of(t, r->connection);
  law_judge_closed(judge, r->from, r->event == LAW_SEQ_RESET, now);
  if (judge->direction[0].dead && judge->direction[1].dead) {
    t->open[r->connection] = false;
  }
}

static void play(talk *t, const law_seq_record *r, uint64_t now, uint64_t *random) {
  switch (r->event) {
    case LAW_SEQ_DATA:
      push(judge_of(t, r->connection), r->from, now, r->data, random);
      break;
    case LAW_SEQ_GAP:
      law_judge_gap(judge_of(t, r->connection), r->from);
      break;
    default:
      end(t, r, now);
      break;
  }
}

static uint64_t judge_talk(talk *t, law_bytes sequence, uint64_t *random) {
  law_seq_record record;
  uint64_t now = 0;
  t->tape = (tape){0, t->judged, true};
  memset(t->open, 0, sizeof t->open);
  if (t->world != NULL) {
    t->protocol->world_init(t->world, t->judged);
  }
  while (law_seq_next(&sequence, &record)) {
    now += record.delay * UINT64_C(1000);
    play(t, &record, now, random);
    tick_all(t, now);
  }
  return t->tape.sum;
}

/* A world costs more to begin than most conversations; one connection needs none. */
static bool has_several(law_bytes sequence) {
  law_seq_record record;
  bool several = false;
  while (law_seq_next(&sequence, &record)) {
    several = several || record.connection > 0;
  }
  return several;
}

void fuzz_check_sequence(const law_protocol *protocol, const char *variant, law_bytes sequence,
                         uint64_t seed) {
  static talk t;
  t.protocol = protocol;
  t.variant = variant;
  t.world = has_several(sequence) ? memory_of(0, protocol->world_size) : NULL;
  for (int side = LAW_CLIENT; side <= LAW_SERVER; side++) {
    uint64_t random = seed;
    t.judged = (law_side)side;
    uint64_t whole = judge_talk(&t, sequence, NULL);
    FUZZ_REQUIRE(judge_talk(&t, sequence, &random) == whole);
  }
}
