#include "monitors/mqtt/tests/model.h"

#include <assert.h>
#include <string.h>

static const char *const filters[MODEL_MAX_FILTERS] = {"a", "b/+", "#", "b/c"};
static const char *const topics[4] = {"a", "b/c", "b/d", "z/y/x"};
static const bool matches[MODEL_MAX_FILTERS][4] = {
    {true, false, false, false}, {false, true, true, false}, {true, true, true, true},
    {false, true, false, false}};

uint32_t model_draw(model *m, uint32_t below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(m->seed >> 33) % below;
}

void model_init(model *m, uint8_t version, uint64_t seed) {
  memset(m, 0, sizeof *m);
  m->seed = seed;
  m->version = version;
  m->ends[LAW_SERVER].side = LAW_SERVER;
  m->clean = model_draw(m, 2) == 0;
  m->present = !m->clean && model_draw(m, 2) == 0;
  for (size_t i = 0; i < 2; i++) {
    m->ends[i].receive_maximum = UINT16_MAX;
  }
}

/* ---- packets ---- */

static bool v5(const model *m) { return m->version == LAW_MQTT_5; }

static bool push(model_queue *q, const model_packet *p) {
  if (q->num == MODEL_MAX_QUEUE) {
    return false;
  }
  q->items[(q->first + q->num++) % MODEL_MAX_QUEUE] = *p;
  return true;
}

static bool pop(model_queue *q, model_packet *out) {
  if (q->num == 0) {
    return false;
  }
  *out = q->items[q->first];
  q->first = (q->first + 1) % MODEL_MAX_QUEUE;
  q->num--;
  return true;
}

static law_mqtt_message packet(const model *m, uint8_t type, uint16_t id) {
  law_mqtt_message p;
  memset(&p, 0, sizeof p);
  bool two = type == LAW_MQTT_PUBREL || type == LAW_MQTT_SUBSCRIBE || type == LAW_MQTT_UNSUBSCRIBE;
  p.first = (uint8_t)(type << 4 | (two ? 2 : 0));
  p.version = m->version;
  p.packet_id = id;
  return p;
}

static bool room(const model *m, law_side from) { return m->sent[from].num < MODEL_MAX_QUEUE - 8; }

static void send(model *m, law_side from, law_mqtt_message *p) {
  model_packet out = {.from = from};
  out.len = law_mqtt_encode(p, out.wire, sizeof out.wire);
  assert(out.len <= sizeof out.wire);
  bool sent = push(&m->sent[from], &out);
  assert(sent);
  (void)sent;
}

static law_bytes text(const char *s) { return law_bytes_of(s, strlen(s)); }

static void announce(model *m, law_writer *w, law_list *list, law_side from) {
  model_end *other = &m->ends[from == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT];
  if (!v5(m)) {
    return;
  }
  uint16_t maximum = (uint16_t)(1 + model_draw(m, 4)), aliases = (uint16_t)model_draw(m, 4);
  if (model_draw(m, 2) == 0) {
    law_mqtt_add_number(w, list, LAW_MQTT_P_RECEIVE_MAXIMUM, maximum);
    law_mqtt_add_number(w, list, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, aliases);
    if (from == LAW_CLIENT) { /* the client learns its server's limits when it reads them */
      other->receive_maximum = maximum;
      other->alias_maximum = aliases;
    }
  }
}

static void send_connect(model *m) {
  uint8_t space[32];
  law_writer w = law_writer_of(space, sizeof space);
  law_mqtt_message p = packet(m, LAW_MQTT_CONNECT, 0);
  p.u.connect.protocol_name = text(m->version == LAW_MQTT_31 ? "MQIsdp" : "MQTT");
  p.u.connect.level = m->version;
  p.u.connect.flags = m->clean ? LAW_MQTT_CLEAN_START : 0;
  p.u.connect.client_id = text("model");
  announce(m, &w, &p.properties, LAW_CLIENT);
  p.properties.data = space;
  p.properties.len = (uint32_t)w.len;
  send(m, LAW_CLIENT, &p);
}

static void send_connack(model *m) {
  uint8_t space[32];
  law_writer w = law_writer_of(space, sizeof space);
  law_mqtt_message p = packet(m, LAW_MQTT_CONNACK, 0);
  p.ack_flags = m->present && m->version != LAW_MQTT_31 ? 1 : 0;
  announce(m, &w, &p.properties, LAW_SERVER);
  p.properties.data = space;
  p.properties.len = (uint32_t)w.len;
  send(m, LAW_SERVER, &p);
  m->ends[LAW_SERVER].connected = true;
}

/* ---- what a sender starts ---- */

static uint16_t free_id(model *m, const model_end *e) {
  uint16_t id = (uint16_t)(1 + model_draw(m, MODEL_MAX_IDS));
  return e->flows[id].state == 0 ? id : 0;
}

/* The highest QoS that the subscriptions allow for |topic|, 3 for none. */
static uint8_t ceiling(const model *m, uint8_t topic) {
  uint8_t best = 3;
  for (size_t i = 0; i < MODEL_MAX_FILTERS; i++) {
    if (m->subscribed[i].on && matches[i][topic] && (best == 3 || m->subscribed[i].qos > best)) {
      best = m->subscribed[i].qos;
    }
  }
  return best;
}

static void add_identifiers(const model *m, law_writer *w, law_list *list, uint8_t topic) {
  for (size_t i = 0; v5(m) && i < MODEL_MAX_FILTERS; i++) {
    if (m->subscribed[i].on && matches[i][topic] && m->subscribed[i].id != 0) {
      law_mqtt_add_number(w, list, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, m->subscribed[i].id);
    }
  }
}

static law_bytes add_alias(model *m, model_end *e, law_writer *w, law_list *list, uint8_t topic) {
  if (e->alias_maximum == 0 || model_draw(m, 2) == 0) {
    return text(topics[topic]);
  }
  uint8_t alias = (uint8_t)(1 + model_draw(m, e->alias_maximum));
  bool known = e->aliases[alias] == topic + 1;
  law_mqtt_add_number(w, list, LAW_MQTT_P_TOPIC_ALIAS, alias);
  e->aliases[alias] = (uint8_t)(topic + 1);
  return known && model_draw(m, 2) == 0 ? law_bytes_of("", 0) : text(topics[topic]);
}

static void send_publish(model *m, model_end *e, uint8_t qos, uint8_t topic, uint16_t id, bool dup) {
  uint8_t space[64];
  law_writer w = law_writer_of(space, sizeof space);
  law_mqtt_message p = packet(m, LAW_MQTT_PUBLISH, id);
  p.first = (uint8_t)(p.first | qos << 1 | (dup ? 8 : 0));
  if (e->side == LAW_SERVER) {
    add_identifiers(m, &w, &p.properties, topic);
  }
  p.u.publish.topic = add_alias(m, e, &w, &p.properties, topic);
  p.properties.data = space;
  p.properties.len = (uint32_t)w.len;
  send(m, e->side, &p);
}

static void publish(model *m, model_end *e) {
  uint8_t topic = (uint8_t)model_draw(m, 4), qos = (uint8_t)model_draw(m, 3);
  if (e->side == LAW_SERVER) {
    uint8_t best = ceiling(m, topic);
    if (best == 3) {
      return;
    }
    qos = qos < best ? qos : best;
  }
  uint16_t id = qos > 0 ? free_id(m, e) : 0;
  if (qos > 0 && (id == 0 || e->in_flight >= e->receive_maximum)) {
    return;
  }
  if (qos > 0) {
    e->flows[id] = (model_flow){qos == 1 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC, qos, topic, false};
    e->in_flight++;
  }
  send_publish(m, e, qos, topic, id, false);
}

static bool owes(const model_end *e, uint8_t type, uint16_t id) {
  for (size_t i = 0; i < e->num_owed; i++) {
    if (e->owed[i].type == type && e->owed[i].id == id) {
      return true;
    }
  }
  return false;
}

/* Before 5.0 anything may be sent again at any time. */
static void copy(model *m, model_end *e) {
  uint16_t id = (uint16_t)(1 + model_draw(m, MODEL_MAX_IDS));
  const model_flow *f = &e->flows[id];
  if (v5(m) || f->older) {
    return;
  }
  if (f->state == LAW_MQTT_PUBACK || f->state == LAW_MQTT_PUBREC) {
    send_publish(m, e, f->qos, f->topic, id, true);
  } else if (f->state == LAW_MQTT_PUBCOMP && !owes(e, LAW_MQTT_PUBREL, id)) {
    law_mqtt_message p = packet(m, LAW_MQTT_PUBREL, id);
    send(m, e->side, &p);
  }
}

static void subscribe(model *m, model_end *e, bool on) {
  uint8_t space[64], properties[8];
  uint16_t id = free_id(m, e);
  law_writer w = law_writer_of(space, sizeof space), pw = law_writer_of(properties, sizeof properties);
  uint8_t num = (uint8_t)(1 + model_draw(m, 2));
  law_mqtt_message p = packet(m, on ? LAW_MQTT_SUBSCRIBE : LAW_MQTT_UNSUBSCRIBE, id);
  if (id == 0) {
    return;
  }
  for (uint8_t i = 0; i < num; i++) {
    law_write_bytes16(&w, text(filters[model_draw(m, MODEL_MAX_FILTERS)]));
    if (on) {
      law_write_u8(&w, (uint8_t)model_draw(m, 3));
    }
  }
  if (on && v5(m) && model_draw(m, 2) == 0) {
    law_mqtt_add_number(&pw, &p.properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER,
                        1 + model_draw(m, 3));
  }
  p.properties.data = properties;
  p.properties.len = (uint32_t)pw.len;
  p.u.filters = (law_list){space, (uint32_t)w.len, num};
  e->flows[id].state = on ? LAW_MQTT_SUBACK : LAW_MQTT_UNSUBACK;
  send(m, LAW_CLIENT, &p);
}

static void ping(model *m) {
  law_mqtt_message p = packet(m, LAW_MQTT_PINGREQ, 0);
  send(m, LAW_CLIENT, &p);
}

/* A session that goes on: what was under way is sent again, first of all. */
static void resume(model *m, model_end *e) {
  for (uint16_t id = 1; id <= MODEL_MAX_IDS; id++) {
    uint32_t kind = model_draw(m, 6);
    if (kind > 2 || e->in_flight >= e->receive_maximum) {
      continue;
    }
    uint8_t qos = kind == 0 ? 1 : 2;
    e->flows[id] = (model_flow){LAW_MQTT_PUBCOMP, qos, 0, true};
    if (kind < 2) {
      e->flows[id].state = kind == 0 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC;
      e->in_flight++;
      law_mqtt_message p = packet(m, LAW_MQTT_PUBLISH, id);
      p.first = (uint8_t)(p.first | qos << 1 | 8);
      p.u.publish.topic = text(topics[0]);
      send(m, e->side, &p);
    } else {
      law_mqtt_message p = packet(m, LAW_MQTT_PUBREL, id);
      send(m, e->side, &p);
    }
  }
}

/* ---- answers ---- */

static void owe(model_end *e, uint8_t type, uint16_t id) {
  if (e->num_owed < MODEL_MAX_OWED) {
    e->owed[e->num_owed++] = (model_owed){.type = type, .id = id};
  }
}

/* A client keeps the order of each kind of answer; a server need not. */
static size_t choose_owed(model *m, const model_end *e) {
  size_t i = model_draw(m, (uint32_t)e->num_owed);
  for (size_t k = 0; e->side == LAW_CLIENT && k < i; k++) {
    if (e->owed[k].type == e->owed[i].type) {
      return k;
    }
  }
  return i;
}

/* The flow is over: what it still owed, after copies, is not sent under the identifier's next use. */
static void take_back(model_end *e, uint16_t id) {
  size_t kept = 0;
  for (size_t i = 0; i < e->num_owed; i++) {
    if (e->owed[i].type != LAW_MQTT_PUBREL || e->owed[i].id != id) {
      e->owed[kept++] = e->owed[i];
    }
  }
  e->num_owed = kept;
  if (!e->flows[id].older || e->flows[id].state != LAW_MQTT_PUBCOMP) {
    e->in_flight -= e->in_flight > 0;
  }
  e->flows[id] = (model_flow){0};
}

static void answer(model *m, model_end *e) {
  if (e->num_owed == 0) {
    return;
  }
  size_t i = choose_owed(m, e);
  model_owed o = e->owed[i];
  memmove(&e->owed[i], &e->owed[i + 1], (e->num_owed - i - 1) * sizeof o);
  e->num_owed--;
  law_mqtt_message p = packet(m, o.type, o.id);
  if (o.type == LAW_MQTT_SUBACK || (o.type == LAW_MQTT_UNSUBACK && v5(m))) {
    p.u.reasons = (law_list){o.codes, o.num, o.num};
  }
  send(m, e->side, &p);
}

/* ---- what is read ---- */

static void read_subscribe(model *m, const law_mqtt_message *p, bool on) {
  model_end *e = &m->ends[LAW_SERVER];
  law_list it = p->u.filters;
  law_mqtt_filter f;
  model_owed o = {.type = on ? LAW_MQTT_SUBACK : LAW_MQTT_UNSUBACK, .id = p->packet_id};
  uint32_t id = v5(m) ? law_mqtt_property_number(&p->properties,
                                                 LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, 0)
                      : 0;
  while (law_mqtt_next_filter(&it, on, &f)) {
    for (size_t i = 0; i < MODEL_MAX_FILTERS; i++) {
      if (f.filter.len != strlen(filters[i]) || memcmp(f.filter.data, filters[i], f.filter.len)) {
        continue;
      }
      uint8_t granted = (uint8_t)model_draw(m, (f.options & 3u) + 1u);
      m->subscribed[i].on = on;
      m->subscribed[i].qos = granted;
      m->subscribed[i].id = id;
      o.codes[o.num++] = on ? granted : 0;
    }
  }
  if (e->num_owed < MODEL_MAX_OWED) {
    e->owed[e->num_owed++] = o;
  }
}

static void read_connack(model *m, const law_mqtt_message *p) {
  model_end *e = &m->ends[LAW_CLIENT];
  e->connected = true;
  if (v5(m)) {
    e->receive_maximum = (uint16_t)law_mqtt_property_number(
        &p->properties, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
    e->alias_maximum =
        (uint16_t)law_mqtt_property_number(&p->properties, LAW_MQTT_P_TOPIC_ALIAS_MAXIMUM, 0);
  }
}

static void read_acknowledgement(model_end *e, const law_mqtt_message *p, uint8_t type) {
  model_flow *f = &e->flows[p->packet_id];
  if (type == LAW_MQTT_PUBREC) {
    if (f->state == LAW_MQTT_PUBREC || f->state == LAW_MQTT_PUBCOMP) {
      f->state = LAW_MQTT_PUBCOMP;
      owe(e, LAW_MQTT_PUBREL, p->packet_id);
    }
  } else if (f->state == type) {
    take_back(e, p->packet_id);
  }
}

static void read_one(model *m, model_end *e, const law_mqtt_message *p) {
  uint8_t type = law_mqtt_type_of(p);
  switch (type) {
    case LAW_MQTT_CONNECT:
    case LAW_MQTT_PINGRESP: break;
    case LAW_MQTT_CONNACK: read_connack(m, p); break;
    case LAW_MQTT_PUBLISH:
      if (law_mqtt_qos(p) > 0) {
        owe(e, law_mqtt_qos(p) == 1 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC, p->packet_id);
      }
      break;
    case LAW_MQTT_PUBREL: owe(e, LAW_MQTT_PUBCOMP, p->packet_id); break;
    case LAW_MQTT_SUBSCRIBE: read_subscribe(m, p, true); break;
    case LAW_MQTT_UNSUBSCRIBE: read_subscribe(m, p, false); break;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK: e->flows[p->packet_id].state = 0; break;
    case LAW_MQTT_PINGREQ: owe(e, LAW_MQTT_PINGRESP, 0); break;
    case LAW_MQTT_DISCONNECT: e->left = true; break;
    default: read_acknowledgement(e, p, type); break;
  }
}

static void read_next(model *m, model_end *e) {
  law_side from = e->side == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT;
  model_packet p;
  law_mqtt_message message;
  law_violation violation;
  if (e->num_owed >= MODEL_MAX_OWED - 4 || !pop(&m->passed[from], &p)) {
    return;
  }
  law_status status =
      law_mqtt_decode(m->version, law_bytes_of(p.wire, p.len), &message, &violation);
  assert(status == LAW_OK);
  (void)status;
  bool connect = law_mqtt_type_of(&message) == LAW_MQTT_CONNECT;
  read_one(m, e, &message);
  if (connect) {
    send_connack(m);
    if (m->present) {
      resume(m, e);
    }
  }
}

/* ---- what happens next ---- */

static void act(model *m, model_end *e) {
  if (e->left || !room(m, e->side) || (e->side == LAW_SERVER && !e->connected)) {
    return;
  }
  switch (model_draw(m, 12)) {
    case 0: case 1: case 2: publish(m, e); break;
    case 3: copy(m, e); break;
    case 4:
      if (e->side == LAW_CLIENT) {
        subscribe(m, e, true);
      }
      break;
    case 5:
      if (e->side == LAW_CLIENT && model_draw(m, 3) == 0) {
        subscribe(m, e, false);
      } else if (e->side == LAW_CLIENT) {
        ping(m);
      }
      break;
    default: answer(m, e); break;
  }
}

bool model_step(model *m, model_packet *out) {
  model_end *client = &m->ends[LAW_CLIENT];
  if (m->sent[LAW_CLIENT].num == 0 && m->ends[LAW_CLIENT].flows[0].state == 0) {
    client->flows[0].state = 1; /* id 0 is nobody's: the CONNECT is out */
    send_connect(m);
    if (!m->clean && model_draw(m, 2) == 0) {
      resume(m, client);
    }
  }
  law_side side = model_draw(m, 2) == 0 ? LAW_CLIENT : LAW_SERVER;
  switch (model_draw(m, 3)) {
    case 0: act(m, &m->ends[side]); return false;
    case 1: read_next(m, &m->ends[side]); return false;
    default:
      if (m->passed[side].num < MODEL_MAX_QUEUE && pop(&m->sent[side], out)) {
        push(&m->passed[side], out);
        return true;
      }
      return false;
  }
}
