/* Where a connection's bytes go through the judge, and come out as events. */
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

/* The capture's packet in which the message ends, |end| bytes into what is being judged. */
static uint32_t packet_of(const law_net *net, size_t end) {
  if (net->input.packet == 0 || end == 0) {
    return net->input.packet;
  }
  return net->input.packet + (uint32_t)((end - 1) / LAW_PCAP_SEGMENT);
}

static void add_violations(law_net *net, law_event *e, const law_findings *findings, size_t from) {
  size_t num = findings->num < LAW_MAX_VIOLATIONS ? findings->num : LAW_MAX_VIOLATIONS;
  if (num <= from) {
    return;
  }
  size_t len = (num - from) * sizeof(law_violation);
  law_violation *copy = law_arena_alloc(&net->arena, len);
  if (!copy) {
    net->no_memory = true;
    return;
  }
  memcpy(copy, findings->found + from, len);
  e->violations = copy;
  e->num_violations = num - from;
}

static void add_message(law_net *net, law_event *e, const law_judged *judged, size_t len) {
  if (!judged->message || len == 0) {
    return;
  }
  void *copy = law_arena_alloc(&net->arena, len);
  if (!copy) {
    net->no_memory = true;
    return;
  }
  memcpy(copy, judged->message, len);
  e->message = copy;
}

static void tell_message(law_conn *c, const law_judged *judged) {
  law_net *net = c->net;
  law_judge_direction *dir = &c->judge.direction[judged->from];
  law_event *e = law_event_add(net, LAW_EV_MESSAGE, &c->object, judged->now);
  if (!e) {
    return;
  }
  e->status = judged->status;
  e->type = judged->type;
  e->wire = judged->wire;
  e->frame = c->ws ? law_ws_num_frames(c->ws) : 0;
  add_message(net, e, judged, c->scope->protocol->message_size);
  add_violations(net, e, judged->findings, 0);
  if (judged->wire.data == dir->tail) {
    e->packet = packet_of(net, judged->wire.len - net->input.tail_len);
    law_tails_told(&net->tails, dir);
  } else {
    e->packet = packet_of(net, (size_t)(judged->wire.data - net->input.base) + judged->wire.len);
  }
}

/* |from|: of the findings, the first ones are about our own message and nobody's news. */
static void tell_violations(law_conn *c, const law_judged *judged, size_t from) {
  if (judged->findings->num <= from) {
    return;
  }
  law_event *e = law_event_add(c->net, LAW_EV_VIOLATION, &c->object, judged->now);
  if (e) {
    add_violations(c->net, e, judged->findings, from);
  }
}

static bool blames_decode(const law_judged *judged) {
  return judged->decode && judged->decode->status != LAW_LIMIT;
}

static void sink(void *user, const law_judged *judged) {
  law_conn *c = user;
  if (!judged->wire.data) {
    tell_violations(c, judged, 0);
  } else if (judged->from == c->side) {
    tell_violations(c, judged, blames_decode(judged) ? 1 : 0);
  } else {
    tell_message(c, judged);
  }
}

static bool grow(void *user, law_judge_direction *direction, size_t need) {
  law_conn *c = user;
  return law_tails_grow(&c->net->tails, direction, need);
}

static bool start_monitor(law_conn *c) {
  const law_protocol *p = c->scope->protocol;
  if (!c->scope->monitor || !p->connection_init) {
    return true;
  }
  c->monitor = malloc(p->connection_size > 0 ? p->connection_size : 1);
  if (!c->monitor) {
    return false;
  }
  p->connection_init(c->monitor, c->scope->world, c->scope->judged, true);
  return true;
}

bool law_judging_start(law_conn *c) {
  if (!c->scope->protocol) {
    return true;
  }
  if (!start_monitor(c)) {
    return false;
  }
  law_judge_init(&c->judge, c->scope->protocol, c->monitor, NULL, NULL, 0, sink, c);
  c->judge.grow = grow;
  c->judge.max_len = LAW_NET_MAX_MESSAGE;
  if (c->scope->variant) {
    c->scope->protocol->begin(c->scope->variant, c->judge.context);
  }
  return true;
}

void law_judging_stop(law_conn *c) {
  law_tails_drop(&c->net->tails, &c->judge.direction[LAW_CLIENT]);
  law_tails_drop(&c->net->tails, &c->judge.direction[LAW_SERVER]);
  free(c->monitor);
  c->monitor = NULL;
}

/* What was said may have changed what is waited for: ask soon. */
static void ask_soon(law_conn *c, uint64_t now) {
  uint64_t at = now + LAW_NET_TICK;
  if (c->monitor && c->scope->protocol->tick && (c->timer.place == 0 || c->timer.at > at)) {
    c->net->no_memory |= !law_timer_set(&c->net->timers, &c->timer, at);
  }
}

static void tell_raw(law_conn *c, law_bytes bytes) {
  law_net *net = c->net;
  law_event *e = law_event_add(net, LAW_EV_MESSAGE, &c->object, net->input.now);
  if (e) {
    e->wire = bytes;
    e->packet = packet_of(net, (size_t)(bytes.data - net->input.base) + bytes.len);
  }
}

void law_judging_input(law_conn *c, law_bytes bytes) {
  law_side from = law_other_side(c->side);
  if (!c->scope->protocol) {
    tell_raw(c, bytes);
    return;
  }
  c->net->input.tail_len = c->judge.direction[from].len;
  law_judge_push(&c->judge, from, c->net->input.now, bytes);
  ask_soon(c, c->net->input.now);
}

void law_judging_refuse(law_conn *c, law_bytes bytes, const char *text) {
  law_event *e = law_event_add(c->net, LAW_EV_MESSAGE, &c->object, c->net->input.now);
  if (e) {
    e->status = LAW_PROTOCOL_ERROR;
    e->wire = bytes;
    e->text = text;
    e->packet = packet_of(c->net, (size_t)(bytes.data - c->net->input.base) + bytes.len);
  }
}

void law_judging_output(law_conn *c, uint64_t now, law_bytes bytes) {
  if (c->scope->protocol) {
    law_judge_push(&c->judge, c->side, now, bytes);
    ask_soon(c, now);
  }
}

void law_judging_closed(law_conn *c, law_side from, bool reset, uint64_t now) {
  if (c->scope->protocol && !c->told_closed[from]) {
    law_judge_closed(&c->judge, from, reset, now);
  }
  c->told_closed[from] = true;
}

void law_judging_tick(law_conn *c, uint64_t now) {
  uint64_t next = law_judge_tick(&c->judge, now);
  if (next == UINT64_MAX) {
    return;
  }
  if (next < now + LAW_NET_TICK) {
    next = now + LAW_NET_TICK;
  }
  c->net->no_memory |= !law_timer_set(&c->net->timers, &c->timer, next);
}

law_scope *law_scope_of(law_net *net, law_handle scope) {
  law_scope *s = (law_scope *)law_net_object(net, scope, LAW_OBJECT_SCOPE);
  if (!s) {
    law_net_fail(net, "there is no scope %u", (unsigned)scope);
  }
  return s;
}

static void *new_world(const law_protocol *p, law_side judged) {
  void *world = malloc(p->world_size > 0 ? p->world_size : 1);
  if (world && p->world_init) {
    p->world_init(world, judged);
  }
  return world;
}

law_handle law_net_scope(law_net *net, const law_protocol *protocol, law_side judged,
                         bool monitor) {
  law_scope *s = calloc(1, sizeof *s);
  if (!s) {
    law_net_fail(net, "no memory left");
    return 0;
  }
  s->object.kind = LAW_OBJECT_SCOPE;
  s->protocol = protocol;
  s->judged = judged;
  s->monitor = monitor && protocol;
  s->world = s->monitor ? new_world(protocol, judged) : NULL;
  if ((s->monitor && !s->world) || !law_table_add(&net->table, &s->object)) {
    free(s->world);
    free(s);
    law_net_fail(net, "no memory left");
    return 0;
  }
  return s->object.handle;
}

bool law_net_assume(law_net *net, law_handle scope, const char *variant) {
  law_scope *s = (law_scope *)law_net_object(net, scope, LAW_OBJECT_SCOPE);
  const char *const *known = s && s->protocol ? s->protocol->variants : NULL;
  while (known && *known && strcmp(*known, variant) != 0) {
    known++;
  }
  if (!known || !*known) {
    law_net_fail(net, "no such variant of the protocol");
    return false;
  }
  s->variant = *known;
  return true;
}

uint32_t law_net_state(const law_net *net, law_handle handle) {
  const law_conn *c = (const law_conn *)law_net_object(net, handle, LAW_OBJECT_CONN);
  if (!c || !c->monitor || !c->scope->protocol->state) {
    return 0;
  }
  return c->scope->protocol->state(c->monitor);
}
