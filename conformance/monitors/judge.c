#include "monitors/judge.h"

#include <string.h>

void law_judge_init(law_judge *j, const law_protocol *protocol, void *monitor, uint8_t *tail_client,
                    uint8_t *tail_server, size_t cap, law_judge_sink sink, void *user) {
  memset(j, 0, sizeof *j);
  j->protocol = protocol;
  j->monitor = monitor;
  j->sink = sink;
  j->user = user;
  j->max_len = cap;
  j->direction[LAW_CLIENT].tail = tail_client;
  j->direction[LAW_SERVER].tail = tail_server;
  j->direction[LAW_CLIENT].cap = cap;
  j->direction[LAW_SERVER].cap = cap;
}

/* A limit of ours says nothing about the sender, so it is no finding. */
static void find_decode(law_findings *findings, const law_violation *v) {
  if (v->status == LAW_MALFORMED || v->status == LAW_PROTOCOL_ERROR) {
    law_find(findings, v->requirement, v->status, v->offset);
  }
}

static void observe(law_judge *j, const law_judged *judged, law_findings *findings) {
  if (!j->monitor || !j->protocol->observe) {
    return;
  }
  law_observed seen = {.from = judged->from,
                       .now = judged->now,
                       .wire = judged->wire,
                       .message = judged->message,
                       .decode = judged->decode};
  j->protocol->observe(j->monitor, &seen, findings);
  if (j->second) {
    j->protocol->observe(j->second, &seen, findings);
  }
}

static void *message_of(law_judge *j) { return j->scratch ? j->scratch : j->message; }

/* One message, or what is left of a stream that can't be framed any more. |v| is set unless
 * LAW_OK. */
static void deliver(law_judge *j, law_judged *judged, const law_violation *v) {
  law_findings findings;
  findings.num = 0;
  judged->decode = judged->status == LAW_OK ? NULL : v;
  judged->message = judged->status == LAW_OK ? message_of(j) : NULL;
  judged->type = j->protocol->type_of ? j->protocol->type_of(j->context, judged->wire) : NULL;
  judged->findings = &findings;
  if (judged->decode) {
    find_decode(&findings, judged->decode);
  }
  observe(j, judged, &findings);
  j->sink(j->user, judged);
}

static void judge_message(law_judge *j, law_side from, uint64_t now, law_bytes wire) {
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  law_judged judged = {.from = from, .now = now, .wire = wire};
  judged.status = j->protocol->decode(j->context, from, wire, message_of(j), &v);
  deliver(j, &judged, &v);
}

static void tell_gap(law_judge *j, law_side from) {
  if (j->monitor && j->protocol->gap) {
    j->protocol->gap(j->monitor, from);
    if (j->second) {
      j->protocol->gap(j->second, from);
    }
  }
}

/* |hand|: the bytes in hand. */
LAW_COLD static void lose_framing(law_judge *j, law_side from, uint64_t now, law_bytes hand,
                                  const law_violation *v) {
  law_judged judged = {.from = from, .now = now, .status = v->status, .wire = hand};
  j->direction[from].dead = true;
  deliver(j, &judged, v);
}

LAW_COLD static void too_long(law_judge *j, law_side from, uint64_t now, law_bytes hand) {
  static const law_findings nothing = {.num = 0};
  const law_violation v = {LAW_R_NONE, LAW_LIMIT, 0};
  law_judged judged = {.from = from, .now = now, .status = LAW_LIMIT, .wire = hand};
  j->direction[from].dead = true;
  tell_gap(j, from);
  judged.decode = &v;
  judged.findings = &nothing;
  j->sink(j->user, &judged);
}

static law_bytes tail_of(const law_judge_direction *dir) {
  return law_bytes_of(dir->tail, dir->len);
}

static bool make_room(law_judge *j, law_judge_direction *dir, size_t need) {
  return need <= dir->cap || (j->grow && j->grow(j->user, dir, need) && need <= dir->cap);
}

/* Copies |part| behind the tail; |need| is how long the message will be at least. */
static void keep(law_judge *j, law_side from, uint64_t now, law_bytes part) {
  law_judge_direction *dir = &j->direction[from];
  if (dir->need > j->max_len || !make_room(j, dir, dir->len + part.len)) {
    too_long(j, from, now, dir->len > 0 ? tail_of(dir) : part);
    return;
  }
  memcpy(dir->tail + dir->len, part.data, part.len);
  dir->len += part.len;
}

/* Asks the framer about |in|, and judges the message if it is whole. Returns its length; 0 when it
 * is not whole yet (|need| is set then), or when the direction is dead. */
static size_t judge_first(law_judge *j, law_side from, uint64_t now, law_bytes in) {
  law_judge_direction *dir = &j->direction[from];
  law_violation v = {LAW_R_NONE, LAW_MALFORMED, 0};
  size_t len = 0;
  law_status status = j->protocol->frame(j->context, in, &len, &v);
  if (LAW_LIKELY(status == LAW_OK && len > 0 && len <= in.len)) {
    if (LAW_UNLIKELY(len > j->max_len)) {
      too_long(j, from, now, in);
      return 0;
    }
    judge_message(j, from, now, law_bytes_of(in.data, len));
    return len;
  }
  if (status == LAW_NEED_MORE) {
    dir->need = len > in.len ? len : in.len + 1;
    return 0;
  }
  v.status = status == LAW_OK ? LAW_MALFORMED : status;
  lose_framing(j, from, now, in, &v);
  return 0;
}

/* Judges or keeps the beginning of |bytes|, which begin a message; returns how many were used. */
static size_t begin_message(law_judge *j, law_side from, uint64_t now, law_bytes bytes) {
  size_t len = judge_first(j, from, now, bytes);
  if (len > 0) {
    return len;
  }
  if (!j->direction[from].dead) {
    keep(j, from, now, bytes);
  }
  return bytes.len;
}

/* Adds what the message in the tail needs from |bytes|; returns how many were used. */
static size_t continue_message(law_judge *j, law_side from, uint64_t now, law_bytes bytes) {
  law_judge_direction *dir = &j->direction[from];
  size_t missing = dir->need - dir->len;
  size_t take = missing < bytes.len ? missing : bytes.len;
  keep(j, from, now, law_bytes_of(bytes.data, take));
  if (dir->dead || dir->len < dir->need) {
    return take;
  }
  if (judge_first(j, from, now, tail_of(dir)) > 0) {
    dir->len = 0;
  } else if (!dir->dead && dir->need > j->max_len) {
    too_long(j, from, now, tail_of(dir));
  }
  return take;
}

void law_judge_push(law_judge *j, law_side from, uint64_t now, law_bytes bytes) {
  const law_judge_direction *dir = &j->direction[from];
  while (bytes.len > 0 && !dir->dead) {
    size_t used =
        dir->len > 0 ? continue_message(j, from, now, bytes) : begin_message(j, from, now, bytes);
    bytes.data += used;
    bytes.len -= used;
  }
}

/* Tells what the monitor found with no message at hand. */
static void report(law_judge *j, law_side from, uint64_t now, const law_findings *findings) {
  if (findings->num > 0) {
    law_judged judged = {.from = from, .now = now, .status = LAW_OK, .findings = findings};
    j->sink(j->user, &judged);
  }
}

void law_judge_closed(law_judge *j, law_side from, bool reset, uint64_t now) {
  law_findings findings;
  findings.num = 0;
  j->direction[from].dead = true;
  if (j->monitor && j->protocol->closed) {
    j->protocol->closed(j->monitor, from, reset, now, &findings);
    if (j->second) {
      j->protocol->closed(j->second, from, reset, now, &findings);
    }
    report(j, from, now, &findings);
  }
}

void law_judge_gap(law_judge *j, law_side from) {
  j->direction[from].len = 0;
  j->direction[from].dead = false;
  tell_gap(j, from);
}

uint64_t law_judge_tick(law_judge *j, uint64_t now) {
  law_findings findings;
  findings.num = 0;
  if (!j->monitor || !j->protocol->tick) {
    return UINT64_MAX;
  }
  uint64_t next = j->protocol->tick(j->monitor, now, &findings);
  if (j->second) {
    uint64_t other = j->protocol->tick(j->second, now, &findings);
    next = other < next ? other : next;
  }
  report(j, LAW_SERVER, now, &findings);
  return next;
}
