#include "monitors/mqtt/monitor.h"

#include <stddef.h>
#include <string.h>

#include "monitors/mqtt/mqtt.h"
#include "monitors/mqtt/world.h"
#include "mqtt/codec.h"

void law_mqtt_object(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_objection objection,
                     uint32_t offset) {
  if (!p->judged || c->muted) {
    return;
  }
  law_requirement r = law_mqtt_requirement_of(objection, c->version);
  if (r != LAW_R_NONE) {
    law_find(p->out, r, LAW_PROTOCOL_ERROR, offset);
  }
}

uint32_t law_mqtt_body_at(law_bytes wire) {
  uint32_t at = 1;
  while (at < wire.len && at < 4 && (wire.data[at] & 0x80) != 0) {
    at++;
  }
  return at + 1;
}

uint32_t law_mqtt_property_at(const law_mqtt_packet *p, uint8_t id) {
  law_list it = p->m->properties;
  law_mqtt_property property;
  const uint8_t *at = it.data;
  while (law_mqtt_next_property(&it, &property) && property.id != id) {
    at = it.data;
  }
  return (uint32_t)(at - p->seen->wire.data);
}

static uint64_t mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
  return h ^ h >> 28;
}

uint64_t law_mqtt_hash(law_bytes bytes, uint64_t seed) {
  uint64_t h = mix(seed + UINT64_C(0x9e3779b97f4a7c15), bytes.len);
  uint64_t word;
  size_t at = 0;
  for (; at + sizeof word <= bytes.len; at += sizeof word) {
    memcpy(&word, bytes.data + at, sizeof word);
    h = mix(h, word);
  }
  word = 0;
  for (; at < bytes.len; at++) {
    word = word << 8 | bytes.data[at];
  }
  h = mix(mix(h, word), seed);
  return h != 0 ? h : 1;
}

/* A client's limits reach the server with the CONNECT, before which it sends nothing. A server's
 * reach the client some time after they were sent: an answer to something later shows it. */
const law_mqtt_announced *law_mqtt_binding(const law_mqtt_monitor *c) {
  if (c->version != LAW_MQTT_5) {
    return NULL;
  }
  if (c->judged == LAW_SERVER) {
    return c->connect == LAW_MQTT_DONE ? &c->announced[LAW_CLIENT] : NULL;
  }
  return c->told ? &c->announced[LAW_SERVER] : NULL;
}

void law_mqtt_answered(law_mqtt_monitor *c) {
  c->told = c->told || (c->connack == LAW_MQTT_DONE && c->accepted && !c->early_packet);
}

void law_mqtt_lose(law_mqtt_monitor *c, law_side from) {
  c->lost = true;
  c->filters.unknown = true;
  law_mqtt_ids_forget(&c->ids[LAW_CLIENT]);
  law_mqtt_ids_forget(&c->ids[LAW_SERVER]);
  if (from == c->judged) {
    c->aliases_unknown = true;
  }
  memset(c->alias_topics[from], 0, sizeof c->alias_topics[from]);
  if (from == LAW_CLIENT) {
    c->pings_unknown = true;
    c->silence.known = false;
  }
}

/* ---- the protocol's functions ---- */

/* A message that nobody saw may be equal to one that was seen; a CONNECT, change any session. */
static void blind(const law_mqtt_monitor *c, law_side from) {
  if (c->world != NULL && from == LAW_CLIENT) {
    c->world->blind = true;
    c->world->strangers = c->world->strangers || c->connect != LAW_MQTT_DONE;
  }
}

/* Tables that are filled from their front are left as they are: captures have many connections, and
 * most of them few entries. */
static void clear(law_mqtt_monitor *c, bool alone) {
  memset(c, 0, offsetof(law_mqtt_monitor, ids));
  law_mqtt_ids_init(&c->ids[LAW_CLIENT]);
  law_mqtt_ids_init(&c->ids[LAW_SERVER]);
  law_mqtt_filters_init(&c->filters);
  memset(c->alias_topics, 0, sizeof c->alias_topics);
  memset(&c->shared, 0, sizeof c->shared);
  if (!alone) {
    memset(&c->history, 0, sizeof c->history);
  }
}

static void connection_init(void *connection, void *world, law_side judged, bool from_start) {
  static const law_mqtt_announced unlimited = {.receive_maximum = UINT16_MAX, .maximum_qos = 2};
  law_mqtt_monitor *c = connection;
  clear(c, world == NULL);
  c->judged = judged;
  c->world = judged == LAW_SERVER ? world : NULL;
  if (c->world != NULL) {
    c->shared.connection = ++c->world->num_connections;
  }
  c->announced[LAW_CLIENT] = c->announced[LAW_SERVER] = unlimited;
  if (!from_start) {
    c->connect = c->connack = LAW_MQTT_UNCERTAIN;
    law_mqtt_lose(c, LAW_CLIENT);
    law_mqtt_lose(c, LAW_SERVER);
    blind(c, LAW_CLIENT);
  }
}

static void world_init(void *world, law_side judged) {
  (void)judged;
  memset(world, 0, sizeof(law_mqtt_world));
}

static void lose_stage(law_mqtt_monitor *c, law_side from) {
  if (from == LAW_CLIENT && c->connect == LAW_MQTT_NOT_YET) {
    c->connect = LAW_MQTT_UNCERTAIN;
  }
  if (from == LAW_SERVER && c->connack == LAW_MQTT_NOT_YET) {
    c->connack = LAW_MQTT_UNCERTAIN;
  }
  law_mqtt_lose(c, from);
}

static void gap(void *connection, law_side from) {
  law_mqtt_monitor *c = connection;
  blind(c, from);
  lose_stage(c, from);
}

/* A packet that the decoder refused. What its receiver made of it is unknown; of a CONNECT, even
 * the version that is spoken from here on. */
LAW_COLD static void unreadable(law_mqtt_monitor *c, law_side from, uint8_t type) {
  if (from == LAW_CLIENT && c->connect != LAW_MQTT_DONE &&
      (from != c->judged || type == LAW_MQTT_CONNECT)) {
    c->muted = true;
  }
  c->misled = c->misled || from != c->judged;
  lose_stage(c, from);
}

static bool is_zero_answer(law_requirement r) {
  return r == LAW_R_MQTT5_2_2_1_5 || r == LAW_R_MQTT5_2_2_1_6 || r == LAW_R_MQTT311_2_3_1_6 ||
         r == LAW_R_MQTT311_2_3_1_7 || r == LAW_R_MQTT311_3_7_2_PACKET_ID;
}

/* Who answers an identifier 0 with the same has missed a check, which the rules leave open, and broken
 * no rule of its own. */
static void forgive_echo(const law_mqtt_monitor *c, const law_mqtt_packet *p) {
  const law_violation *v = p->seen->decode;
  if (p->judged && c->misled && v != NULL && is_zero_answer(v->requirement)) {
    p->out->num = 0;
  }
}

/* Until a CONNECT says it, the version is what the decoder was told to assume; a second CONNECT
 * does not change it. */
static void note_version(law_mqtt_monitor *c, const law_mqtt_message *m) {
  if (m != NULL && (law_mqtt_type_of(m) != LAW_MQTT_CONNECT || c->connect != LAW_MQTT_DONE)) {
    c->version = m->version;
  }
}

static void dispatch(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  switch (law_mqtt_type_of(p->m)) {
    case LAW_MQTT_CONNECT:
      law_mqtt_see_connect(c, p);
      break;
    case LAW_MQTT_CONNACK:
      law_mqtt_see_connack(c, p);
      break;
    case LAW_MQTT_PUBLISH:
      law_mqtt_see_publish(c, p);
      break;
    case LAW_MQTT_PUBACK:
      law_mqtt_see_puback(c, p);
      break;
    case LAW_MQTT_PUBREC:
      law_mqtt_see_pubrec(c, p);
      break;
    case LAW_MQTT_PUBREL:
      law_mqtt_see_pubrel(c, p);
      break;
    case LAW_MQTT_PUBCOMP:
      law_mqtt_see_pubcomp(c, p);
      break;
    case LAW_MQTT_SUBSCRIBE:
      law_mqtt_see_subscribe(c, p);
      break;
    case LAW_MQTT_SUBACK:
      law_mqtt_see_suback(c, p);
      break;
    case LAW_MQTT_UNSUBSCRIBE:
      law_mqtt_see_unsubscribe(c, p);
      break;
    case LAW_MQTT_UNSUBACK:
      law_mqtt_see_unsuback(c, p);
      break;
    case LAW_MQTT_PINGREQ:
      law_mqtt_see_pingreq(c);
      break;
    case LAW_MQTT_PINGRESP:
      law_mqtt_see_pingresp(c, p);
      break;
    case LAW_MQTT_DISCONNECT:
      law_mqtt_see_disconnect(c, p);
      break;
    case LAW_MQTT_AUTH:
      law_mqtt_see_auth(c, p);
      break;
    default:
      break;
  }
}

static void observe(void *connection, const law_observed *seen, law_findings *out) {
  law_mqtt_monitor *c = connection;
  const law_mqtt_packet p = {seen, seen->message, out, seen->from == c->judged};
  uint8_t type = seen->wire.len > 0 ? seen->wire.data[0] >> 4 : 0;
  c->now = seen->now;
  if (seen->from == LAW_SERVER) {
    c->server_last = seen->now;
  }
  note_version(c, p.m);
  if (!law_mqtt_check_stage(c, &p, type)) {
    if (p.m == NULL) {
      unreadable(c, seen->from, type);
    }
    return;
  }
  law_mqtt_check_silence(c, &p);
  if (LAW_UNLIKELY(p.m == NULL)) {
    forgive_echo(c, &p);
    unreadable(c, seen->from, type);
    return;
  }
  dispatch(c, &p);
  if (p.judged) {
    law_mqtt_check_limits(c, &p);
  }
}

static void closed(void *connection, law_side from, bool reset, uint64_t now, law_findings *out) {
  law_mqtt_monitor *c = connection;
  (void)out;
  c->now = now;
  c->closed[from] = true;
  law_mqtt_world_closed(c, from, reset, now);
}

static void fetch_lines(const void *from, size_t len) {
  for (size_t at = 0; at < len; at += 64) {
    __builtin_prefetch((const uint8_t *)from + at, 1);
  }
}

static void fetch(const void *connection) {
  const law_mqtt_monitor *c = connection;
  fetch_lines(c, offsetof(law_mqtt_monitor, ids) + offsetof(law_mqtt_ids, slots) +
                     sizeof(law_mqtt_id));
  fetch_lines(&c->ids[1], offsetof(law_mqtt_ids, slots) + sizeof(law_mqtt_id));
  fetch_lines(&c->filters, offsetof(law_mqtt_filters, all) + sizeof(law_mqtt_subscribed));
}

static uint64_t tick(void *connection, uint64_t now, law_findings *out) {
  law_mqtt_monitor *c = connection;
  c->now = now;
  return law_mqtt_tick_silence(c, now, out);
}

/* Which kinds of answers are open in one direction, a bit each. */
static uint32_t open_uses(const law_mqtt_ids *ids) {
  uint32_t bits = 0;
  for (uint32_t use = LAW_MQTT_USE_QOS1; use < LAW_MQTT_NUM_USES; use++) {
    bits |= (ids->num[use] > 0 ? 1u : 0u) << (use - LAW_MQTT_USE_QOS1);
  }
  return bits;
}

/* 6 bits of what the client waits for, 4 of the server's messages, then the session's stage. */
static uint32_t state(const void *connection) {
  const law_mqtt_monitor *c = connection;
  uint32_t s = open_uses(&c->ids[LAW_CLIENT]) | (open_uses(&c->ids[LAW_SERVER]) & 15) << 6;
  s |= (c->num_pings > 0 ? 1u : 0u) << 10 | (uint32_t)c->connect << 11 | (uint32_t)c->connack << 13;
  s |= (c->accepted ? 1u : 0u) << 15 | (c->has_method ? 1u : 0u) << 16;
  s |= (c->left[LAW_CLIENT] ? 1u : 0u) << 17 | (c->left[LAW_SERVER] ? 1u : 0u) << 18;
  s |= (c->filters.num > 0 ? 1u : 0u) << 19 | (c->version == LAW_MQTT_5 ? 1u : 0u) << 20;
  return s | (c->maybe_resumed ? 1u : 0u) << 21;
}

const law_protocol law_mqtt = {
    LAW_MQTT_CODEC,
    .world_size = sizeof(law_mqtt_world),
    .connection_size = sizeof(law_mqtt_monitor),
    .alone_size = offsetof(law_mqtt_monitor, history),
    .world_init = world_init,
    .connection_init = connection_init,
    .observe = observe,
    .closed = closed,
    .gap = gap,
    .tick = tick,
    .fetch = fetch,
    .state = state,
};
