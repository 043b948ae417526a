#include "pcap/stream.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/stream_internal.h"

static law_stream *new_stream(law_stream_env *env, void *owner, const law_flow *flow,
                              const law_stream_known *known, const law_stream *around) {
  law_stream *s = calloc(1, sizeof *s);
  if (s) {
    s->env = env;
    s->owner = owner;
    s->flow = flow;
    s->known = *known;
    s->around = around;
    s->whole = around ? around->whole : flow->syn[0];
    s->client = around ? around->client : flow->syn[0] ? 0 : -1;
    s->held_end = &s->held;
  }
  return s;
}

law_stream *law_stream_new(law_stream_env *env, void *owner, const law_flow *flow,
                           const law_stream_known *known) {
  return new_stream(env, owner, flow, known, NULL);
}

static void free_held(law_stream *s) {
  while (s->held) {
    law_held *next = s->held->next;
    free(s->held);
    s->held = next;
  }
  s->held_end = &s->held;
  s->held_len = 0;
}

void law_stream_free(law_stream *s) {
  if (s) {
    free_held(s);
    law_talk_free(s->talk);
    law_pcap_tls_free(s->tls);
    law_pcap_dtls_free(s->dtls);
    law_websocket_free(s->websocket);
    law_stream_free(s->inside);
    free(s->why);
    free(s);
  }
}

static void out_of_memory(law_stream *s) {
  s->layer = LAW_LAYER_NONE;
  s->unjudged = "no memory was left for it";
}

/* ---- What comes out of a transport ---- */

static law_stream *inside_of(law_stream *s) {
  if (!s->inside) {
    s->inside = new_stream(s->env, s->owner, s->flow, &s->known, s);
  }
  return s->inside;
}

static void push_inside(law_stream *s, unsigned from, const law_place *place, law_bytes bytes) {
  law_stream *inside = inside_of(s);
  if (inside && bytes.len > 0) {
    law_stream_push(inside, from, place, bytes);
  }
}

static void from_tls(void *user, unsigned from, law_bytes plain) {
  law_stream *s = user;
  int client = s->tls ? law_pcap_tls_client(s->tls) : s->dtls ? law_pcap_dtls_client(s->dtls) : -1;
  law_place place = s->now;
  place.at = LAW_AT_NOWHERE;
  if (s->tls) {
    law_tls_mark mark = law_pcap_tls_marked(s->tls);
    place.frame = mark.frame;
    place.time = mark.time;
  }
  s->client = client >= 0 ? client : s->client;
  push_inside(s, from, &place, plain);
}

static void gap_of_tls(void *user, unsigned from) {
  law_stream *s = user;
  law_stream *inside = inside_of(s);
  if (inside) {
    law_stream_missing(inside, from, &s->now, 0, false);
  }
}

static void end_of_tls(void *user, unsigned from) {
  law_stream *s = user;
  if (s->inside) {
    law_stream_ended(s->inside, from, false, s->now.time);
  }
}

static void from_websocket(void *user, unsigned from, const law_place *place, law_bytes bytes) {
  law_stream *s = user;
  s->client = law_websocket_client(s->websocket);
  push_inside(s, from, place, bytes);
}

static void gap_of_websocket(void *user, unsigned from, const law_place *place,
                             uint64_t num_bytes) {
  law_stream *s = user;
  law_stream *inside = inside_of(s);
  if (inside) {
    law_stream_missing(inside, from, place, num_bytes, false);
  }
}

static void late_in_websocket(void *user, unsigned from, uint64_t num_bytes) {
  law_stream *s = user;
  if (s->inside) {
    law_stream_late(s->inside, from, num_bytes);
  }
}

/* |offset| counts from the frame's first byte. */
static void tell_broken(law_stream *s, unsigned from, law_requirement requirement, uint32_t offset,
                        const law_place *place) {
  const law_violation v = {requirement, LAW_PROTOCOL_ERROR, offset};
  law_place first = *place;
  if (first.at != LAW_AT_NOWHERE) {
    first.at -= offset;
  }
  int client = s->websocket ? law_websocket_client(s->websocket) : s->client;
  law_side side = client == (int)from ? LAW_CLIENT : LAW_SERVER;
  if (s->known.judged != 0 && (s->known.judged >> side & 1) == 0) {
    return;
  }
  law_told told = {.kind = LAW_TOLD_FOUND,
                   .name = "websocket",
                   .from = from,
                   .side = client < 0 ? -1 : (int)side,
                   .time = place->time,
                   .status = LAW_PROTOCOL_ERROR,
                   .violations = &v,
                   .num_violations = 1,
                   .place = first,
                   .last = *place};
  s->env->talk.told(s->env->talk.user, s->owner, &told);
}

static void broken_websocket(void *user, unsigned from, law_requirement requirement,
                             uint32_t offset, const law_place *place) {
  tell_broken(user, from, requirement, offset, place);
}

/* Which statement it breaks is the affair of the protocol inside. */
static void text_in_websocket(void *user, unsigned from, const law_place *place) {
  law_stream *s = user;
  const law_talk *talk = s->inside ? s->inside->talk : NULL;
  const law_protocol *p = talk ? law_talk_protocol(talk) : NULL;
  law_requirement r = p && p->in_text_frame ? p->in_text_frame(law_talk_context(talk)) : LAW_R_NONE;
  if (r != LAW_R_NONE) {
    tell_broken(s, from, r, 0, place);
  }
}

/* ---- Deciding ---- */

static bool is_whole_way(const law_stream *s, unsigned end) {
  return !s->around && s->flow->kind == LAW_FLOW_TCP && s->flow->syn[end] && !s->late[end];
}

static void start_talk(law_stream *s, const law_decision *d) {
  int client = d->client >= 0 ? d->client : s->client;
  law_talk_start start = {
      .protocol = d->protocol,
      .client = client,
      .server_hint = law_stream_server_hint(s, d->protocol),
      .variant = d->variant ? d->variant : s->env->variant,
      .whole = s->whole || d->protocol->datagrams,
      .begins = {!d->guessed && is_whole_way(s, 0), !d->guessed && is_whole_way(s, 1)},
      .world = s->known.world,
      .judged = s->known.judged != 0 ? s->known.judged : 3};
  if (s->env->world && !start.world && client >= 0) {
    start.world = s->env->world(s->env->talk.user, d->protocol, &s->flow->end[1 - client]);
  }
  s->talk = law_talk_new(&s->env->talk, s->owner, &start);
  if (!s->talk) {
    out_of_memory(s);
  } else if (d->client >= 0 && !s->around) {
    law_stream_learn(s, d->protocol, d->client);
  }
}

static void start_transport(law_stream *s, const law_decision *d) {
  const law_tls_sink sink = {s, from_tls, gap_of_tls, end_of_tls};
  const law_websocket_sink ws = {.user = s,
                                 .data = from_websocket,
                                 .missing = gap_of_websocket,
                                 .late = late_in_websocket,
                                 .broken = broken_websocket,
                                 .text = text_in_websocket};
  if (d->layer == LAW_LAYER_TLS) {
    s->tls = law_pcap_tls_new(s->env->secrets, &sink);
  } else if (d->layer == LAW_LAYER_DTLS) {
    s->dtls = law_pcap_dtls_new(s->env->secrets, &sink);
  } else {
    s->websocket = law_websocket_new(&ws, d->upgraded);
  }
  if (!s->tls && !s->dtls && !s->websocket) {
    out_of_memory(s);
  }
}

static void start(law_stream *s, const law_decision *d) {
  s->layer = d->layer;
  if (d->layer == LAW_LAYER_NONE) {
    s->unjudged = d->why;
  } else if (d->layer == LAW_LAYER_TALK) {
    start_talk(s, d);
  } else {
    start_transport(s, d);
  }
}

/* ---- Holding ---- */

static bool hold(law_stream *s, unsigned from, const law_place *place, law_bytes bytes) {
  law_held *held = malloc(sizeof *held + bytes.len);
  if (!held) {
    return false;
  }
  *held = (law_held){.from = from, .place = *place, .len = bytes.len};
  if (bytes.len > 0) {
    memcpy(held->data, bytes.data, bytes.len);
  }
  *s->held_end = held;
  s->held_end = &held->next;
  s->held_len += sizeof *held + bytes.len;
  return true;
}

/* The first datagram of |end| that some protocol takes for its own, else the first one. */
static law_bytes datagram_of(const law_stream *s, unsigned end) {
  law_bytes first = {NULL, 0};
  for (const law_held *h = s->held; h; h = h->next) {
    law_bytes datagram = law_bytes_of(h->data, h->from == end ? h->len : 0);
    for (size_t i = 0; law_protocols[i] && datagram.len > 0; i++) {
      if (law_protocols[i]->datagrams && law_protocols[i]->detect(datagram, LAW_CLIENT) > 0) {
        return datagram;
      }
    }
    first = first.len > 0 ? first : datagram;
  }
  return first;
}

/* The first bytes of |end| that are held, in a row. */
static law_bytes head_of(const law_stream *s, unsigned end, uint8_t *head) {
  size_t len = 0;
  if (s->flow->kind == LAW_FLOW_UDP) {
    return datagram_of(s, end);
  }
  for (const law_held *h = s->held; h && len < LAW_HEAD_MAX; h = h->next) {
    if (h->from == end && h->len == 0 && len > 0) {
      break;
    }
    size_t take = h->from == end ? h->len : 0;
    take = take < LAW_HEAD_MAX - len ? take : LAW_HEAD_MAX - len;
    if (take > 0) {
      memcpy(head + len, h->data, take);
      len += take;
    }
  }
  return law_bytes_of(head, len);
}

static void deliver(law_stream *s, unsigned from, const law_place *place, law_bytes bytes) {
  s->now = *place;
  switch (s->layer) {
    case LAW_LAYER_TALK:
      law_talk_push(s->talk, from, place, bytes);
      break;
    case LAW_LAYER_TLS:
      law_pcap_tls_mark(s->tls, (law_tls_mark){place->frame, place->time});
      law_pcap_tls_push(s->tls, from, bytes);
      break;
    case LAW_LAYER_DTLS:
      law_pcap_dtls_push(s->dtls, from, bytes);
      break;
    case LAW_LAYER_WEBSOCKET:
      law_websocket_push(s->websocket, from, place, bytes);
      break;
    default:
      break;
  }
}

static void deliver_missing(law_stream *s, unsigned from, const law_place *place,
                            uint64_t num_bytes, bool begins_here) {
  s->now = *place;
  switch (s->layer) {
    case LAW_LAYER_TALK:
      if (!begins_here || s->whole) {
        law_talk_missing(s->talk, from, place, num_bytes);
      }
      break;
    case LAW_LAYER_TLS:
      law_pcap_tls_gap(s->tls, from, num_bytes);
      break;
    case LAW_LAYER_WEBSOCKET:
      law_websocket_missing(s->websocket, from, place, num_bytes);
      break;
    default:
      break;
  }
}

static void release_held(law_stream *s) {
  law_held *held = s->held;
  s->held = NULL;
  s->held_end = &s->held;
  s->held_len = 0;
  while (held) {
    law_held *next = held->next;
    if (held->len > 0) {
      deliver(s, held->from, &held->place, law_bytes_of(held->data, held->len));
    } else {
      deliver_missing(s, held->from, &held->place, held->missing, held->start);
    }
    free(held);
    held = next;
  }
}

static void decide_held(law_stream *s, bool final) {
  uint8_t first[LAW_HEAD_MAX], second[LAW_HEAD_MAX];
  const law_bytes heads[2] = {head_of(s, 0, first), head_of(s, 1, second)};
  law_decision d = law_stream_decide(s, heads, final || s->held_len > LAW_HELD_MAX);
  if (d.layer != LAW_LAYER_UNDECIDED) {
    start(s, &d);
    release_held(s);
  }
}

/* The first bytes mostly say it: then they are not copied. */
static bool decide_first(law_stream *s, unsigned from, law_bytes bytes) {
  law_bytes heads[2] = {{NULL, 0}, {NULL, 0}};
  if (s->held) {
    return false;
  }
  heads[from] = bytes;
  law_decision d = law_stream_decide(s, heads, false);
  if (d.layer == LAW_LAYER_UNDECIDED) {
    return false;
  }
  start(s, &d);
  return true;
}

/* ---- Bytes ---- */

void law_stream_soon(const law_stream *s, unsigned stage) {
  if (stage == 0) {
    law_fetch(s, offsetof(law_stream, env));
  } else if (s->talk) {
    law_talk_soon(s->talk, stage - 1);
  }
}

void law_stream_push(law_stream *s, unsigned from, const law_place *place, law_bytes bytes) {
  if (LAW_UNLIKELY(bytes.len == 0)) {
    return; /* an empty datagram */
  }
  s->bytes += bytes.len;
  if (LAW_LIKELY(s->layer != LAW_LAYER_UNDECIDED) || decide_first(s, from, bytes)) {
    deliver(s, from, place, bytes);
    return;
  }
  if (!hold(s, from, place, bytes)) {
    out_of_memory(s);
    return;
  }
  decide_held(s, false);
}

static void hold_missing(law_stream *s, unsigned from, const law_place *place, uint64_t num_bytes,
                         bool begins_here) {
  law_held **end = s->held_end;
  if (!hold(s, from, place, law_bytes_of(NULL, 0))) {
    out_of_memory(s);
    return;
  }
  (*end)->missing = num_bytes;
  (*end)->start = begins_here;
}

void law_stream_missing(law_stream *s, unsigned from, const law_place *place, uint64_t num_bytes,
                        bool begins_here) {
  if (s->layer == LAW_LAYER_UNDECIDED) {
    s->whole = false;
    s->late[from] = s->late[from] || begins_here;
    if (!begins_here) {
      hold_missing(s, from, place, num_bytes, false);
    }
    return;
  }
  deliver_missing(s, from, place, num_bytes, begins_here);
  s->whole = false;
}

/* How many are missing of what is held is not known then. */
static void doubt_held(law_stream *s, unsigned from) {
  for (law_held *h = s->held; h; h = h->next) {
    h->missing = h->from == from ? 0 : h->missing;
  }
}

void law_stream_late(law_stream *s, unsigned from, uint64_t num_bytes) {
  if (s->layer == LAW_LAYER_UNDECIDED) {
    doubt_held(s, from);
  } else if (s->layer == LAW_LAYER_TALK) {
    law_talk_late(s->talk, from, num_bytes);
  } else if (s->layer == LAW_LAYER_WEBSOCKET) {
    law_websocket_late(s->websocket, from, num_bytes);
  }
}

void law_stream_ended(law_stream *s, unsigned from, bool reset, uint64_t time) {
  s->now.time = time;
  if (s->layer == LAW_LAYER_TALK) {
    law_talk_ended(s->talk, from, reset, time);
  } else if (s->inside) {
    law_stream_ended(s->inside, from, reset, time);
  }
}

/* ---- The end ---- */

/* The transport's sentence goes with its next call. */
static const char *keep(law_stream *s, const char *why) {
  free(s->why);
  s->why = why ? strdup(why) : NULL;
  return s->why;
}

static const char *why_not_read(const law_stream *s, unsigned from) {
  return s->tls    ? law_pcap_tls_unreadable(s->tls, from)
         : s->dtls ? law_pcap_dtls_unreadable(s->dtls, from)
                   : law_websocket_unreadable(s->websocket);
}

static const char *unjudged_transport(law_stream *s) {
  const char *why = why_not_read(s, 0);
  why = why ? why : why_not_read(s, 1);
  if (why) {
    return keep(s, why);
  }
  if (s->inside) {
    return law_stream_unjudged(s->inside);
  }
  return s->websocket ? "WebSocket: no data were sent"
         : s->dtls    ? "DTLS: no application data were sent"
                      : "TLS: no application data were sent";
}

static const char *reason(law_stream *s) {
  switch (s->layer) {
    case LAW_LAYER_TALK:
      return law_talk_num(s->talk) == 0
                 ? "begins in its middle: no message can be told from what surrounds it"
                 : NULL;
    case LAW_LAYER_NONE:
      return s->unjudged;
    case LAW_LAYER_UNDECIDED:
      return NULL; /* nothing was said */
    default:
      return unjudged_transport(s);
  }
}

void law_stream_finish(law_stream *s, uint64_t time) {
  s->now.time = time;
  if (s->layer == LAW_LAYER_UNDECIDED && s->bytes > 0) {
    decide_held(s, true);
  }
  if (s->layer == LAW_LAYER_TALK) {
    law_talk_finish(s->talk, time);
  }
  if (s->inside) {
    law_stream_finish(s->inside, time);
  }
  s->unjudged = reason(s);
}

const char *law_stream_unjudged(const law_stream *s) { return s->unjudged; }

const law_talk *law_stream_talk(const law_stream *s) {
  return s->inside ? law_stream_talk(s->inside) : s->talk;
}

const char *law_stream_transport(const law_stream *s) {
  bool inside_ws = s->inside && s->inside->layer == LAW_LAYER_WEBSOCKET;
  switch (s->layer) {
    case LAW_LAYER_TLS:
      return inside_ws ? "wss" : "tls";
    case LAW_LAYER_WEBSOCKET:
      return "ws";
    case LAW_LAYER_DTLS:
      return "dtls";
    default:
      return s->flow->kind == LAW_FLOW_UDP ? "udp" : "tcp";
  }
}
