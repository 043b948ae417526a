#include "pcap/talk.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/talk_internal.h"

#define SECOND UINT64_C(1000000000)

enum {
  KEPT_TAIL = 4096,   /* bytes that a direction keeps for its next unfinished message */
};

static const char unsure_text[] =
    "no message was found to begin after what the capture lacks, so these bytes belong to none";
static const char unframed_text[] =
    "they follow a message whose length is wrong, so where the next one begins is not known";
static const char foreign_text[] =
    "datagrams that receivers ignore, since they say that they are something else";
static const char no_message_text[] =
    "datagrams that are no message, where nothing shows that their sender speaks the protocol";
static const char ended_text[] = "their sender had closed already";

/* ---- Telling ---- */

static law_told told_of(const law_talk *t, law_told_kind kind, unsigned from) {
  return (law_told){.kind = kind,
                    .name = t->protocol->name,
                    .protocol = t->protocol,
                    .context = t->judge.context,
                    .from = from,
                    .side = t->client < 0 ? -1 : (int)law_talk_side(t, from),
                    .time = t->now,
                    .place = *t->place,
                    .last = *t->place};
}

law_place law_told_place(const law_told *told, uint32_t offset) {
  return told->spots ? law_spots_find(told->spots, offset) : law_place_on(&told->place, offset);
}

static void place_message(law_talk *t, law_told *told, law_side side) {
  if (told->wire.data == t->judge.direction[side].tail) {
    told->spots = &t->spots[told->from];
    told->place = law_spots_find(told->spots, 0);
  } else {
    told->place = law_place_on(t->place, (size_t)(told->wire.data - t->chunk.data));
  }
}

static void tell_cut(law_talk *t, unsigned from) {
  law_side side = law_talk_side(t, from);
  const law_judge_direction *dir = &t->judge.direction[side];
  law_told told = told_of(t, LAW_TOLD_CUT, from);
  told.wire = law_bytes_of(dir->tail, dir->len);
  told.type = t->protocol->type_of(t->judge.context, told.wire);
  told.unsure = !t->way[from].certain;
  place_message(t, &told, side);
  t->env->told(t->env->user, t->flow, &told);
}

static void tell_cut_datagram(law_talk *t, unsigned from, law_bytes part) {
  law_told told = told_of(t, LAW_TOLD_CUT, from);
  told.wire = part;
  told.type = t->protocol->type_of(t->judge.context, part);
  t->env->told(t->env->user, t->flow, &told);
}

/* ---- Monitors ---- */

static bool new_monitor(law_talk *t, law_side judged) {
  const law_protocol *p = t->protocol;
  void *world = judged == LAW_SERVER ? t->world : NULL;
  void *monitor = malloc(!world && p->alone_size > 0 ? p->alone_size : p->connection_size);
  if (monitor) {
    p->connection_init(monitor, world, judged, t->whole);
  }
  t->monitors[judged] = monitor;
  return monitor != NULL;
}

static bool make_monitors(law_talk *t) {
  bool made = true;
  for (law_side side = LAW_CLIENT; side <= LAW_SERVER; side++) {
    if ((t->judged >> side & 1) != 0 && !t->monitors[side]) {
      made = new_monitor(t, side) && made;
    }
  }
  return made;
}

static void tell_gaps(law_talk *t) {
  for (law_side side = LAW_CLIENT; side <= LAW_SERVER; side++) {
    for (law_side from = LAW_CLIENT; from <= LAW_SERVER && t->monitors[side]; from++) {
      t->protocol->gap(t->monitors[side], from);
    }
  }
}

static void detach(law_talk *t) {
  t->attached = false;
  t->judge.monitor = t->judge.second = NULL;
}

/* Monitors see everything, or nothing. */
static void attach(law_talk *t) {
  if (t->attached || !t->protocol->observe || t->client < 0 || !t->version_known ||
      !t->way[0].certain || !t->way[1].certain) {
    return;
  }
  if (!make_monitors(t)) {
    return;
  }
  if (!t->whole) {
    tell_gaps(t);
  }
  t->attached = true;
  bool first = t->monitors[LAW_CLIENT] != NULL;
  t->judge.monitor = t->monitors[first ? LAW_CLIENT : LAW_SERVER];
  t->judge.second = first ? t->monitors[LAW_SERVER] : NULL;
}

/* The side that judges nothing has no monitor. |end| broke what is found. */
static void tell_found(law_talk *t, law_side judged, const law_findings *findings) {
  if (findings->num == 0) {
    return;
  }
  law_told told = told_of(t, LAW_TOLD_FOUND, law_talk_end(t, judged));
  told.violations = findings->found;
  told.num_violations = findings->num < LAW_MAX_VIOLATIONS ? findings->num : LAW_MAX_VIOLATIONS;
  t->env->told(t->env->user, t->flow, &told);
}

/* Silence is proven by the next bytes, or the end, that come without any missing before them. */
static void tick(law_talk *t) {
  for (law_side side = LAW_CLIENT; side <= LAW_SERVER && t->attached; side++) {
    if (!t->monitors[side] || !t->protocol->tick || t->now < t->next_tick[side]) {
      continue;
    }
    law_findings findings;
    findings.num = 0;
    uint64_t next = t->protocol->tick(t->monitors[side], t->now, &findings);
    t->next_tick[side] = next == UINT64_MAX ? t->now + SECOND : next;
    tell_found(t, side, &findings);
  }
}

static void set_time(law_talk *t, uint64_t time) { t->now = time > t->now ? time : t->now; }

/* ---- Messages ---- */

/* Types that only one side may send say who is who. */
static void learn_client(law_talk *t, unsigned from, law_bytes wire) {
  const law_protocol *p = t->protocol;
  unsigned may = p->senders && wire.len > 0 ? p->senders(p->code_of(wire)) : 0;
  if (may == 1u << LAW_CLIENT) {
    t->client_by_type = (int)from;
  } else if (may == 1u << LAW_SERVER) {
    t->client_by_type = (int)(1 - from);
  }
}

static void count_valid(law_talk *t, unsigned from, law_bytes wire) {
  t->way[from].valid++;
  if (t->client_by_type < 0) {
    learn_client(t, from, wire);
  }
}

/* Datagrams of other kinds may come by the same ports: one that is refused says something of its
 * sender only when that sender speaks the protocol, or at the protocol's port, where a message of
 * either side has begun the conversation. */
static bool believe_datagram(law_talk *t, unsigned from, const law_judged *judged,
                             law_status status) {
  if (status == LAW_OK) {
    count_valid(t, from, judged->wire);
    return true;
  }
  bool spoken = t->at_port || t->way[from].valid >= LAW_TALK_CERTAIN;
  bool foreign = t->protocol->foreign && t->protocol->foreign(judged->wire);
  if (spoken && !foreign) {
    return true;
  }
  t->env->skipped(t->env->user, t->flow, from, foreign ? foreign_text : no_message_text,
                  judged->wire.len);
  return false;
}

/* Was it a message at all? What follows a hole need not be one. */
static bool believe(law_talk *t, unsigned from, const law_judged *judged, law_status status) {
  law_talk_way *way = &t->way[from];
  if (t->protocol->datagrams) {
    return believe_datagram(t, from, judged, status);
  }
  if (status == LAW_OK) {
    count_valid(t, from, judged->wire);
    return true;
  }
  if (way->certain) {
    return true;
  }
  way->failed = true;
  t->judge.direction[judged->from].dead = true;
  return false;
}

static void take_violations(law_talk *t, law_told *told, const law_judged *judged) {
  size_t num = judged->findings->num;
  bool listens = (t->judged >> judged->from & 1) != 0;
  told->violations = judged->findings->found;
  told->num_violations = !listens ? 0 : num < LAW_MAX_VIOLATIONS ? num : LAW_MAX_VIOLATIONS;
}

static void tell_too_long(law_talk *t, law_told *told, const law_judged *judged) {
  told->kind = LAW_TOLD_LONG;
  told->type = t->protocol->type_of(t->judge.context, told->wire);
  t->way[told->from].too_long = t->judge.direction[judged->from].need;
  t->env->told(t->env->user, t->flow, told);
}

/* Nothing is to be said about it. */
static bool is_fine(const law_talk *t, unsigned from, const law_judged *judged) {
  return t->env->fine && judged->wire.data && judged->status == LAW_OK &&
         judged->findings->num == 0 && t->version_known && t->way[from].certain;
}

static void count_fine(law_talk *t, unsigned from, const law_judged *judged) {
  t->delivered = true;
  count_valid(t, from, judged->wire);
  t->way[from].begun = true;
  t->num++;
  t->env->fine(t->env->user, t->flow, t->protocol, judged->type, judged->wire);
}

static void sink(void *user, const law_judged *judged) {
  law_talk *t = user;
  unsigned from = law_talk_end(t, judged->from);
  if (LAW_LIKELY(is_fine(t, from, judged))) {
    count_fine(t, from, judged);
    return;
  }
  law_told told = told_of(t, LAW_TOLD_MESSAGE, from);
  if (!judged->wire.data) {
    return; /* closing breaks no rule of a protocol that there is */
  }
  told.wire = judged->wire;
  told.type = judged->type;
  place_message(t, &told, judged->from);
  t->delivered = true;
  if (judged->status == LAW_LIMIT) {
    tell_too_long(t, &told, judged);
    return;
  }
  told.status = t->version_known ? judged->status : law_talk_vote(t, judged);
  if (!believe(t, from, judged, told.status)) {
    return;
  }
  told.unsure = !t->way[from].certain;
  if (told.status != LAW_OK || t->version_known) {
    take_violations(t, &told, judged);
  }
  t->way[from].begun = true;
  t->num++;
  t->env->told(t->env->user, t->flow, &told);
}

/* ---- Beginning and end ---- */

static bool grow(void *user, law_judge_direction *dir, size_t need) {
  law_talk *t = user;
  size_t cap = dir->cap > 0 ? dir->cap : 64;
  while (cap < need) {
    cap *= 2;
  }
  if (t->env->tails + (cap - dir->cap) > LAW_TALK_TAILS) {
    return false;
  }
  uint8_t *tail = realloc(dir->tail, cap);
  if (!tail) {
    return false;
  }
  t->env->tails += cap - dir->cap;
  dir->tail = tail;
  dir->cap = cap;
  return true;
}

static void release(law_talk *t, law_judge_direction *dir) {
  t->env->tails -= dir->cap;
  free(dir->tail);
  dir->tail = NULL;
  dir->cap = dir->len = 0;
}

static void begin(law_talk *t, const char *variant, bool whole) {
  const law_protocol *p = t->protocol;
  const char *assumed = variant ? variant : p->variants ? p->variants[0] : NULL;
  if (p->begin && assumed) {
    p->begin(assumed, t->judge.context);
  }
  t->version_told = variant != NULL;
  if (whole || variant) {
    t->version_known = true;
  } else {
    law_talk_try_variants(t);
  }
}

law_talk *law_talk_new(law_talk_env *env, void *flow, const law_talk_start *start) {
  law_talk *t = calloc(1, sizeof *t);
  if (!t) {
    return NULL;
  }
  t->env = env;
  t->flow = flow;
  t->protocol = start->protocol;
  t->client = start->client;
  t->client_by_type = -1;
  t->whole = start->whole;
  t->at_port = start->server_hint >= 0;
  t->world = start->world;
  t->judged = start->judged;
  law_judge_init(&t->judge, t->protocol, NULL, NULL, NULL, 0, sink, t);
  t->judge.grow = grow;
  t->judge.max_len = LAW_TALK_MAX_MESSAGE;
  t->judge.scratch = env->message;
  begin(t, start->variant, start->whole);
  for (unsigned i = 0; i < 2; i++) {
    t->way[i].certain = start->whole || start->begins[i];
    t->way[i].seeking = !t->way[i].certain;
  }
  if (t->client < 0 && start->server_hint >= 0) {
    t->client = 1 - start->server_hint;
  }
  attach(t);
  return t;
}

void law_talk_free(law_talk *t) {
  if (t) {
    for (unsigned i = 0; i < 2; i++) {
      release(t, &t->judge.direction[i]);
      law_spots_free(&t->spots[i]);
      free(t->monitors[i]);
    }
    free(t);
  }
}

const void *law_talk_context(const law_talk *t) { return t->judge.context; }
const law_protocol *law_talk_protocol(const law_talk *t) { return t->protocol; }
const char *law_talk_variant(const law_talk *t) {
  const law_protocol *p = t->protocol;
  return t->version_known && p->variant_of ? p->variant_of(t->judge.context) : NULL;
}

uint64_t law_talk_num(const law_talk *t) { return t->num; }

/* ---- Bytes ---- */

/* Who was taken for the client may turn out to be the server. */
static void settle_client(law_talk *t) {
  if (t->client_by_type < 0 || t->client == t->client_by_type || t->attached) {
    return;
  }
  unsigned before = t->client < 0 ? 0u : (unsigned)t->client;
  if (before != (unsigned)t->client_by_type) {
    law_judge_direction client = t->judge.direction[LAW_CLIENT];
    t->judge.direction[LAW_CLIENT] = t->judge.direction[LAW_SERVER];
    t->judge.direction[LAW_SERVER] = client;
  }
  t->client = t->client_by_type;
}

static void seek_again(law_talk *t, unsigned from) {
  law_talk_way *way = &t->way[from];
  way->seeking = true;
  way->certain = way->failed = way->aligned = false;
  way->valid = 0;
  way->skip = 0;
  t->whole = false;
  detach(t);
}

static void grow_certain(law_talk *t, unsigned from) {
  law_talk_way *way = &t->way[from];
  way->aligned = way->aligned || t->judge.direction[law_talk_side(t, from)].len == 0;
  if (way->valid >= LAW_TALK_CERTAIN && way->aligned) {
    way->certain = true;
  }
}

/* How many bytes at the end of the chunk the judge has not taken: those after a message that it
 * gave up. */
static size_t left_after(const law_talk *t, const law_judge_direction *dir) {
  return dir->len > 0 && t->tail_before > 0 ? t->chunk.len - (dir->len - t->tail_before) : 0;
}

/* A message that was too long ends where its length says. Returns the bytes left behind it. */
static law_bytes pass_too_long(law_talk *t, unsigned from, size_t have) {
  law_talk_way *way = &t->way[from];
  law_judge_direction *dir = &t->judge.direction[law_talk_side(t, from)];
  size_t left = left_after(t, dir);
  way->skip = way->too_long > have ? way->too_long - have : 0;
  way->too_long = 0;
  law_judge_gap(&t->judge, law_talk_side(t, from));
  release(t, dir);
  return law_bytes_of(t->chunk.data + (t->chunk.len - left), left);
}

static void note_tail(law_talk *t, unsigned from) {
  law_judge_direction *dir = &t->judge.direction[law_talk_side(t, from)];
  if (dir->len > 0 && (t->delivered || t->tail_before == 0)) {
    law_place place = law_place_on(t->place, t->chunk.len - dir->len);
    law_spots_begin(&t->spots[from], &place);
  }
  if (LAW_UNLIKELY(dir->len == 0 && dir->cap > KEPT_TAIL)) {
    release(t, dir);
  }
}

static void push_chunk(law_talk *t, unsigned from, const law_place *place, law_bytes bytes) {
  law_side side = law_talk_side(t, from);
  t->place = place;
  t->chunk = bytes;
  t->delivered = false;
  t->tail_before = t->judge.direction[side].len;
  if (LAW_UNLIKELY(t->tail_before > 0)) {
    law_spots_add(&t->spots[from], t->tail_before, place);
  }
  law_judge_push(&t->judge, side, t->now, bytes);
}

/* Pushes, and gives back the bytes that are to be pushed again. */
static law_bytes feed(law_talk *t, unsigned from, const law_place *place, law_bytes bytes) {
  law_talk_way *way = &t->way[from];
  push_chunk(t, from, place, bytes);
  law_judge_direction *dir = &t->judge.direction[law_talk_side(t, from)];
  if (LAW_UNLIKELY(way->too_long > 0)) {
    return pass_too_long(t, from, dir->len > 0 ? dir->len : bytes.len);
  }
  if (LAW_UNLIKELY(way->failed)) {
    dir->dead = false;
    dir->len = 0;
    seek_again(t, from);
    return law_bytes_of(NULL, 0);
  }
  note_tail(t, from);
  if (LAW_UNLIKELY(!t->attached)) {
    if (!way->certain) {
      grow_certain(t, from);
    }
    settle_client(t);
    attach(t);
  }
  return law_bytes_of(NULL, 0);
}

static law_bytes drop(law_bytes bytes, size_t num) {
  return law_bytes_of(bytes.data + num, bytes.len - num);
}

static law_bytes pass_over(law_talk *t, unsigned from, law_bytes bytes) {
  law_talk_way *way = &t->way[from];
  size_t num = way->skip < bytes.len ? (size_t)way->skip : bytes.len;
  way->skip -= num;
  return drop(bytes, num);
}

static law_bytes find_message(law_talk *t, unsigned from, law_bytes bytes) {
  size_t at = law_talk_seek(t, from, bytes);
  size_t lost = at < bytes.len ? at : bytes.len;
  if (lost > 0) {
    t->env->skipped(t->env->user, t->flow, from, unsure_text, lost);
  }
  t->way[from].seeking = at >= bytes.len;
  settle_client(t);
  return drop(bytes, lost);
}

/* What was taken for a message's beginning is given up for what surely is one. */
static void reconsider(law_talk *t, unsigned from, law_bytes bytes) {
  law_talk_way *way = &t->way[from];
  law_judge_direction *dir = &t->judge.direction[law_talk_side(t, from)];
  if (!way->certain && !way->seeking && way->valid == 0 && dir->len > 0 &&
      law_talk_restarts(t, from, bytes)) {
    t->env->skipped(t->env->user, t->flow, from, unsure_text, dir->len);
    dir->len = 0;
  }
}

static bool is_dead(law_talk *t, unsigned from, size_t num) {
  bool dead = t->judge.direction[law_talk_side(t, from)].dead;
  if (LAW_UNLIKELY(dead)) {
    t->env->skipped(t->env->user, t->flow, from, t->way[from].ended ? ended_text : unframed_text,
                    num);
  }
  return dead;
}

void law_talk_soon(const law_talk *t, unsigned stage) {
  if (stage == 0) {
    law_fetch(t, offsetof(law_talk, judge.message));
    return;
  }
  for (unsigned i = 0; i < 2 && t->protocol->fetch; i++) {
    if (t->monitors[i]) {
      t->protocol->fetch(t->monitors[i]);
    }
  }
}

void law_talk_push(law_talk *t, unsigned from, const law_place *place, law_bytes bytes) {
  law_talk_way *way = &t->way[from];
  law_bytes all = bytes;
  t->place = place;
  set_time(t, place->time);
  tick(t);
  if (is_dead(t, from, bytes.len)) {
    return;
  }
  if (LAW_UNLIKELY(way->cut)) {
    way->cut = false;
    tell_cut_datagram(t, from, bytes);
    return;
  }
  reconsider(t, from, bytes);
  while (bytes.len > 0) {
    if (LAW_UNLIKELY(way->skip > 0)) {
      bytes = pass_over(t, from, bytes);
    } else if (LAW_UNLIKELY(way->seeking)) {
      bytes = find_message(t, from, bytes);
    } else {
      law_place at = law_place_on(place, (size_t)(bytes.data - all.data));
      bytes = feed(t, from, &at, bytes);
    }
  }
}

/* The rest of the message is known by number: its end can be found. */
static bool ends_beyond(const law_judge_direction *dir, uint64_t num_bytes) {
  return dir->need > dir->len + 1 && num_bytes > 0 && num_bytes <= dir->need - dir->len;
}

/* What says the version may be what is missing. */
static void doubt_version(law_talk *t, unsigned from) {
  if (!t->way[from].begun && t->client != (int)(1 - from) && !t->version_told && t->version_known) {
    law_talk_try_variants(t);
    detach(t);
  }
}

static void lose_message(law_talk *t, unsigned from, uint64_t num_bytes) {
  law_talk_way *way = &t->way[from];
  law_side side = law_talk_side(t, from);
  law_judge_direction *dir = &t->judge.direction[side];
  uint64_t left = dir->need - dir->len;
  bool known = way->certain && dir->len > 0 && ends_beyond(dir, num_bytes);
  if (dir->len > 0) {
    tell_cut(t, from);
  }
  law_judge_gap(&t->judge, side);
  t->whole = false;
  doubt_version(t, from);
  if (known) {
    way->skip = left - num_bytes;
  } else {
    seek_again(t, from);
  }
}

void law_talk_missing(law_talk *t, unsigned from, const law_place *place, uint64_t num_bytes) {
  law_talk_way *way = &t->way[from];
  t->place = place;
  set_time(t, place->time);
  if (t->judge.direction[law_talk_side(t, from)].dead) {
    return;
  }
  if (t->protocol->datagrams) {
    way->cut = true;
    return;
  }
  if (way->skip > 0 && num_bytes > 0 && num_bytes <= way->skip) {
    way->skip -= num_bytes;
    return;
  }
  lose_message(t, from, num_bytes);
}

/* What is passed over grows again; where messages begin is known as before. */
void law_talk_late(law_talk *t, unsigned from, uint64_t num_bytes) {
  law_talk_way *way = &t->way[from];
  if (!way->seeking && !t->judge.direction[law_talk_side(t, from)].dead) {
    way->skip += num_bytes;
  }
}

void law_talk_ended(law_talk *t, unsigned from, bool reset, uint64_t time) {
  const law_place nowhere = {.time = time, .at = LAW_AT_NOWHERE};
  t->place = &nowhere;
  set_time(t, time);
  if (!reset) {
    tick(t);
  }
  t->way[from].ended = true;
  law_judge_closed(&t->judge, law_talk_side(t, from), reset, t->now);
  t->place = NULL;
}

void law_talk_finish(law_talk *t, uint64_t time) {
  const law_place end = {.time = time, .at = LAW_AT_NOWHERE};
  t->place = &end;
  set_time(t, time);
  for (unsigned from = 0; from < 2; from++) {
    const law_judge_direction *dir = &t->judge.direction[law_talk_side(t, from)];
    if (!t->way[from].ended && !dir->dead && dir->len > 0) {
      tell_cut(t, from);
    }
  }
  t->place = NULL;
}
