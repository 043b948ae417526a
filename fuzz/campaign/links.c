/* Connections: the pool, sending through the journal, and what comes back. */
#include <stdio.h>
#include <string.h>

#include "campaign/campaign.h"
#include "campaign/mask.h"

/* Addresses of 127.0.0.0/8, so that no address runs out of ports. */
static void set_source(law_campaign *c) {
  uint32_t n = c->num_connects++ / 8192 % 65000;
  if (c->options->no_sources) {
    c->to.source_host = NULL;
    return;
  }
  (void)snprintf(c->source, sizeof c->source, "127.1.%u.%u", (unsigned)(n >> 8 & 0xff),
                 (unsigned)(n & 0xff) % 254 + 1);
  c->to.source_host = c->source;
}

static law_link *free_link(law_campaign *c) {
  for (size_t i = 0; i < LAW_MAX_LINKS; i++) {
    if (c->links[i].kind == LAW_LINK_FREE) {
      return &c->links[i];
    }
  }
  return NULL;
}

law_link *law_link_take(law_campaign *c, law_link_kind kind, law_handle scope) {
  law_link *link = free_link(c);
  if (link == NULL) {
    return NULL;
  }
  set_source(c);
  memset(link, 0, offsetof(law_link, replies));
  link->handle = law_net_connect(c->net, scope, &c->to, link);
  if (link->handle == 0) {
    return NULL;
  }
  link->kind = kind;
  link->id = ++c->next_link;
  c->speaker->protocol->begin(c->options->variant, link->context);
  return link;
}

void law_link_drop(law_campaign *c, law_link *link) {
  if (link->handle != 0) {
    law_net_close(c->net, link->handle, LAW_CLOSE_RST);
  }
  link->handle = 0;
  link->kind = LAW_LINK_FREE;
}

/* ---- the pool ---- */

void law_pool_fill(law_campaign *c) {
  size_t num = 0;
  for (size_t i = 0; i < c->num_pool; i++) {
    if (c->pool[i]->kind == LAW_LINK_POOL && !c->pool[i]->down) {
      c->pool[num++] = c->pool[i];
    } else {
      law_link_drop(c, c->pool[i]);
    }
  }
  size_t want = c->options->lanes[LAW_LANE_ENDING] * 2;
  c->num_pool = num;
  while (c->running && c->num_pool < LAW_POOL && c->num_pool < want) {
    law_link *link = law_link_take(c, LAW_LINK_POOL, c->alone);
    if (link == NULL) {
      return;
    }
    c->pool[c->num_pool++] = link;
  }
}

law_link *law_pool_take(law_campaign *c) {
  for (size_t i = 0; i < c->num_pool; i++) {
    law_link *link = c->pool[i];
    if (link->up && !link->down) {
      c->pool[i] = c->pool[--c->num_pool];
      link->kind = LAW_LINK_LANE;
      return link;
    }
  }
  return law_link_take(c, LAW_LINK_LANE, c->alone);
}

void law_pool_drop(law_campaign *c) {
  for (size_t i = 0; i < c->num_pool; i++) {
    law_link_drop(c, c->pool[i]);
  }
  c->num_pool = 0;
}

/* ---- what we say ---- */

static void note_carried(law_campaign *c, uint32_t code, law_requirement broken) {
  if (c->speaker->carries(code, true)) {
    c->carried[broken] = 1;
    c->num_carried++;
  }
}

static void read_one(law_campaign *c, law_link *link, law_bytes frame, law_read *out) {
  const law_protocol *p = c->speaker->protocol;
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  law_status status = p->decode(link->context, LAW_CLIENT, frame, c->scratch, &v);
  uint32_t code = p->code_of(frame);
  out->num++;
  if (status != LAW_OK) {
    note_carried(c, code, v.requirement);
    if (out->broken == LAW_R_NONE) {
      out->code = code;
      out->broken = v.requirement;
    }
    return;
  }
  out->lasts = out->lasts || c->speaker->lasts(c->scratch);
  out->num_pings += code == c->speaker->ping_code;
  if (out->broken == LAW_R_NONE && (code != c->speaker->ping_code || out->code == 0)) {
    out->code = code;
  }
}

law_read law_link_read(law_campaign *c, law_link *link, law_bytes bytes) {
  law_read out = {.whole = true};
  size_t len;
  while (bytes.len > 0) {
    law_violation v = {LAW_R_NONE, LAW_OK, 0};
    law_status status = c->speaker->protocol->frame(link->context, bytes, &len, &v);
    if (status != LAW_OK || len == 0 || len > bytes.len) {
      out.whole = false;
      link->cut = true;
      out.lost = status != LAW_NEED_MORE;
      out.hoards = status == LAW_NEED_MORE && len >= LAW_HOARD;
      out.code = out.broken == LAW_R_NONE ? c->speaker->protocol->code_of(bytes) : out.code;
      out.broken = out.broken == LAW_R_NONE ? v.requirement : out.broken;
      return out;
    }
    read_one(c, link, law_bytes_of(bytes.data, len), &out);
    bytes.data += len;
    bytes.len -= len;
  }
  return out;
}

static void note(law_campaign *c, const law_link *link, uint32_t group, law_journal_event event,
                 law_bytes bytes) {
  static uint8_t hidden[LAW_TURN];
  law_journal_record r = {group, link->id, event, link->num_received, bytes};
  if (c->journal.map == NULL) {
    return;
  }
  if (c->options->password != NULL && bytes.len > 0 && bytes.len <= sizeof hidden) {
    memcpy(hidden, bytes.data, bytes.len);
    law_mask(hidden, bytes.len, c->options->password);
    r.data.data = hidden;
  }
  law_journal_write(&c->journal, &r);
}

bool law_link_send(law_campaign *c, law_link *link, uint32_t group, law_bytes bytes) {
  if (link->down || link->ended) {
    return false;
  }
  note(c, link, group, LAW_JOURNAL_DATA, bytes);
  return law_net_send(c->net, link->handle, bytes, NULL);
}

void law_link_end(law_campaign *c, law_link *link, uint32_t group, bool reset) {
  if (link->down || link->ended) {
    return;
  }
  note(c, link, group, reset ? LAW_JOURNAL_RESET : LAW_JOURNAL_END, law_bytes_of(NULL, 0));
  law_net_close(c->net, link->handle, reset ? LAW_CLOSE_RST : LAW_CLOSE_FIN);
  link->ended = true;
  link->down = reset;
}

/* ---- what comes back ---- */

static bool is_carried(const law_campaign *c, const law_event *e, law_requirement r, bool strict) {
  bool carries = e->wire.len > 0 &&
                 c->speaker->carries(c->speaker->protocol->code_of(e->wire), false);
  return carries && e->status != LAW_OK && (strict ? c->num_carried > 0 : c->carried[r] != 0);
}

bool law_link_blames(const law_campaign *c, const law_link *link, const law_event *e,
                     law_requirement r, bool strict) {
  return !link->cut && !c->told[r] && law_is_told(c->options, r) && !is_carried(c, e, r, strict);
}

static void keep_reply(law_campaign *c, law_link *link, const void *message) {
  size_t len = c->speaker->reply(message, link->replies + link->replies_len,
                                 sizeof link->replies - link->replies_len);
  link->replies_len += len;
}

static void add_answer(law_campaign *c, law_link *link, const law_event *e) {
  uint32_t code = e->wire.len > 0 ? c->speaker->protocol->code_of(e->wire) : 0;
  uint32_t reason = e->message != NULL ? c->speaker->reason(e->message) : 0xffff;
  link->num_received++;
  link->num_answers++;
  c->counts.answers++;
  if (e->message != NULL && code == c->speaker->pong_code) {
    link->num_due -= link->num_due > 0;
    return;
  }
  uint64_t one = law_key_mix(law_key_mix(UINT64_C(0x51ed), code), reason);
  link->answers |= UINT64_C(1) << (one >> 20) % 64; /* a set, whatever the order */
}

void law_link_message(law_campaign *c, law_link *link, const law_event *e) {
  add_answer(c, link, e);
  if (e->message == NULL) {
    return;
  }
  if (link->opened == 0) {
    link->opened = c->speaker->opened(e->message, &link->limits);
  }
  keep_reply(c, link, e->message);
}
