#include "pcap/check.h"

#include <stdlib.h>
#include <string.h>

#include "pcap/known.h"
#include "pcap/worlds.h"

/* How often one rule was broken in one flow. */
typedef struct rule_count {
  struct rule_count *next;
  law_requirement requirement;
  uint64_t num;
} rule_count;

/* The listener's memory of a flow. What all bytes need comes first. */
typedef struct check_flow {
  law_stream *stream;
  uint64_t bytes, packets;
  bool is_known, over, judged, started_late[2];
  bool ended[2];

  law_check *check;
  const law_flow *flow;
  law_world *world;
  law_known known;
  const char *skipped; /* why, last */
  uint64_t first_frame;
  rule_count *rules;
  uint64_t num_cut;
} check_flow;

struct law_check {
  law_check_options options;
  law_check_output output;
  law_stream_env env;
  law_reader *reader;
  law_check_totals totals;
  law_worlds worlds;
  law_known comment; /* of the packet that comes next */
  uint64_t comment_frame;
  uint64_t frame;
};

/* ---- What is not judged ---- */

static law_check_reason *reason_of(law_check *c, const char *what) {
  law_check_totals *t = &c->totals;
  for (size_t i = 0; i < t->num_reasons; i++) {
    if (strcmp(t->reasons[i].what, what) == 0) {
      return &t->reasons[i];
    }
  }
  if (t->num_reasons == LAW_CHECK_REASONS) {
    return &t->reasons[LAW_CHECK_REASONS - 1];
  }
  char *copy = strdup(t->num_reasons == LAW_CHECK_REASONS - 1 ? "other reasons" : what);
  if (!copy) {
    return NULL;
  }
  t->reasons[t->num_reasons] = (law_check_reason){.what = copy};
  return &t->reasons[t->num_reasons++];
}

static void add_reason(law_check *c, const char *what, uint64_t flows, uint64_t packets,
                       uint64_t bytes, uint64_t frame) {
  law_check_reason *r = reason_of(c, what);
  if (r) {
    r->flows += flows;
    r->packets += packets;
    r->bytes += bytes;
    r->first_frame = r->first_frame == 0 ? frame : r->first_frame;
  }
}

static void skipped(void *user, void *owner, unsigned from, const char *why, uint64_t num_bytes) {
  check_flow *f = owner;
  (void)from;
  add_reason(user, why, f->skipped != why, 0, num_bytes, f->check->frame);
  f->skipped = why;
}

/* ---- What was found ---- */

static unsigned rank_of(law_requirement r) {
  const char *level = law_requirements[r].level;
  return strncmp(level, "MUST", 4) == 0 ? 2 : strncmp(level, "SHOULD", 6) == 0 ? 1 : 0;
}

bool law_check_is_must(law_requirement r) { return rank_of(r) == 2; }

static bool is_asked_for(const law_check *c, law_requirement r) {
  if (rank_of(r) < c->options.least) {
    return false;
  }
  const law_requirement *only = c->options.only;
  for (; only && *only != r; only++) {
    if (*only == LAW_R_NONE) {
      return false;
    }
  }
  return true;
}

static rule_count *rule_of(check_flow *f, law_requirement r) {
  for (rule_count *rule = f->rules; rule; rule = rule->next) {
    if (rule->requirement == r) {
      return rule;
    }
  }
  rule_count *rule = calloc(1, sizeof *rule);
  if (rule) {
    *rule = (rule_count){f->rules, r, 0};
    f->rules = rule;
    f->check->totals.flows_with[r]++;
  }
  return rule;
}

static void count_violation(law_check *c, law_requirement r, int side) {
  law_check_totals *t = &c->totals;
  t->violations[r]++;
  t->by_side[r][side < 0 ? 2 : side]++;
  if (law_check_is_must(r)) {
    t->num_must++;
  } else {
    t->num_other++;
  }
}

static void hand_on(law_check *c, check_flow *f, law_check_item *item) {
  item->flow = f->flow;
  item->transport = law_stream_transport(f->stream);
  if (c->output.item) {
    c->output.item(c->output.user, item, c->options.few == 0 || item->nth <= c->options.few);
  }
}

static void take_violation(law_check *c, check_flow *f, const law_told *told,
                           const law_violation *v) {
  if (v->requirement == LAW_R_NONE || !is_asked_for(c, v->requirement)) {
    return;
  }
  rule_count *rule = rule_of(f, v->requirement);
  count_violation(c, v->requirement, told->side);
  law_check_item item = {.told = told,
                         .requirement = v->requirement,
                         .offset = v->offset,
                         .place = law_told_place(told, v->offset),
                         .message = told->kind == LAW_TOLD_MESSAGE || !told->protocol,
                         .nth = rule ? ++rule->num : 1};
  hand_on(c, f, &item);
}

static void take_cut(law_check *c, check_flow *f, const law_told *told) {
  size_t have = told->wire.len;
  c->totals.num_cut++;
  law_check_item item = {.told = told,
                         .requirement = LAW_R_NONE,
                         .offset = (uint32_t)have,
                         .place = law_told_place(told, (uint32_t)(have > 0 ? have - 1 : 0)),
                         .message = true,
                         .nth = ++f->num_cut};
  hand_on(c, f, &item);
}

static size_t protocol_index(law_check_totals *t, const law_protocol *p) {
  size_t i = 0;
  while (i < t->num_protocols && t->protocols[i] != p) {
    i++;
  }
  if (i == t->num_protocols && i < LAW_CHECK_PROTOCOLS) {
    t->protocols[t->num_protocols++] = p;
  }
  return i;
}

static void count_message(law_check *c, const law_protocol *protocol, const law_type *type,
                          law_bytes wire) {
  law_check_totals *t = &c->totals;
  size_t p = protocol_index(t, protocol);
  if (p == LAW_CHECK_PROTOCOLS || wire.len == 0) {
    return;
  }
  uint32_t code = protocol->code_of(wire) % LAW_CHECK_CODES;
  t->messages[p][code]++;
  if (LAW_UNLIKELY(!t->names[p][code]) && type) {
    t->names[p][code] = type->name;
  }
  t->num_messages++;
}

static void fine(void *user, void *owner, const law_protocol *protocol, const law_type *type,
                 law_bytes wire) {
  check_flow *f = owner;
  f->judged = true;
  count_message(user, protocol, type, wire);
}

static const char unsure_text[] =
    "messages after what the capture lacks: well-formed, but too few to be sure of more";

static void take_message(law_check *c, check_flow *f, const law_told *told) {
  count_message(c, told->protocol, told->type, told->wire);
  f->judged = true;
  if (LAW_UNLIKELY(told->unsure)) {
    c->totals.num_unsure++;
    add_reason(c, unsure_text, f->skipped != unsure_text, 0, told->wire.len, told->place.frame);
    f->skipped = unsure_text;
  }
  if (LAW_UNLIKELY(c->output.message != NULL)) {
    c->output.message(c->output.user, f->flow, law_stream_transport(f->stream), told);
  }
}

static void told_one(void *user, void *owner, const law_told *told) {
  law_check *c = user;
  check_flow *f = owner;
  if (LAW_LIKELY(told->kind != LAW_TOLD_FOUND)) {
    take_message(c, f, told);
  }
  if (told->kind == LAW_TOLD_CUT) {
    take_cut(c, f, told);
  } else if (told->kind == LAW_TOLD_LONG) {
    c->totals.num_long++;
    add_reason(c, "messages longer than 16 MiB, or without memory for them", 0, 0, told->wire.len,
               told->place.frame);
  }
  for (size_t i = 0; i < told->num_violations; i++) {
    take_violation(c, f, told, &told->violations[i]);
  }
}

/* ---- Flows ---- */

static void opened(void *user, law_flow *flow, uint64_t time) {
  law_check *c = user;
  check_flow *f = flow->user;
  (void)time;
  f->check = c;
  f->flow = flow;
  f->first_frame = c->frame;
  if (c->comment_frame == c->frame) {
    f->known = c->comment;
    f->is_known = true;
    f->over = c->comment.ciphertext; /* it is judged by its copy in the clear */
  }
}

/* A variant's protocol, by its name on the command line. */
static const law_protocol *protocol_of(const char *variant) {
  for (size_t i = 0; law_protocols[i]; i++) {
    const char *const *v = law_protocols[i]->variants;
    for (; v && *v; v++) {
      if (strcmp(*v, variant) == 0) {
        return law_protocols[i];
      }
    }
  }
  return NULL;
}

static void *known_world(law_check *c, check_flow *f, const law_protocol *p) {
  uint8_t key[LAW_WORLD_KEY] = {'r', 'u', 'n'};
  if (!p || f->known.world == 0 || f->known.judged != LAW_SERVER || !f->flow->syn[0]) {
    return NULL;
  }
  memcpy(key + 3, &f->known.world, sizeof f->known.world);
  f->world = law_worlds_take(&c->worlds, p, key);
  return f->world ? f->world->memory : NULL;
}

/* The server at an endpoint, when the capture has all of it. */
static void *world_of(void *user, const law_protocol *p, const law_endpoint *server) {
  law_check *c = user;
  uint8_t key[LAW_WORLD_KEY] = {'e', 'n', 'd', (uint8_t)(server->port >> 8), (uint8_t)server->port};
  memcpy(key + 5, server->address, sizeof server->address);
  law_world *world = c->options.complete ? law_worlds_take(&c->worlds, p, key) : NULL;
  return world ? world->memory : NULL;
}

static law_stream *start_stream(law_check *c, check_flow *f) {
  law_stream_known known = {.judged = 0};
  if (f->is_known && !f->known.ciphertext) {
    known.protocol = protocol_of(f->known.variant);
    known.variant = f->known.variant;
    known.websocket = f->known.websocket;
    known.judged = c->options.both ? 0 : 1u << f->known.judged;
    known.world = known_world(c, f, known.protocol);
  }
  f->stream = law_stream_new(&c->env, f, f->flow, &known);
  if (!f->stream) {
    f->over = true;
    add_reason(c, "no memory was left for it", 1, 0, 0, c->frame);
  }
  return f->stream;
}

static law_stream *stream_of(law_check *c, check_flow *f) {
  if (LAW_LIKELY(f->stream != NULL) || f->over) {
    return f->stream;
  }
  if (f->is_known && f->known.ciphertext && !c->options.both) {
    f->over = true;
    add_reason(c, "second copies of connections, as TLS had them on the wire: judged in the clear",
               1, 0, 0, c->frame);
    return NULL;
  }
  return start_stream(c, f);
}

static void data(void *user, law_flow *flow, unsigned from, const law_place *place,
                 law_bytes bytes) {
  check_flow *f = flow->user;
  law_stream *s = stream_of(user, f);
  f->bytes += bytes.len;
  f->packets++;
  if (LAW_LIKELY(s != NULL)) {
    law_stream_push(s, from, place, bytes);
  }
}

static void soon(void *user, const law_flow *flow, unsigned stage) {
  const check_flow *f = flow->user;
  (void)user;
  if (LAW_LIKELY(f->stream != NULL)) {
    law_stream_soon(f->stream, stage);
  }
}

static const char lost_text[] = "lost: the capture lacks their packets";

static void note_missing(law_check *c, const law_place *place, law_missing why,
                         uint64_t num_bytes) {
  if (why == LAW_MISSING_CUT) {
    add_reason(c, "cut by the capture's snaplen", 0, 1, num_bytes, place->frame);
  } else if (why == LAW_MISSING_LOST) {
    add_reason(c, lost_text, 0, 0, num_bytes, place->frame);
  }
}

static void missing(void *user, law_flow *flow, unsigned from, const law_place *place,
                    law_missing why, uint64_t num_bytes) {
  check_flow *f = flow->user;
  law_stream *s = stream_of(user, f);
  note_missing(user, place, why, num_bytes);
  if (f->check->output.lacks && why != LAW_MISSING_START) {
    f->check->output.lacks(f->check->output.user, flow, from, place, num_bytes);
  }
  if (s) {
    law_stream_missing(s, from, place, num_bytes, why == LAW_MISSING_START);
  }
}

static void late(void *user, law_flow *flow, unsigned from, uint64_t num_bytes) {
  check_flow *f = flow->user;
  law_check_reason *r = reason_of(user, lost_text);
  if (r) {
    r->bytes -= num_bytes < r->bytes ? num_bytes : r->bytes;
  }
  if (f->stream) {
    law_stream_late(f->stream, from, num_bytes);
  }
}

static void differs(void *user, law_flow *flow, unsigned from, const law_place *place,
                    uint64_t num_bytes) {
  (void)flow;
  (void)from;
  add_reason(user, "sent again with other bytes: the first ones are judged", 0, 1, num_bytes,
             place->frame);
}

static void count_variant(law_check_totals *t, const law_talk *talk) {
  const char *variant = law_talk_variant(talk);
  const law_protocol *p = law_talk_protocol(talk);
  size_t i = protocol_index(t, p), v = 0;
  while (v < LAW_CHECK_VARIANTS - 1 && variant && p->variants[v] &&
         strcmp(p->variants[v], variant) != 0) {
    v++;
  }
  if (i < LAW_CHECK_PROTOCOLS) {
    t->variants[i][variant ? v : LAW_CHECK_VARIANTS - 1]++;
  }
}

/* The last of a flow: why it was not judged, or that it was. */
static void conclude(law_check *c, check_flow *f, uint64_t time) {
  law_stream_finish(f->stream, time);
  const char *why = law_stream_unjudged(f->stream);
  c->totals.judged_flows += f->judged;
  if (f->judged && law_stream_talk(f->stream)) {
    count_variant(&c->totals, law_stream_talk(f->stream));
  }
  if (why) {
    add_reason(c, why, 1, 0, f->judged ? 0 : f->bytes, f->first_frame);
  }
  law_stream_free(f->stream);
  f->stream = NULL;
  f->over = true;
  law_worlds_give(f->world);
  f->world = NULL;
}

static void ended(void *user, law_flow *flow, unsigned from, law_end how, uint64_t time) {
  check_flow *f = flow->user;
  f->ended[from] = true;
  if (LAW_UNLIKELY(f->check->output.ended != NULL)) {
    f->check->output.ended(f->check->output.user, flow, from, how, f->check->frame, time);
  }
  if (f->stream) {
    law_stream_ended(f->stream, from, how == LAW_END_RST, time);
    if (f->ended[0] && f->ended[1]) {
      conclude(user, f, time);
    }
  }
}

static void closed(void *user, law_flow *flow, uint64_t time) {
  check_flow *f = flow->user;
  if (f->stream) {
    conclude(user, f, time);
  }
  while (f->rules) {
    rule_count *next = f->rules->next;
    free(f->rules);
    f->rules = next;
  }
}

static void unread(void *user, const law_place *place, const char *what) {
  law_check *c = user;
  add_reason(c, what, 0, 1, 0, place->frame);
}

/* ---- All ---- */

law_check *law_check_new(const law_check_options *options, const law_pcap_secrets *secrets,
                         const law_check_output *output) {
  law_check *c = calloc(1, sizeof *c);
  if (!c) {
    return NULL;
  }
  const law_listener listener = {.user = c,
                                 .flow_size = sizeof(check_flow),
                                 .opened = opened,
                                 .data = data,
                                 .missing = missing,
                                 .late = late,
                                 .differs = differs,
                                 .ended = ended,
                                 .closed = closed,
                                 .soon = soon,
                                 .unread = unread};
  c->options = *options;
  c->output = *output;
  c->env = (law_stream_env){.talk = {.user = c,
                                     .told = told_one,
                                     .fine = output->message ? NULL : fine,
                                     .skipped = skipped},
                            .secrets = secrets,
                            .as = options->as,
                            .num_as = options->num_as,
                            .variant = options->variant,
                            .world = world_of};
  c->reader = law_reader_new(&options->reader, &listener);
  if (!c->reader) {
    free(c);
    return NULL;
  }
  return c;
}

void law_check_free(law_check *c) {
  if (c) {
    law_reader_free(c->reader);
    law_worlds_free(&c->worlds);
    for (size_t i = 0; i < c->totals.num_reasons; i++) {
      free(c->totals.reasons[i].what);
    }
    free(c);
  }
}

void law_check_comment(law_check *c, uint64_t frame, law_bytes text) {
  if (law_known_parse(text, &c->comment)) {
    c->comment_frame = frame;
  }
}

void law_check_ready(law_check *c, const law_packet *packets, size_t num) {
  law_reader_ready(c->reader, packets, num);
}

void law_check_packet(law_check *c, const law_packet *packet) {
  law_check_totals *t = &c->totals;
  c->frame = packet->frame;
  if (LAW_UNLIKELY(t->first_time == 0)) {
    t->first_time = packet->time;
  }
  t->last_time = packet->time;
  law_reader_packet(c->reader, packet);
}

void law_check_end(law_check *c) { law_reader_end(c->reader); }

const law_check_totals *law_check_total(const law_check *c) { return &c->totals; }

const law_reader_counts *law_check_counts(const law_check *c) {
  return law_reader_counted(c->reader);
}
