#include "monitors/mqtt/tests/model.h"

#include <assert.h>
#include <string.h>

static const char *const filters[MODEL_MAX_FILTERS] = {"a", "b/+", "#", "b/c"};
static const char *const topics[4] = {"a", "b/c", "b/d", "z/y/x"};
static const bool matches[MODEL_MAX_FILTERS][4] = {{true, false, false, false},
                                                   {false, true, true, false},
                                                   {true, true, true, true},
                                                   {false, true, false, false}};

uint32_t model_draw(model *m, uint32_t below) {
  m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(m->seed >> 33) % below;
}

void model_init(model *m, model_hub *hub, uint8_t version, uint64_t seed) {
  memset(m, 0, sizeof *m);
  m->hub = hub;
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
  const char id[2] = {(char)('a' + (m - m->hub->connections)), '\0'};
  p.u.connect.client_id = text(id);
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

static void add_identifiers(const model *m, law_writer *w, law_list *list,
                            const model_message *message) {
  for (size_t i = 0; v5(m) && i < MODEL_MAX_FILTERS; i++) {
    if (message->ids[i] != 0) {
      law_mqtt_add_number(w, list, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, message->ids[i]);
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

static void send_publish(model *m, model_end *e, const model_message *message, uint16_t id,
                         bool dup) {
  uint8_t space[64], payload[4];
  law_writer w = law_writer_of(space, sizeof space), pw = law_writer_of(payload, sizeof payload);
  law_mqtt_message p = packet(m, LAW_MQTT_PUBLISH, id);
  p.first = (uint8_t)(p.first | message->qos << 1 | (dup ? 8 : 0) | (message->retain ? 1 : 0));
  law_write_u32(&pw, message->payload);
  add_identifiers(m, &w, &p.properties, message);
  p.u.publish.topic = add_alias(m, e, &w, &p.properties, message->topic);
  p.u.publish.payload = law_bytes_of(payload, sizeof payload);
  p.properties.data = space;
  p.properties.len = (uint32_t)w.len;
  send(m, e->side, &p);
}

static void send_message(model *m, model_end *e, const model_message *message) {
  uint16_t id = 0;
  if (message->qos > 0) {
    while (id == 0) { /* receive maximum and pool of identifiers leave one */
      id = free_id(m, e);
    }
    e->flows[id] =
        (model_flow){message->qos == 1 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC, false, *message};
    e->in_flight++;
  }
  send_publish(m, e, message, id, false);
}

static bool may_send(const model_end *e, uint8_t qos) {
  size_t num = 0;
  for (size_t id = 1; id <= MODEL_MAX_IDS; id++) {
    num += e->flows[id].state == 0;
  }
  return qos == 0 || (num > 0 && e->in_flight < e->receive_maximum);
}

/* Most payloads are new; some several messages have. */
static uint32_t payload(model *m) {
  return model_draw(m, 4) == 0 ? model_draw(m, 3) : 1000 + m->hub->num_payloads++;
}

static void publish_new(model *m, model_end *e) {
  model_message message = {.topic = (uint8_t)model_draw(m, MODEL_NUM_TOPICS),
                           .qos = (uint8_t)model_draw(m, 3),
                           .retain = model_draw(m, 4) == 0,
                           .payload = payload(m)};
  if (may_send(e, message.qos)) {
    send_message(m, e, &message);
  }
}

static void deliver(model *m, model_end *e) {
  if (m->num_pending == 0 || !may_send(e, m->pending[0].qos)) {
    return;
  }
  send_message(m, e, &m->pending[0]);
  m->num_pending--;
  memmove(m->pending, m->pending + 1, m->num_pending * sizeof m->pending[0]);
}

static void publish(model *m, model_end *e) {
  if (e->side == LAW_CLIENT) {
    publish_new(m, e);
  } else {
    deliver(m, e);
  }
}

/* ---- what a server forwards ---- */

static void enqueue(model *m, const model_message *message) {
  if (m->num_pending < MODEL_MAX_QUEUE) {
    m->pending[m->num_pending++] = *message;
  }
}

/* |message| as it goes to |m|'s client by its subscription |i|. */
static model_message by_subscription(const model *m, const model_message *message, size_t i) {
  const model_subscription *s = &m->subscribed[i];
  model_message out = *message;
  out.qos = s->qos < message->qos ? s->qos : message->qos;
  out.retain = s->as_published && message->retain;
  out.ids[i] = s->id;
  return out;
}

static void forward_to(model *m, const model_message *message, bool own) {
  model_message all = *message;
  bool any = false;
  all.qos = 0;
  all.retain = false;
  for (size_t i = 0; i < MODEL_MAX_FILTERS; i++) {
    const model_subscription *s = &m->subscribed[i];
    if (!s->on || !matches[i][message->topic] || (own && s->no_local)) {
      continue;
    }
    model_message one = by_subscription(m, message, i);
    if (m->hub->copy_each) {
      enqueue(m, &one);
    }
    any = true;
    all.qos = one.qos > all.qos ? one.qos : all.qos;
    all.retain = all.retain || one.retain;
    all.ids[i] = s->id;
  }
  if (any && !m->hub->copy_each) {
    enqueue(m, &all);
  }
}

static void forward(model *m, const model_message *message) {
  if (message->retain) {
    m->hub->retained[message->topic].on = true;
    m->hub->retained[message->topic].message = *message;
  }
  for (size_t i = 0; i < MODEL_MAX_CONNECTIONS; i++) {
    forward_to(&m->hub->connections[i], message, &m->hub->connections[i] == m);
  }
}

static void send_retained(model *m, size_t filter) {
  for (size_t topic = 0; topic < MODEL_NUM_TOPICS; topic++) {
    if (m->hub->retained[topic].on && matches[filter][topic]) {
      model_message out = by_subscription(m, &m->hub->retained[topic].message, filter);
      out.retain = true;
      enqueue(m, &out);
    }
  }
}

static void read_publish(model *m, const law_mqtt_message *p) {
  model_message message = {.qos = law_mqtt_qos(p), .retain = law_mqtt_retain(p)};
  law_bytes topic = p->u.publish.topic;
  uint16_t id = message.qos == 2 ? p->packet_id : 0;
  law_mqtt_property alias;
  if (topic.len == 0 && law_mqtt_property_of(&p->properties, LAW_MQTT_P_TOPIC_ALIAS, &alias)) {
    message.topic = (uint8_t)(m->read_aliases[alias.number] - 1);
  } else {
    while (strlen(topics[message.topic]) != topic.len ||
           memcmp(topics[message.topic], topic.data, topic.len) != 0) {
      message.topic++;
    }
    if (v5(m) && law_mqtt_property_of(&p->properties, LAW_MQTT_P_TOPIC_ALIAS, &alias)) {
      m->read_aliases[alias.number] = (uint8_t)(message.topic + 1);
    }
  }
  message.payload = p->u.publish.payload.len == 4 ? law_load_u32(p->u.publish.payload.data) : 0;
  if (id != 0 && m->unreleased[id]) {
    return; /* a copy */
  }
  m->unreleased[id] = id != 0;
  forward(m, &message);
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
    send_publish(m, e, &f->message, id, true);
  } else if (f->state == LAW_MQTT_PUBCOMP && !owes(e, LAW_MQTT_PUBREL, id)) {
    law_mqtt_message p = packet(m, LAW_MQTT_PUBREL, id);
    send(m, e->side, &p);
  }
}

static void subscribe(model *m, model_end *e, bool on) {
  uint8_t space[64], properties[8];
  uint16_t id = free_id(m, e);
  law_writer w = law_writer_of(space, sizeof space),
             pw = law_writer_of(properties, sizeof properties);
  uint8_t num = (uint8_t)(1 + model_draw(m, 2));
  law_mqtt_message p = packet(m, on ? LAW_MQTT_SUBSCRIBE : LAW_MQTT_UNSUBSCRIBE, id);
  if (id == 0) {
    return;
  }
  for (uint8_t i = 0; i < num; i++) {
    law_write_bytes16(&w, text(filters[model_draw(m, MODEL_MAX_FILTERS)]));
    if (on) {
      uint32_t options =
          v5(m) ? (model_draw(m, 2) << 2 | model_draw(m, 2) << 3 | model_draw(m, 3) << 4) : 0;
      law_write_u8(&w, (uint8_t)(model_draw(m, 3) | options));
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
    e->flows[id] = (model_flow){LAW_MQTT_PUBCOMP, true, {.qos = qos, .payload = payload(m)}};
    if (kind < 2) {
      e->flows[id].state = kind == 0 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC;
      e->in_flight++;
      send_publish(m, e, &e->flows[id].message, id, true);
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

/* The flow is over: what it still owed after copies is not sent under the identifier's next use. */
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

/* Returns the QoS granted. */
static uint8_t make_subscription(model *m, size_t i, uint8_t options, uint32_t id) {
  model_subscription *s = &m->subscribed[i];
  bool existed = s->on;
  *s = (model_subscription){.on = true,
                            .no_local = (options & 4) != 0,
                            .as_published = (options & 8) != 0,
                            .qos = (uint8_t)model_draw(m, (options & 3u) + 1u),
                            .id = id};
  if (options >> 4 == 0 || (options >> 4 == 1 && !existed)) {
    send_retained(m, i);
  }
  return s->qos;
}

static void read_subscribe(model *m, const law_mqtt_message *p, bool on) {
  model_end *e = &m->ends[LAW_SERVER];
  law_list it = p->u.filters;
  law_mqtt_filter f;
  model_owed o = {.type = on ? LAW_MQTT_SUBACK : LAW_MQTT_UNSUBACK, .id = p->packet_id};
  uint32_t id =
      v5(m) ? law_mqtt_property_number(&p->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, 0) : 0;
  while (law_mqtt_next_filter(&it, on, &f)) {
    for (size_t i = 0; i < MODEL_MAX_FILTERS; i++) {
      if (f.filter.len != strlen(filters[i]) || memcmp(f.filter.data, filters[i], f.filter.len)) {
        continue;
      }
      o.codes[o.num++] = on ? make_subscription(m, i, f.options, id) : 0;
      m->subscribed[i].on = on;
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
    e->receive_maximum =
        (uint16_t)law_mqtt_property_number(&p->properties, LAW_MQTT_P_RECEIVE_MAXIMUM, UINT16_MAX);
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
    case LAW_MQTT_PINGRESP:
      break;
    case LAW_MQTT_CONNACK:
      read_connack(m, p);
      break;
    case LAW_MQTT_PUBLISH:
      if (e->side == LAW_SERVER) {
        read_publish(m, p);
      }
      if (law_mqtt_qos(p) > 0) {
        owe(e, law_mqtt_qos(p) == 1 ? LAW_MQTT_PUBACK : LAW_MQTT_PUBREC, p->packet_id);
      }
      break;
    case LAW_MQTT_PUBREL:
      if (e->side == LAW_SERVER) {
        m->unreleased[p->packet_id] = false;
      }
      owe(e, LAW_MQTT_PUBCOMP, p->packet_id);
      break;
    case LAW_MQTT_SUBSCRIBE:
      read_subscribe(m, p, true);
      break;
    case LAW_MQTT_UNSUBSCRIBE:
      read_subscribe(m, p, false);
      break;
    case LAW_MQTT_SUBACK:
    case LAW_MQTT_UNSUBACK:
      e->flows[p->packet_id].state = 0;
      break;
    case LAW_MQTT_PINGREQ:
      owe(e, LAW_MQTT_PINGRESP, 0);
      break;
    case LAW_MQTT_DISCONNECT:
      e->left = true;
      break;
    default:
      read_acknowledgement(e, p, type);
      break;
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
    case 0:
    case 1:
    case 2:
      publish(m, e);
      break;
    case 3:
      copy(m, e);
      break;
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
    default:
      answer(m, e);
      break;
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
    case 0:
      act(m, &m->ends[side]);
      return false;
    case 1:
      read_next(m, &m->ends[side]);
      return false;
    default:
      if (m->passed[side].num < MODEL_MAX_QUEUE && pop(&m->sent[side], out)) {
        push(&m->passed[side], out);
        return true;
      }
      return false;
  }
}
