#include "monitors/mqtt/world.h"

uint64_t law_mqtt_name_of(uint64_t topic, law_bytes payload) {
  return law_mqtt_hash(payload, topic);
}

/* ---- names that have left the ring ---- */

static bool was_said(const law_mqtt_world *w, uint64_t name) {
  uint64_t a = name % LAW_MQTT_OLD_BITS, b = (name >> 32) % LAW_MQTT_OLD_BITS;
  return (w->old[a / 64] >> (a % 64) & w->old[b / 64] >> (b % 64) & 1) != 0;
}

static void note_old(law_mqtt_world *w, uint64_t name) {
  uint64_t a = name % LAW_MQTT_OLD_BITS, b = (name >> 32) % LAW_MQTT_OLD_BITS;
  w->old[a / 64] |= UINT64_C(1) << (a % 64);
  w->old[b / 64] |= UINT64_C(1) << (b % 64);
}

/* ---- the index ---- */

static uint32_t home_of(uint64_t name) {
  return (uint32_t)(name >> 20) & (LAW_MQTT_MESSAGE_SLOTS - 1);
}

static uint32_t next_slot(uint32_t i) { return (i + 1) & (LAW_MQTT_MESSAGE_SLOTS - 1); }

/* The slot of |name|, or the free one where it belongs. */
static uint32_t slot_of(const law_mqtt_world *w, uint64_t name) {
  uint32_t i = home_of(name);
  while (w->index[i] != 0 && w->said[w->index[i] - 1].name != name) {
    i = next_slot(i);
  }
  return i;
}

static void remove_slot(law_mqtt_world *w, uint32_t hole) {
  const uint32_t mask = LAW_MQTT_MESSAGE_SLOTS - 1;
  for (uint32_t at = next_slot(hole); w->index[at] != 0; at = next_slot(at)) {
    uint32_t home = home_of(w->said[w->index[at] - 1].name);
    if (((at - home) & mask) >= ((at - hole) & mask)) {
      w->index[hole] = w->index[at];
      hole = at;
    }
  }
  w->index[hole] = 0;
}

const law_mqtt_said *law_mqtt_world_find(const law_mqtt_world *w, uint64_t name) {
  uint16_t place = w->index[slot_of(w, name)];
  const law_mqtt_said *said = place != 0 ? &w->said[place - 1] : NULL;
  return said != NULL && !said->twin && !w->blind ? said : NULL;
}

/* ---- what clients say ---- */

/* A new message, in the place of the oldest. */
static law_mqtt_said *add(law_mqtt_world *w, uint64_t name) {
  law_mqtt_said *said = &w->said[w->num_said % LAW_MQTT_MESSAGES];
  if (said->serial != 0) {
    note_old(w, said->name);
    remove_slot(w, slot_of(w, said->name));
  }
  *said = (law_mqtt_said){.name = name, .serial = ++w->num_said, .twin = was_said(w, name)};
  w->index[slot_of(w, name)] = (uint16_t)(said - w->said + 1);
  return said;
}

void law_mqtt_world_will(law_mqtt_monitor *c, const law_mqtt_message *connect) {
  law_mqtt_world *w = c->world;
  if ((connect->u.connect.flags & LAW_MQTT_WILL) == 0) {
    return;
  }
  uint64_t name = law_mqtt_name_of(law_mqtt_hash(connect->u.connect.will_topic, 0),
                                   connect->u.connect.will_payload);
  uint16_t place = w->index[slot_of(w, name)];
  law_mqtt_said *said = place != 0 ? &w->said[place - 1] : add(w, name);
  said->twin = true; /* whether and when it is published is the server's to know */
}

/* A server takes a PUBLISH with DUP for a copy only within a session that both know. */
static bool is_copy(const law_mqtt_monitor *c, const law_mqtt_packet *p,
                    const law_mqtt_said *said) {
  bool same_session = said->connection == c->shared.connection ||
                      (c->maybe_resumed && c->connack == LAW_MQTT_DONE && c->accepted);
  return law_mqtt_dup(p->m) && said->client == c->client && said->id == p->m->packet_id &&
         said->qos == law_mqtt_qos(p->m) && same_session;
}

static void say(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_said *said) {
  said->client = c->client;
  said->at = p->seen->now;
  said->connection = c->shared.connection;
  said->id = law_mqtt_qos(p->m) > 0 ? p->m->packet_id : 0;
  said->qos = law_mqtt_qos(p->m);
  said->version = p->m->version;
  said->retain = law_mqtt_retain(p->m);
  if (p->m->version == LAW_MQTT_5) {
    law_mqtt_read_extras(&said->extras, &p->m->properties);
  }
}

/* So that the acknowledgement finds the message. */
static void remember(law_mqtt_monitor *c, const law_mqtt_packet *p, const law_mqtt_said *said) {
  law_mqtt_id *e = said->qos > 0 ? law_mqtt_id_find(&c->ids[LAW_CLIENT], p->m->packet_id) : NULL;
  if (e != NULL) {
    e->said = (uint16_t)(said - c->world->said + 1);
  }
}

void law_mqtt_world_publish(law_mqtt_monitor *c, const law_mqtt_packet *p, uint64_t topic) {
  law_mqtt_world *w = c->world;
  if (w == NULL || w->blind) {
    return;
  }
  if (topic == 0) {
    w->blind = true;
    return;
  }
  uint64_t name = law_mqtt_name_of(topic, p->m->u.publish.payload);
  uint16_t place = w->index[slot_of(w, name)];
  law_mqtt_said *said = place != 0 ? &w->said[place - 1] : NULL;
  if (said == NULL) {
    said = add(w, name);
    say(c, p, said);
    said->copied = law_mqtt_dup(p->m);
    remember(c, p, said);
  } else if (is_copy(c, p, said)) {
    said->copied = true;
  } else {
    said->twin = true;
  }
}

void law_mqtt_world_acknowledged(law_mqtt_monitor *c, const law_mqtt_id *e) {
  if (c->world == NULL || e->said == 0) {
    return;
  }
  law_mqtt_said *said = &c->world->said[e->said - 1];
  if (said->id == e->id && said->connection == c->shared.connection && said->done_at == 0) {
    said->done_at = c->now;
  }
}

/* ---- properties ---- */

static uint32_t short_hash(law_bytes bytes, uint64_t seed) {
  return (uint32_t)(law_mqtt_hash(bytes, seed) >> 16) | 1u;
}

/* User Properties: a sum that does not see their order, and a hash that does. */
static void add_user(law_mqtt_extras *out, const law_mqtt_property *p) {
  uint32_t h = short_hash(p->text, law_mqtt_hash(p->key, 7));
  out->user += h;
  out->user_order = (out->user_order ^ h) * UINT32_C(0x9e3779b1);
  out->num_user++;
}

void law_mqtt_read_extras(law_mqtt_extras *out, const law_list *properties) {
  law_list it = *properties;
  law_mqtt_property p;
  *out = (law_mqtt_extras){0};
  while (law_mqtt_next_property(&it, &p)) {
    switch (p.id) {
      case LAW_MQTT_P_PAYLOAD_FORMAT_INDICATOR:
        out->format = p.number;
        break;
      case LAW_MQTT_P_RESPONSE_TOPIC:
        out->response = short_hash(p.text, 0);
        break;
      case LAW_MQTT_P_CORRELATION_DATA:
        out->correlation = short_hash(p.text, 0);
        break;
      case LAW_MQTT_P_CONTENT_TYPE:
        out->content = short_hash(p.text, 0);
        break;
      case LAW_MQTT_P_USER_PROPERTY:
        add_user(out, &p);
        break;
      default:
        break;
    }
  }
}
