/* Deliveries, compared with what the publisher sent. A message is recognised by topic and payload;
 * one that two publishers sent, or that was sent twice, is not judged. What the server kept from
 * the time before the world began may have the same name: so a session must have begun in the
 * world, and a retained message have been replaced in it. */
#include "monitors/mqtt/world.h"

#define SECOND UINT64_C(1000000000)

/* One delivery and all that is known of it. */
typedef struct delivery {
  const law_mqtt_packet *p;
  const law_mqtt_said *said;
  const law_mqtt_verdict *v;
  const law_mqtt_subscribed *single; /* the only subscription that brings it; NULL: more than one */
  bool live;                         /* published after the subscription had been acknowledged */
  bool rested;   /* and so long after that what was retained then had been sent */
  bool replaced; /* it is the retained message, which the server had before the first SUBSCRIBE */
} delivery;

/* ---- RETAIN, 3.3.1.3 ---- */

/* RETAIN is set, and the server had the message before anybody subscribed: it comes as a retained
 * one. */
static void judge_retained(law_mqtt_monitor *c, const delivery *d) {
  if (d->v->all_shared && (d->v->had & LAW_MQTT_HAD_RETAIN_AS_PUBLISHED) == 0) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_RETAINED_SHARED, 0);
  } else if (!d->v->all_shared && (d->v->had & LAW_MQTT_HAD_RETAINED) == 0) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_RETAIN_HANDLING_2, 0);
  }
}

/* The message was forwarded as it was published. */
static void judge_forwarded(law_mqtt_monitor *c, const delivery *d) {
  bool retain = law_mqtt_retain(d->p->m);
  bool cleared = (d->v->had & LAW_MQTT_HAD_RETAIN_AS_PUBLISHED) == 0;
  bool kept = (d->v->had & LAW_MQTT_HAD_RETAIN_CLEARED) == 0;
  if (!retain) {
    if (kept && d->said->retain) {
      law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_RETAIN_CLEARED, 0);
    }
  } else if (d->rested && cleared) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_RETAIN_KEPT, 0);
  } else if (d->rested && kept && !d->said->retain) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_RETAIN_INVENTED, 0);
  }
}

static void judge_retain(law_mqtt_monitor *c, const delivery *d) {
  if (d->live) {
    judge_forwarded(c, d);
  } else if (d->replaced) {
    judge_retained(c, d);
  }
}

/* ---- QoS, 3.8.4 ---- */

static void judge_qos(law_mqtt_monitor *c, const delivery *d) {
  uint8_t qos = law_mqtt_qos(d->p->m);
  if (qos > d->said->qos) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_QOS_RAISED, 0);
  } else if (d->single != NULL && d->single->open == 0 && d->single->times == 1) {
    uint8_t granted = d->single->granted;
    if (qos < (d->said->qos < granted ? d->said->qos : granted)) {
      law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_GRANTED_QOS, 0);
    }
  }
}

/* ---- No Local, 3.8.3.1 ---- */

static void judge_local(law_mqtt_monitor *c, const delivery *d) {
  if (d->v->num > 0 && (d->v->had & LAW_MQTT_HAD_LOCAL) == 0 && !law_mqtt_retain(d->p->m) &&
      c->client != 0 && d->said->client == c->client) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_NO_LOCAL, 0);
  }
}

/* ---- properties, 3.3.2.3 ---- */

static void judge_user_properties(law_mqtt_monitor *c, const delivery *d,
                                  const law_mqtt_extras *got) {
  const law_mqtt_extras *sent = &d->said->extras;
  bool same_set = got->num_user == sent->num_user && got->user == sent->user;
  if (got->num_user < sent->num_user || (got->num_user == sent->num_user && !same_set)) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_ALTERED_USER, 0);
  } else if (same_set && got->user_order != sent->user_order) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_ALTERED_USER_ORDER, 0);
  }
}

static void judge_extras(law_mqtt_monitor *c, const delivery *d) {
  law_mqtt_extras got;
  const law_mqtt_extras *sent = &d->said->extras;
  if (d->said->version != LAW_MQTT_5 || c->version != LAW_MQTT_5) {
    return;
  }
  law_mqtt_read_extras(&got, &d->p->m->properties);
  const struct {
    bool differs;
    law_mqtt_objection objection;
  } checks[] = {
      {got.format != sent->format, LAW_MQTT_OBJECT_ALTERED_FORMAT},
      {got.response != sent->response, LAW_MQTT_OBJECT_ALTERED_RESPONSE_TOPIC},
      {got.correlation != sent->correlation, LAW_MQTT_OBJECT_ALTERED_CORRELATION},
      {got.content != sent->content, LAW_MQTT_OBJECT_ALTERED_CONTENT_TYPE},
  };
  for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
    if (checks[i].differs) {
      law_mqtt_object(c, d->p, checks[i].objection, 0);
    }
  }
  judge_user_properties(c, d, &got);
}

/* ---- once, and in order ---- */

/* QoS 2 on both hops, one subscription, one connection: the message comes once. */
static void judge_once(law_mqtt_monitor *c, const delivery *d) {
  uint32_t *slot = &c->history.delivered[d->said->serial % LAW_MQTT_DELIVERED];
  if (*slot == d->said->serial && d->said->qos == 2 && law_mqtt_qos(d->p->m) == 2) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_DELIVERED_TWICE, 0);
  }
  *slot = d->said->serial;
}

/* 4.6: messages of one publisher, topic and QoS keep their order. */
static void judge_order(law_mqtt_monitor *c, const delivery *d, uint64_t topic) {
  uint64_t key = topic + d->said->connection * UINT64_C(0x9e3779b97f4a7c15) +
                 ((uint64_t)d->said->qos << 2 | law_mqtt_qos(d->p->m));
  law_mqtt_last *last = &c->history.last[(key ^ key >> 32) % LAW_MQTT_LASTS];
  if (d->said->copied || (d->said->qos == 2 && c->world->disordered)) {
    return;
  }
  if (last->key == key && d->said->serial < last->serial) {
    law_mqtt_object(c, d->p, LAW_MQTT_OBJECT_MESSAGE_ORDER, 0);
    return;
  }
  *last = (law_mqtt_last){key, d->said->serial};
}

static void judge_sequence(law_mqtt_monitor *c, const delivery *d, uint64_t topic) {
  if (d->single == NULL || d->single->times != 1 || d->v->all_shared || law_mqtt_dup(d->p->m) ||
      law_mqtt_retain(d->p->m)) {
    return;
  }
  judge_once(c, d);
  judge_order(c, d, topic);
}

/* ---- all of it ---- */

static bool is_live(const delivery *d) {
  const law_mqtt_subscribed *s = d->single;
  return s->times == 1 && s->open == 0 && s->granted != LAW_MQTT_NO_QOS &&
         d->said->at > s->granted_at;
}

/* A server may look for retained messages after it has sent the SUBACK. */
static bool is_rested(const delivery *d) {
  const law_mqtt_subscribed *s = d->single;
  bool looks = (s->had & LAW_MQTT_HAD_RETAINED) != 0 && (s->had & LAW_MQTT_IS_SHARED) == 0;
  return d->live && (!looks || d->said->at > s->granted_at + SECOND);
}

/* The server had taken it, as retained, before anybody asked here. */
static bool is_replaced(const delivery *d) {
  return d->single != NULL && law_mqtt_retain(d->p->m) && d->said->retain &&
         d->said->done_at != 0 && d->said->done_at < d->single->asked_at;
}

/* What comes is certainly the message that was said. */
static bool is_certain(const delivery *d) {
  if (d->rested || d->replaced) {
    return true;
  }
  return !law_mqtt_retain(d->p->m) && (d->v->had & LAW_MQTT_IS_SHARED) == 0;
}

void law_mqtt_world_deliver(law_mqtt_monitor *c, const law_mqtt_packet *p,
                            const law_mqtt_verdict *v, uint64_t topic) {
  if (c->world == NULL || topic == 0 || v == NULL) {
    return;
  }
  delivery d = {.p = p, .v = v};
  d.said = law_mqtt_world_find(c->world, law_mqtt_name_of(topic, p->m->u.publish.payload));
  if (d.said == NULL) {
    return;
  }
  if (v->num == 1) {
    d.single = &c->filters.all[v->first];
    d.live = is_live(&d);
    d.rested = is_rested(&d);
    d.replaced = is_replaced(&d);
  }
  if (!is_certain(&d)) {
    return;
  }
  judge_retain(c, &d);
  judge_qos(c, &d);
  judge_local(c, &d);
  judge_extras(c, &d);
  judge_sequence(c, &d, topic);
}
