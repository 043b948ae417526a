#include "pcap/tcp.h"

enum { HEADER = 20, LONE_BYTE = 1 };

/* ns after which nobody sends again what is missing. */
static const int64_t patience = INT64_C(120) * 1000000000;

/* ---- The header ---- */

const char *law_tcp_open(law_slice s, law_segment *out) {
  if (LAW_UNLIKELY(s.captured < HEADER)) {
    return s.length < HEADER ? "a malformed TCP header" : "TCP header cut short by the capture";
  }
  uint32_t len = (uint32_t)(s.data[12] >> 4) * 4;
  if (LAW_UNLIKELY(len < HEADER || s.length < len)) {
    return "a malformed TCP header";
  }
  out->port[0] = (uint16_t)law_slice_u16(&s, 0);
  out->port[1] = (uint16_t)law_slice_u16(&s, 2);
  out->data.seq = law_slice_u16(&s, 4) << 16 | law_slice_u16(&s, 6);
  out->ack = law_slice_u16(&s, 8) << 16 | law_slice_u16(&s, 10);
  out->flags = s.data[13];
  out->data.len = s.length - len;
  out->data.bytes = s.captured > len ? law_bytes_of(s.data + len, s.captured - len)
                                     : law_bytes_of(s.data + s.captured, 0);
  out->data.place.at += len;
  return NULL;
}

/* ---- The list of sides that wait ---- */

static void set_before(law_tcp *t, law_flow_entry *e, unsigned i, law_flow_entry *to,
                       unsigned to_side) {
  if (e != NULL) {
    e->rare[i].before = to;
    e->rare[i].before_side = (uint8_t)to_side;
  } else {
    t->newest = to;
    t->newest_side = (uint8_t)to_side;
  }
}

static void set_after(law_tcp *t, law_flow_entry *e, unsigned i, law_flow_entry *to,
                      unsigned to_side) {
  if (e != NULL) {
    e->rare[i].after = to;
    e->rare[i].after_side = (uint8_t)to_side;
  } else {
    t->oldest = to;
    t->oldest_side = (uint8_t)to_side;
  }
}

static void start_waiting(law_tcp *t, law_flow_entry *e, unsigned i, uint64_t time) {
  e->rare[i].since = time;
  set_before(t, e, i, t->newest, t->newest_side);
  set_after(t, e, i, NULL, 0);
  set_after(t, t->newest, t->newest_side, e, i);
  t->newest = e;
  t->newest_side = (uint8_t)i;
}

static void stop_waiting(law_tcp *t, law_flow_entry *e, unsigned i) {
  const law_tcp_rare *rare = &e->rare[i];
  law_flow_entry *before = rare->before, *after = rare->after;
  unsigned before_side = rare->before_side, after_side = rare->after_side;
  set_after(t, before, before_side, after, after_side);
  set_before(t, after, after_side, before, before_side);
}

/* ---- Telling ---- */

static void tell_missing(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place,
                         law_missing why, uint64_t num) {
  if (t->listener->missing != NULL) {
    t->listener->missing(t->listener->user, &e->flow, from, place, why, num);
  }
}

static void tell_start(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place) {
  if (!e->side[from].told_start) {
    e->side[from].told_start = true;
    tell_missing(t, e, from, place, LAW_MISSING_START, 0);
  }
}

static void tell_differs(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place,
                         uint64_t num) {
  if (num > 0 && t->listener->differs != NULL) {
    t->listener->differs(t->listener->user, &e->flow, from, place, num);
  }
}

LAW_INLINE void tell_data(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place,
                          law_bytes bytes) {
  if (t->listener->data != NULL) {
    t->listener->data(t->listener->user, &e->flow, from, place, bytes);
  }
}

/* What waits behind the end is no part of the stream. */
static void drop_waiting(law_tcp *t, law_flow_entry *e, unsigned from) {
  law_tcp_side *side = &e->side[from];
  if (law_queue_empty(&side->waiting)) {
    return;
  }
  while (!law_queue_empty(&side->waiting)) {
    law_queue_pop(&t->pool, &side->waiting);
  }
  stop_waiting(t, e, from);
}

static void tell_end(law_tcp *t, law_flow_entry *e, unsigned from, law_end how, uint64_t time) {
  drop_waiting(t, e, from);
  if (!e->side[from].ended) {
    e->side[from].ended = true;
    if (t->listener->ended != NULL) {
      t->listener->ended(t->listener->user, &e->flow, from, how, time);
    }
  }
}

/* ---- The stream goes on ---- */

LAW_INLINE void move_on(law_tcp_side *side, uint32_t len) {
  side->next += len;
  if (law_seq_diff(side->acked, side->next) < 0) {
    side->acked = side->next;
  }
}

static void deliver(law_tcp *t, law_flow_entry *e, unsigned from, const law_piece *piece) {
  tell_start(t, e, from, &piece->place);
  move_on(&e->side[from], piece->len);
  if (piece->bytes.len > 0) {
    tell_data(t, e, from, &piece->place, piece->bytes);
  }
  if (piece->len > piece->bytes.len) {
    uint64_t cut = piece->len - piece->bytes.len;
    t->counts->cut_bytes += cut;
    tell_missing(t, e, from, &piece->place, LAW_MISSING_CUT, cut);
  }
}

static void lose(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place,
                 uint32_t len) {
  law_tcp_side *side = &e->side[from];
  tell_start(t, e, from, place);
  e->rare[from].lost_from = side->next;
  move_on(side, len);
  e->rare[from].lost_to = side->next;
  t->counts->lost_bytes += len;
  tell_missing(t, e, from, place, LAW_MISSING_LOST, len);
}

static law_piece piece_of(const law_chunk *c) {
  return (law_piece){c->place, c->seq, c->len + c->cut, law_bytes_of(c->data, c->len)};
}

/* Tells the chunks that are next. |beside|, which may be NULL, came after them; where it says
 * something else, that is told. */
static void drain(law_tcp *t, law_flow_entry *e, unsigned from, const law_piece *beside,
                  uint64_t now) {
  law_tcp_side *side = &e->side[from];
  bool moved = false;
  while (!law_queue_empty(&side->waiting)) {
    const law_chunk *c = law_pool_at(&t->pool, side->waiting.first);
    int32_t old = law_seq_diff(side->next, c->seq);
    if (old < 0) {
      break;
    }
    law_piece piece = piece_of(c);
    if (beside != NULL) {
      tell_differs(t, e, from, &beside->place, law_chunk_differs(c, beside));
    }
    law_piece_trim(&piece, (uint32_t)old < piece.len ? (uint32_t)old : piece.len);
    if (piece.len > 0) {
      deliver(t, e, from, &piece);
    }
    law_queue_pop(&t->pool, &side->waiting);
    moved = true;
  }
  if (moved) {
    stop_waiting(t, e, from);
    if (!law_queue_empty(&side->waiting)) {
      start_waiting(t, e, from, now); /* at another hole */
    }
  }
}

static void check_end(law_tcp *t, law_flow_entry *e, unsigned from, uint64_t time) {
  const law_tcp_side *side = &e->side[from];
  if (side->has_fin && law_seq_diff(side->next, side->fin) >= 0) {
    tell_end(t, e, from, LAW_END_FIN, time);
  }
}

/* Gives up the hole before what waits. */
static void skip_hole(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place) {
  law_tcp_side *side = &e->side[from];
  const law_chunk *c = law_pool_at(&t->pool, side->waiting.first);
  int32_t hole = law_seq_diff(c->seq, side->next);
  if (hole > 0) {
    lose(t, e, from, place, (uint32_t)hole);
  }
  drain(t, e, from, NULL, place->time);
}

static void skip_all(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place) {
  while (!law_queue_empty(&e->side[from].waiting)) {
    skip_hole(t, e, from, place);
  }
}

/* Gives up what the other side acknowledged and no packet holds, as far as something waits behind
 * it; if |all|, also when nothing does. */
static void settle(law_tcp *t, law_flow_entry *e, unsigned from, const law_place *place, bool all) {
  law_tcp_side *side = &e->side[from];
  if (side->known == LAW_TCP_UNKNOWN) {
    return;
  }
  while (law_seq_diff(side->acked, side->next) > 0 &&
         (all || !law_queue_empty(&side->waiting))) {
    const law_chunk *c =
        law_queue_empty(&side->waiting) ? NULL : law_pool_at(&t->pool, side->waiting.first);
    if (c != NULL && law_seq_diff(side->acked, c->seq) >= 0) {
      skip_hole(t, e, from, place);
    } else {
      lose(t, e, from, place, side->acked - side->next);
    }
  }
  check_end(t, e, from, place->time);
}

/* Makes room in the pool: the hole that is the oldest is given up. */
static void make_room(law_tcp *t, const law_place *place) {
  law_flow_entry *e = t->oldest;
  unsigned from = t->oldest_side;
  skip_hole(t, e, from, place);
  check_end(t, e, from, place->time);
}

void law_tcp_expire(law_tcp *t, const law_place *place) {
  while (t->oldest != NULL &&
         (int64_t)(place->time - t->oldest->rare[t->oldest_side].since) > patience) {
    make_room(t, place);
  }
}

/* ---- One segment's data ---- */

static void trim_old(const law_tcp_side *side, law_piece *piece) {
  int32_t old = law_seq_diff(side->next, piece->seq);
  if (old > 0) {
    law_piece_trim(piece, (uint32_t)old < piece->len ? (uint32_t)old : piece->len);
  }
  if (side->has_fin) {
    int32_t left = law_seq_diff(side->fin, piece->seq);
    uint32_t len = left > 0 ? (uint32_t)left : 0;
    piece->len = len < piece->len ? len : piece->len;
    piece->bytes.len = piece->bytes.len < piece->len ? piece->bytes.len : piece->len;
  }
}

/* |piece| is next: tells it as far as what waits does not have the same, and that too. */
static void take_next(law_tcp *t, law_flow_entry *e, unsigned from, law_piece *piece) {
  law_tcp_side *side = &e->side[from];
  law_piece head = *piece;
  if (!law_queue_empty(&side->waiting)) {
    int32_t gap = law_seq_diff(law_pool_at(&t->pool, side->waiting.first)->seq, head.seq);
    head.len = (uint32_t)gap < head.len ? (uint32_t)gap : head.len;
    head.bytes.len = head.bytes.len < head.len ? head.bytes.len : head.len;
  }
  deliver(t, e, from, &head);
  law_piece_trim(piece, head.len);
  drain(t, e, from, piece, piece->place.time);
}

/* |piece| comes too early. False: no room. */
static bool keep(law_tcp *t, law_flow_entry *e, unsigned from, const law_piece *piece) {
  law_tcp_side *side = &e->side[from];
  uint64_t differ = 0;
  bool was_empty = law_queue_empty(&side->waiting);
  bool kept = law_queue_insert(&t->pool, &side->waiting, *piece, &differ);
  if (was_empty && !law_queue_empty(&side->waiting)) {
    start_waiting(t, e, from, piece->place.time);
  }
  tell_differs(t, e, from, &piece->place, differ);
  return kept;
}

static void take(law_tcp *t, law_flow_entry *e, unsigned from, law_piece piece) {
  const law_tcp_side *side = &e->side[from];
  for (;;) {
    trim_old(side, &piece);
    if (piece.len == 0) {
      return;
    }
    if (piece.seq == side->next) {
      take_next(t, e, from, &piece);
    } else if (keep(t, e, from, &piece)) {
      return;
    } else {
      make_room(t, &piece.place);
    }
  }
}

static void count(law_tcp *t, const law_tcp_side *side, const law_piece *piece) {
  if (piece->len > 0) {
    int32_t ahead = law_seq_diff(piece->seq, side->next);
    t->counts->out_of_order += ahead > 0;
    t->counts->old += ahead < 0 && law_seq_diff(piece->seq + piece->len, side->next) <= 0;
  }
}

static bool is_far(const law_tcp_side *side, uint32_t seq) {
  int32_t ahead = law_seq_diff(seq, side->next);
  return ahead > LAW_TCP_FAR || ahead < -LAW_TCP_FAR;
}

/* A segment far from the stream: a stray one, unless the next goes on behind it. Then the stream is
 * there now, and how much lies between is only known when it went forward. */
static bool is_stray(law_tcp *t, law_flow_entry *e, unsigned from, const law_piece *piece) {
  law_tcp_side *side = &e->side[from];
  if (LAW_LIKELY(!is_far(side, piece->seq))) {
    side->has_stray = false;
    return false;
  }
  if (!side->has_stray || e->rare[from].stray != piece->seq) {
    side->has_stray = true;
    e->rare[from].stray = piece->seq + piece->len;
    return true;
  }
  skip_all(t, e, from, &piece->place);
  int32_t ahead = law_seq_diff(piece->seq, side->next);
  lose(t, e, from, &piece->place, ahead > 0 ? (uint32_t)ahead : 0);
  side->next = side->acked = piece->seq;
  side->has_stray = false;
  return false;
}

/* A segment out of what was just given up: its acknowledgement was captured first, or was never
 * true. Nothing after it was told yet, so that the stream can still go back. */
static void take_late(law_tcp *t, law_flow_entry *e, unsigned from, const law_piece *piece) {
  law_tcp_side *side = &e->side[from];
  if (side->next == e->rare[from].lost_to && piece->len > LONE_BYTE &&
      law_seq_diff(piece->seq, e->rare[from].lost_from) >= 0 &&
      law_seq_diff(e->rare[from].lost_to, piece->seq) > 0) {
    uint32_t num = side->next - piece->seq;
    side->next = side->acked = piece->seq;
    t->counts->lost_bytes -= num;
    if (t->listener->late != NULL) {
      t->listener->late(t->listener->user, &e->flow, from, num);
    }
  }
}

/* ---- Where a direction begins ---- */

static void anchor(law_tcp_side *side, uint32_t next, uint8_t known) {
  side->next = side->acked = next;
  side->known = known;
}

static void take_syn(law_flow_entry *e, unsigned from, const law_segment *seg) {
  law_tcp_side *side = &e->side[from];
  if (!e->flow.syn[from]) {
    e->flow.syn[from] = true;
    e->flow.from_start = e->flow.syn[1 - from];
    side->told_start = true;
    e->rare[from].isn = seg->data.seq;
    anchor(side, seg->data.seq + 1, LAW_TCP_KNOWN);
  }
}

/* The first segment of a direction whose SYN was not captured. A lone byte may be the old one that
 * a keep-alive probe sends again, and is not believed. */
static void take_middle(law_tcp_side *side, const law_segment *seg) {
  const law_piece *data = &seg->data;
  bool probe = data->len == LONE_BYTE && (seg->flags & LAW_TCP_FIN) == 0;
  if (side->known == LAW_TCP_UNKNOWN) {
    anchor(side, data->seq + (probe ? LONE_BYTE : 0), LAW_TCP_KNOWN);
  } else if (is_far(side, data->seq) || law_seq_diff(data->seq, side->next) > 0) {
    anchor(side, data->seq, LAW_TCP_KNOWN); /* what was guessed lies before what was captured */
  } else if (data->seq == side->next) {
    side->known = LAW_TCP_KNOWN;
  }
}

/* Notes that everything before |ack| was received. */
static void take_ack(law_tcp *t, law_flow_entry *e, unsigned of, uint32_t ack,
                     const law_place *place) {
  law_tcp_side *side = &e->side[of];
  if (side->known == LAW_TCP_UNKNOWN) {
    anchor(side, ack, LAW_TCP_GUESSED);
    return;
  }
  if (side->has_fin && ack == side->fin + 1) {
    ack = side->fin;
  }
  if (law_seq_diff(ack, side->acked) > 0 && !is_far(side, ack)) {
    side->acked = ack;
    settle(t, e, of, place, false);
  }
}

/* ---- Segments ---- */

static bool is_reset(law_tcp *t, law_flow_entry *e, unsigned from, const law_segment *seg) {
  law_tcp_side *side = &e->side[from];
  const law_place *place = &seg->data.place;
  if (side->known != LAW_TCP_UNKNOWN && is_far(side, seg->data.seq)) {
    return false; /* not from this connection */
  }
  if ((seg->flags & LAW_TCP_ACK) != 0 && e->side[1 - from].known != LAW_TCP_UNKNOWN) {
    take_ack(t, e, 1 - from, seg->ack, place);
  }
  settle(t, e, 1 - from, place, true);
  skip_all(t, e, from, place);
  int32_t ahead = law_seq_diff(seg->data.seq, side->next);
  if (side->known != LAW_TCP_UNKNOWN && !side->ended && ahead > 0) {
    lose(t, e, from, place, (uint32_t)ahead);
  }
  tell_end(t, e, from, LAW_END_RST, place->time);
  return true;
}

static void take_fin(law_tcp_side *side, const law_segment *seg) {
  if ((seg->flags & LAW_TCP_FIN) != 0 && !side->has_fin) {
    side->has_fin = true;
    side->fin = seg->data.seq + seg->data.len;
    if (law_seq_diff(side->acked, side->fin) > 0) {
      side->acked = side->fin; /* the FIN's own number was acknowledged, too */
    }
  }
}

/* Anything but the next data of an open connection. */
LAW_NOINLINE static bool take_segment(law_tcp *t, law_flow_entry *e, unsigned from,
                                      law_segment seg) {
  law_tcp_side *side = &e->side[from];
  const law_place *place = &seg.data.place;
  if ((seg.flags & LAW_TCP_RST) != 0) {
    return is_reset(t, e, from, &seg) || law_tcp_is_over(e);
  }
  if ((seg.flags & LAW_TCP_SYN) != 0) {
    take_syn(e, from, &seg);
    seg.data.seq++;
  } else if (side->known != LAW_TCP_KNOWN) {
    take_middle(side, &seg);
  }
  if ((seg.flags & LAW_TCP_ACK) != 0) {
    take_ack(t, e, 1 - from, seg.ack, place);
  }
  if (seg.data.len == 0 && (seg.flags & LAW_TCP_FIN) == 0) {
    return law_tcp_is_over(e);
  }
  settle(t, e, 1 - from, place, true);
  if (is_stray(t, e, from, &seg.data)) {
    t->counts->old++;
    return law_tcp_is_over(e);
  }
  if (side->ended) { /* by a reset: what comes after it is no part of the stream */
    count(t, side, &seg.data);
    return law_tcp_is_over(e);
  }
  take_late(t, e, from, &seg.data);
  count(t, side, &seg.data);
  take_fin(side, &seg);
  take(t, e, from, seg.data);
  settle(t, e, from, place, false);
  return law_tcp_is_over(e);
}

bool law_tcp_segment(law_tcp *t, law_flow_entry *e, unsigned from, const law_segment *seg) {
  law_tcp_side *side = &e->side[from];
  const law_tcp_side *other = &e->side[1 - from];
  const uint8_t special = LAW_TCP_SYN | LAW_TCP_FIN | LAW_TCP_RST | LAW_TCP_ACK;
  bool simple = (seg->flags & special) == LAW_TCP_ACK && side->known == LAW_TCP_KNOWN &&
                seg->data.seq == side->next && law_queue_empty(&side->waiting) && !side->has_fin &&
                !side->ended && side->told_start && seg->data.bytes.len == seg->data.len &&
                other->known != LAW_TCP_UNKNOWN && law_seq_diff(seg->ack, other->next) <= 0 &&
                law_seq_diff(other->acked, other->next) <= 0;
  if (LAW_UNLIKELY(!simple)) {
    return take_segment(t, e, from, *seg);
  }
  if (seg->data.len > 0) {
    side->has_stray = false;
    move_on(side, seg->data.len);
    tell_data(t, e, from, &seg->data.place, seg->data.bytes);
  }
  return false;
}

/* ---- Connections ---- */

void law_tcp_begin(law_flow_entry *e) {
  law_queue_init(&e->side[0].waiting);
  law_queue_init(&e->side[1].waiting);
}

/* Whether the SYN |seg| is of another connection than what was seen before. */
static bool is_new_syn(const law_flow_entry *e, unsigned from, const law_segment *seg) {
  const law_tcp_side *side = &e->side[from], *other = &e->side[1 - from];
  if (e->done && (seg->flags & LAW_TCP_ACK) == 0) {
    return true;
  }
  if (e->flow.syn[from]) {
    return e->rare[from].isn != seg->data.seq;
  }
  if (side->known == LAW_TCP_UNKNOWN) {
    return other->told_start && !e->flow.syn[1 - from]; /* that one began earlier */
  }
  return side->told_start || side->next != seg->data.seq + 1;
}

bool law_tcp_is_new(const law_flow_entry *e, unsigned from, const law_segment *seg) {
  if ((seg->flags & LAW_TCP_RST) != 0) {
    return false;
  }
  if ((seg->flags & LAW_TCP_SYN) != 0) {
    return is_new_syn(e, from, seg);
  }
  return e->done && e->side[from].ended && seg->data.len > 0 && is_far(&e->side[from], seg->data.seq);
}

void law_tcp_finish(law_tcp *t, law_flow_entry *e, const law_place *place) {
  for (unsigned from = 0; from < 2; from++) {
    law_tcp_side *side = &e->side[from];
    skip_all(t, e, from, place);
    settle(t, e, from, place, true);
    if (side->has_fin && !side->ended) {
      lose(t, e, from, place, side->fin - side->next);
      check_end(t, e, from, place->time);
    }
  }
}
