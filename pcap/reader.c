#include "pcap/reader.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pcap/fragments.h"
#include "pcap/headers.h"
#include "pcap/tcp.h"

#define SECOND UINT64_C(1000000000)

enum {
  MAX_FLOWS = 65536,
  POOL = 16 << 20,
  MIN_POOL = 256 << 10, /* so that no packet fills it alone */
  CHECK_EVERY = 64,     /* packets between looks for what is too old */
  UDP_HEADER = 8,
};

static const uint64_t default_idle = 36 * 3600 * SECOND;
static const uint64_t done_idle = 120 * SECOND; /* late segments: the 2 MSL of RFC 9293, and some */

struct law_reader {
  law_listener listener;
  uint64_t idle;
  bool checksums;
  law_flows flows;
  law_tcp tcp;
  law_fragments *fragments;
  law_flow_entry *last; /* the flow of the last packet, or NULL */
  law_headers ready[LAW_READY_MAX];
  size_t num_ready, next_ready;
  uint64_t num_flows;
  law_place place; /* of the last packet */
  law_reader_counts counts;
};

/* ---- Telling ---- */

LAW_COLD static void tell_unread(law_reader *r, const law_place *place, const char *what) {
  r->counts.unread++;
  if (r->listener.unread != NULL) {
    r->listener.unread(r->listener.user, place, what);
  }
}

static void fragment_lost(void *user, const law_place *place) {
  tell_unread(user, place, "a part of an IP datagram whose other fragments are missing");
}

/* ---- Flows ---- */

static void tell_closed(law_reader *r, law_flow_entry *e) {
  if (e->closed) {
    return;
  }
  if (e->flow.kind == LAW_FLOW_TCP) {
    law_tcp_finish(&r->tcp, e, &r->place);
  }
  e->closed = true;
  if (r->listener.closed != NULL) {
    r->listener.closed(r->listener.user, &e->flow, r->place.time);
  }
}

static void close_flow(law_reader *r, law_flow_entry *e) {
  tell_closed(r, e);
  if (r->last == e) {
    r->last = NULL;
  }
  law_flows_remove(&r->flows, e);
}

static law_endpoint endpoint_of(const law_flow_key *key, unsigned i) {
  law_endpoint end = {.address_len = (uint8_t)key->address_len, .port = key->port[i]};
  memcpy(end.address, key->address[i], sizeof end.address);
  return end;
}

static law_flow_key swapped(const law_flow_key *key) {
  law_flow_key other = *key;
  memcpy(other.address[0], key->address[1], sizeof other.address[0]);
  memcpy(other.address[1], key->address[0], sizeof other.address[1]);
  other.port[0] = key->port[1];
  other.port[1] = key->port[0];
  return other;
}

/* Opens a flow whose end[0] is |key|'s first. NULL: no memory. */
static law_flow_entry *open_flow(law_reader *r, const law_flow_key *key, uint32_t hash) {
  if (r->flows.num == r->flows.max) {
    r->counts.evicted++;
    close_flow(r, law_flows_oldest(&r->flows));
  }
  law_flow_entry *e = law_flows_add(&r->flows, key, hash);
  if (e == NULL) {
    return NULL;
  }
  e->flow.kind = (law_flow_kind)key->kind;
  e->flow.number = ++r->num_flows;
  e->flow.end[0] = endpoint_of(key, 0);
  e->flow.end[1] = endpoint_of(key, 1);
  law_tcp_begin(e);
  r->counts.flows++;
  if (r->listener.opened != NULL) {
    r->listener.opened(r->listener.user, &e->flow, r->place.time);
  }
  return e;
}

/* The flow of |h|, found or opened; |answers|: a new one was opened by the other end. */
static law_flow_entry *flow_of(law_reader *r, const law_headers *h, bool answers,
                               unsigned *out_from) {
  law_flow_entry *e = h->guess != NULL ? h->guess : r->last;
  if (LAW_LIKELY(e != NULL && law_flow_is(e, &h->key, out_from))) {
    return e;
  }
  e = law_flows_find(&r->flows, &h->key, h->hash);
  if (LAW_UNLIKELY(e == NULL)) {
    law_flow_key opener = answers ? swapped(&h->key) : h->key;
    e = open_flow(r, &opener, h->hash);
  }
  if (e != NULL) {
    (void)law_flow_is(e, &h->key, out_from);
  }
  return e;
}

static bool is_idle(const law_flow_entry *e, uint64_t now, uint64_t limit) {
  return now > e->last && now - e->last > limit;
}

/* One record that is out of place holds up the others until the next look: order costs memory's
 * time, and age is not urgent. */
static void expire_list(law_reader *r, law_flow_list *list, uint64_t limit) {
  while (list->oldest != NULL && is_idle(list->oldest, r->place.time, limit)) {
    close_flow(r, list->oldest);
  }
  if (list->oldest != NULL && list->oldest->used > list->oldest->placed) {
    law_flows_place(&r->flows, list->oldest);
  }
}

/* Forgets what is too old. */
static void expire(law_reader *r) {
  law_tcp_expire(&r->tcp, &r->place);
  expire_list(r, &r->flows.done, done_idle);
  expire_list(r, &r->flows.open, r->idle);
}

/* ---- Packets ---- */

static bool is_answer(const law_segment *seg) {
  return (seg->flags & (LAW_TCP_SYN | LAW_TCP_ACK)) == (LAW_TCP_SYN | LAW_TCP_ACK);
}

static law_flow_entry *tcp_flow(law_reader *r, const law_headers *h, const law_segment *seg,
                                unsigned *out_from) {
  law_flow_entry *e = flow_of(r, h, is_answer(seg), out_from);
  if (LAW_UNLIKELY(e != NULL && ((seg->flags & LAW_TCP_SYN) != 0 || e->done)) &&
      law_tcp_is_new(e, *out_from, seg)) {
    close_flow(r, e);
    e = flow_of(r, h, is_answer(seg), out_from);
  }
  return e;
}

/* The connection is over. When both sides said so, nothing is left to come, and the listener may
 * forget it now; the table remembers it, so that late copies are not taken for something new. */
static void end_connection(law_reader *r, law_flow_entry *e) {
  if (!e->done) {
    law_flows_done(&r->flows, e);
  }
  if (e->side[0].has_fin && e->side[1].has_fin && law_tcp_is_over(e)) {
    tell_closed(r, e);
  }
}

static void tcp_packet(law_reader *r, const law_headers *h, const law_packet *packet) {
  law_segment seg;
  unsigned from;
  seg.data.place = (law_place){packet->frame, packet->time, r->place.at};
  const char *what = law_tcp_open(h->ip.payload, &seg);
  if (LAW_UNLIKELY(what != NULL)) {
    tell_unread(r, &r->place, what);
    return;
  }
  r->counts.tcp++;
  law_flow_entry *e = tcp_flow(r, h, &seg, &from);
  if (LAW_UNLIKELY(e == NULL)) {
    tell_unread(r, &r->place, "a packet for which there was no memory");
    return;
  }
  law_flows_use(&r->flows, e, packet->time);
  r->last = e;
  if (LAW_UNLIKELY(e->closed)) {
    r->counts.old++;
  } else if (LAW_UNLIKELY(law_tcp_segment(&r->tcp, e, from, &seg))) {
    end_connection(r, e);
  }
}

static void tell_datagram(law_reader *r, law_flow_entry *e, unsigned from, const law_place *place,
                          law_slice s) {
  const law_listener *l = &r->listener;
  if (s.length > s.captured) {
    r->counts.cut_bytes += s.length - s.captured;
    if (l->missing != NULL) {
      l->missing(l->user, &e->flow, from, place, LAW_MISSING_CUT, s.length - s.captured);
    }
  }
  if (l->data != NULL) {
    l->data(l->user, &e->flow, from, place, law_bytes_of(s.data, s.captured));
  }
}

/* Takes the UDP header (RFC 768) off. False: it is malformed. A length of 0 is a jumbogram's. */
static bool open_udp(law_slice *s) {
  uint32_t len = law_slice_u16(s, 4);
  len = len == 0 ? s->length : len;
  if (len < UDP_HEADER || len > s->length) {
    return false;
  }
  s->length = len;
  s->captured = s->captured < len ? s->captured : len;
  law_slice_skip(s, UDP_HEADER);
  return true;
}

static void udp_packet(law_reader *r, const law_headers *h) {
  law_slice s = h->ip.payload;
  unsigned from;
  if (s.captured < UDP_HEADER || !open_udp(&s)) {
    bool was_cut = s.captured < UDP_HEADER && s.length >= UDP_HEADER;
    tell_unread(r, &r->place,
                was_cut ? "UDP header cut short by the capture" : "a malformed UDP header");
    return;
  }
  r->counts.udp++;
  law_flow_entry *e = flow_of(r, h, false, &from);
  if (e == NULL) {
    tell_unread(r, &r->place, "a packet for which there was no memory");
    return;
  }
  law_flows_use(&r->flows, e, r->place.time);
  r->last = e;
  law_place place = r->place;
  place.at += UDP_HEADER;
  tell_datagram(r, e, from, &place, s);
}

/* |ip| is whole, or the last fragment of a datagram that is now. False: not whole yet. */
LAW_COLD static bool put_together(law_reader *r, law_ip *ip) {
  if (!law_fragments_add(r->fragments, ip, &r->place)) {
    return false;
  }
  r->place.at = 0;
  const uint8_t *start = ip->payload.data;
  const char *what = law_ip_open_rest(ip);
  if (what != NULL || ip->fragment) {
    tell_unread(r, &r->place, what != NULL ? what : "fragments in fragments");
    return false;
  }
  r->place.at = (uint32_t)(ip->payload.data - start);
  return true;
}

static void ip_payload(law_reader *r, law_headers *h, const law_packet *packet) {
  if (LAW_UNLIKELY(h->ip.fragment)) {
    if (!put_together(r, &h->ip)) {
      return;
    }
    law_headers_set_key(h, &r->flows);
  }
  if (LAW_LIKELY(h->ip.protocol == LAW_IP_TCP)) {
    tcp_packet(r, h, packet);
  } else if (h->ip.protocol == LAW_IP_UDP) {
    udp_packet(r, h);
  } else {
    tell_unread(r, &r->place, law_ip_other(h->ip.protocol));
  }
}

/* What a segment needs that is the next one. */
static void fetch_record(const law_flow_entry *e) {
  for (size_t at = 0; at < offsetof(law_flow_entry, newer); at += LAW_FLOW_ALIGN) {
    __builtin_prefetch((const uint8_t *)e + at, 1);
  }
  __builtin_prefetch((const uint8_t *)(e + 1), 1); /* about where the listener's memory begins */
  __builtin_prefetch((const uint8_t *)(e + 1) + LAW_FLOW_ALIGN, 1);
}

/* The records that the packets belong to, each once if they follow each other. */
static size_t guess_flows(law_reader *r, law_flow_entry **out) {
  const law_headers *before = NULL;
  size_t num = 0;
  for (size_t i = 0; i < r->num_ready; i++) {
    law_headers *h = &r->ready[i];
    if (LAW_UNLIKELY(h->unread != NULL || !h->keyed)) {
      continue;
    }
    if (before != NULL && h->hash == before->hash) {
      h->guess = before->guess;
      continue;
    }
    h->guess = law_flows_guess(&r->flows, h->hash);
    before = h;
    if (LAW_LIKELY(h->guess != NULL)) {
      fetch_record(h->guess);
      out[num++] = h->guess;
    }
  }
  return num;
}

void law_reader_ready(law_reader *r, const law_packet *packets, size_t num) {
  law_flow_entry *entries[LAW_READY_MAX];
  r->num_ready = num < LAW_READY_MAX ? num : LAW_READY_MAX;
  r->next_ready = 0;
  for (size_t i = 0; i < r->num_ready; i++) {
    law_headers *h = &r->ready[i];
    law_headers_read(h, &r->flows, &packets[i], r->checksums);
    if (LAW_LIKELY(h->unread == NULL && h->keyed)) {
      law_flows_fetch(&r->flows, h->hash);
    }
  }
  size_t num_entries = guess_flows(r, entries);
  for (unsigned stage = 0; stage < LAW_SOON_STAGES && r->listener.soon != NULL; stage++) {
    for (size_t i = 0; i < num_entries; i++) {
      if (LAW_LIKELY(!entries[i]->closed)) {
        r->listener.soon(r->listener.user, &entries[i]->flow, stage);
      }
    }
  }
}

void law_reader_packet(law_reader *r, const law_packet *packet) {
  law_headers own, *h = &own;
  if (LAW_LIKELY(r->next_ready < r->num_ready)) {
    h = &r->ready[r->next_ready++];
  } else {
    law_headers_read(h, &r->flows, packet, r->checksums);
  }
  r->place = (law_place){packet->frame, packet->time, 0};
  r->counts.bytes += packet->captured;
  if (LAW_UNLIKELY(++r->counts.packets % CHECK_EVERY == 0)) {
    expire(r);
  }
  if (LAW_UNLIKELY(h->unread != NULL)) {
    tell_unread(r, &r->place, h->unread);
    return;
  }
  r->place.at = (uint32_t)(h->ip.payload.data - packet->data);
  ip_payload(r, h, packet);
}

/* ---- The reader ---- */

static void set_up(law_reader *r, const law_reader_options *options, const law_listener *listener) {
  r->listener = *listener;
  r->idle = options->idle != 0 ? options->idle : default_idle;
  r->checksums = options->checksums;
  r->tcp.listener = &r->listener;
  r->tcp.counts = &r->counts;
}

law_reader *law_reader_new(const law_reader_options *options, const law_listener *listener) {
  static const law_reader_options defaults;
  law_reader *r = calloc(1, sizeof *r);
  if (r == NULL) {
    return NULL;
  }
  options = options != NULL ? options : &defaults;
  set_up(r, options, listener);
  size_t pool = options->pool_len != 0 ? options->pool_len : POOL;
  uint32_t max_flows = options->max_flows != 0 ? options->max_flows : MAX_FLOWS;
  r->fragments = law_fragments_new(fragment_lost, r);
  if (!law_pool_init(&r->tcp.pool, pool > MIN_POOL ? pool : MIN_POOL) ||
      !law_flows_init(&r->flows, max_flows, listener->flow_size) || r->fragments == NULL) {
    law_reader_free(r);
    return NULL;
  }
  return r;
}

void law_reader_end(law_reader *r) {
  law_fragments_end(r->fragments);
  while (r->flows.num > 0) {
    close_flow(r, law_flows_oldest(&r->flows));
  }
}

const law_reader_counts *law_reader_counted(const law_reader *r) { return &r->counts; }

void law_reader_free(law_reader *r) {
  if (r != NULL) {
    law_pool_free(&r->tcp.pool);
    law_flows_free(&r->flows);
    law_fragments_free(r->fragments);
    free(r);
  }
}
