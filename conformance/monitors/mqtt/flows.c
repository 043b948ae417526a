#include "monitors/mqtt/monitor.h"
#include "monitors/mqtt/world.h"

static law_mqtt_ids *ids_of(law_mqtt_monitor *c, law_side sender) { return &c->ids[sender]; }

static bool is_publish(const law_mqtt_id *e) {
  return e->use >= LAW_MQTT_USE_QOS1 && e->use <= LAW_MQTT_USE_RELEASED;
}

static uint32_t id_at(const law_mqtt_packet *p) {
  if (law_mqtt_type_of(p->m) == LAW_MQTT_PUBLISH) {
    law_bytes topic = p->m->u.publish.topic;
    return (uint32_t)(topic.data + topic.len - p->seen->wire.data);
  }
  return law_mqtt_body_at(p->seen->wire);
}

/* Objects to how the judged side uses its own identifiers. */
static void object_to_sender(law_mqtt_monitor *c, const law_mqtt_packet *p,
                             law_mqtt_objection objection) {
  if (!c->strayed) {
    law_mqtt_object(c, p, objection, id_at(p));
  }
}

/* The identifier's state is not known any more. */
static void blur(law_mqtt_ids *ids, law_mqtt_id *e, uint16_t id) {
  if (e != NULL) {
    law_mqtt_id_free(ids, e);
  }
  law_mqtt_id_forget(ids, id);
}

/* ---- PUBLISH ---- */

static law_mqtt_use use_of(const law_mqtt_message *m) {
  return law_mqtt_qos(m) == 1 ? LAW_MQTT_USE_QOS1 : LAW_MQTT_USE_QOS2;
}

static bool same_message(const law_mqtt_id *e, const law_mqtt_message *m) {
  bool first_half = e->use == use_of(m);
  return first_half || (law_mqtt_qos(m) == 2 && e->use == LAW_MQTT_USE_RECEIVED);
}

/* A PUBLISH with an identifier that is still in use. 5.0 allows no second copy on one connection;
 * before, one with DUP is a copy. */
static void object_to_reuse(law_mqtt_monitor *c, const law_mqtt_packet *p, const law_mqtt_id *e) {
  bool copy = law_mqtt_dup(p->m) && is_publish(e);
  bool late = e->use == LAW_MQTT_USE_RELEASED && law_mqtt_qos(p->m) == 2;
  if (copy && late) {
    object_to_sender(c, p, LAW_MQTT_OBJECT_PUBLISH_AFTER_PUBREL);
  } else if (copy && same_message(e, p->m)) {
    object_to_sender(c, p, LAW_MQTT_OBJECT_RESENT);
  } else {
    object_to_sender(c, p,
                     p->seen->from == LAW_CLIENT ? LAW_MQTT_OBJECT_ID_IN_USE_CLIENT
                                                 : LAW_MQTT_OBJECT_ID_IN_USE_SERVER);
  }
  c->strayed = c->strayed || p->judged;
}

/* Another PUBLISH with the identifier of |e|. */
static void publish_again(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_id *e) {
  law_mqtt_ids *ids = ids_of(c, p->seen->from);
  law_mqtt_misuse(c, p);
  object_to_reuse(c, p, e);
  if (!same_message(e, p->m) || e->asked == UINT8_MAX) {
    blur(ids, e, p->m->packet_id);
    return;
  }
  e->asked++;
  e->resent = true;
}

static void check_first_dup(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (law_mqtt_dup(p->m)) {
    law_mqtt_object(
        c, p, law_mqtt_qos(p->m) == 1 ? LAW_MQTT_OBJECT_FIRST_DUP_1 : LAW_MQTT_OBJECT_FIRST_DUP_2,
        0);
  }
}

static void check_receive_maximum(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  const law_mqtt_announced *limits = law_mqtt_binding(c);
  if (p->judged && limits != NULL && !c->strayed &&
      law_mqtt_ids_in_flight(ids_of(c, c->judged)) > limits->receive_maximum) {
    law_mqtt_object(c, p,
                    c->judged == LAW_CLIENT ? LAW_MQTT_OBJECT_RECEIVE_MAXIMUM_CLIENT
                                            : LAW_MQTT_OBJECT_RECEIVE_MAXIMUM_SERVER,
                    0);
  }
}

void law_mqtt_see_publish_flow(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, p->seen->from);
  uint16_t id = p->m->packet_id;
  law_mqtt_id *e = law_mqtt_id_find(ids, id);
  if (LAW_UNLIKELY(e != NULL)) {
    publish_again(c, p, e);
    return;
  }
  bool unknown = law_mqtt_id_unknown(ids, id);
  if (unknown && p->judged && law_mqtt_dup(p->m)) {
    c->strayed = true; /* a copy whose acknowledgement may be under way */
    return;
  }
  if (!unknown) {
    check_first_dup(c, p);
  }
  e = law_mqtt_id_take(ids, id, use_of(p->m));
  if (e != NULL && unknown) {
    /* Before 5.0 copies of an older message may wait for answers beside a new one; with a side that
     * keeps to no rule, anything may. */
    e->doubtful = law_mqtt_dup(p->m) || p->m->version != LAW_MQTT_5 || (!p->judged && c->misled);
  }
  check_receive_maximum(c, p);
}

/* ---- answers of the receiver: PUBACK, PUBREC, PUBCOMP ---- */

/* The judged side answers |id| of the other, for which nothing is open. */
static void object_to_answer(law_mqtt_monitor *c, const law_mqtt_packet *p, const law_mqtt_id *e,
                             bool others_open, law_mqtt_objection unasked,
                             law_mqtt_objection other_id) {
  if (law_mqtt_id_certain(ids_of(c, law_mqtt_other(c->judged)), e, p->m->packet_id)) {
    law_mqtt_object(c, p, others_open ? other_id : unasked, id_at(p));
  }
}

/* A client answers in the order in which it was asked (4.6.0-2 to -4). |*last| is the place of the
 * latest that it answered. A copy's place is not known. */
static void check_order(law_mqtt_monitor *c, const law_mqtt_packet *p, const law_mqtt_id *e,
                        uint32_t *last, law_mqtt_objection objection) {
  if (p->seen->from != LAW_CLIENT || e->resent || e->doubtful) {
    return;
  }
  if (e->order < *last) {
    law_mqtt_object(c, p, objection, id_at(p));
  } else {
    *last = e->order;
  }
}

static void check_server_only(law_mqtt_monitor *c, const law_mqtt_packet *p,
                              law_mqtt_objection objection) {
  if (p->m->reason == 0x10 && p->seen->from == LAW_CLIENT) {
    law_mqtt_object(c, p, objection, law_mqtt_body_at(p->seen->wire) + 2);
  }
}

/* PUBACK or PUBCOMP. One that comes too early in a flow of QoS 2 may be taken for its end. */
static bool is_answer_to(const law_mqtt_message *m, const law_mqtt_id *e) {
  bool qos1 = e->use == LAW_MQTT_USE_QOS1;
  return law_mqtt_type_of(m) == LAW_MQTT_PUBACK ? qos1 : is_publish(e) && !qos1;
}

/* The other side acknowledged: from now on the judged one may use the identifier for something
 * new, as soon as it has read this. */
static void acknowledged_by_other(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, c->judged);
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  if (e != NULL && !e->doubtful && !is_answer_to(p->m, e)) {
    return; /* 5.0 and 3.1.1 section 2: only the corresponding packet frees it */
  }
  c->strayed = c->strayed || e == NULL;
  blur(ids, e, p->m->packet_id);
}

static void judge_puback(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, law_mqtt_other(c->judged));
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  if (LAW_LIKELY(e != NULL && e->use == LAW_MQTT_USE_QOS1)) {
    law_mqtt_answered(c);
    law_mqtt_world_acknowledged(c, e);
    check_order(c, p, e, &c->last_puback, LAW_MQTT_OBJECT_PUBACK_ORDER);
    if (--e->asked == 0) {
      law_mqtt_id_done(ids, e);
    }
  } else if (e != NULL && !e->doubtful && is_publish(e) && e->asked > 0) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ANSWER_BY_QOS, 0);
    blur(ids, e, p->m->packet_id);
  } else {
    object_to_answer(c, p, e, ids->num[LAW_MQTT_USE_QOS1] > 0, LAW_MQTT_OBJECT_PUBACK_UNASKED,
                     LAW_MQTT_OBJECT_ANSWER_OTHER_ID);
  }
}

void law_mqtt_see_puback(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (!p->judged) {
    acknowledged_by_other(c, p);
    return;
  }
  check_server_only(c, p, LAW_MQTT_OBJECT_PUBACK_SERVER_ONLY);
  judge_puback(c, p);
}

/* |e| has a PUBLISH of QoS 2 that waits for the PUBREC at hand. */
static void answer_pubrec(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_ids *ids,
                          law_mqtt_id *e) {
  law_mqtt_answered(c);
  if (p->m->version != LAW_MQTT_5 || p->m->reason < 0x80) {
    law_mqtt_world_acknowledged(c, e);
  }
  if (e->use == LAW_MQTT_USE_QOS2) {
    check_order(c, p, e, &c->last_pubrec, LAW_MQTT_OBJECT_PUBREC_ORDER);
  }
  e->asked--;
  if (p->m->version == LAW_MQTT_5 && p->m->reason >= 0x80) {
    if (e->asked > 0 || e->turns > 0) {
      blur(ids, e, p->m->packet_id); /* copies, some refused: the sender broke a rule before */
    } else {
      law_mqtt_id_done(ids, e);
    }
  } else if (e->use == LAW_MQTT_USE_QOS2) {
    law_mqtt_id_becomes(ids, e, LAW_MQTT_USE_RECEIVED);
  }
}

static void judge_pubrec(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, law_mqtt_other(c->judged));
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  bool qos2 = e != NULL && e->use >= LAW_MQTT_USE_QOS2 && e->use <= LAW_MQTT_USE_RELEASED;
  if (LAW_LIKELY(qos2 && e->asked > 0)) {
    answer_pubrec(c, p, ids, e);
  } else if (e != NULL && !e->doubtful && e->use == LAW_MQTT_USE_QOS1) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ANSWER_BY_QOS, 0);
    blur(ids, e, p->m->packet_id);
  } else if (qos2 && p->m->version != LAW_MQTT_5) {
    return; /* nothing before 5.0 forbids to say it again */
  } else {
    object_to_answer(c, p, e, ids->num[LAW_MQTT_USE_QOS2] > 0, LAW_MQTT_OBJECT_PUBREC_UNASKED,
                     LAW_MQTT_OBJECT_ANSWER_OTHER_ID);
  }
}

/* The other side's PUBREC: the judged one owes a PUBREL, in the order of the PUBRECs. */
static void pubrec_by_other(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, c->judged);
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  bool refused = p->m->version == LAW_MQTT_5 && p->m->reason >= 0x80;
  if (e == NULL || refused || e->use == LAW_MQTT_USE_QOS1 || !is_publish(e)) {
    c->strayed = c->strayed || e == NULL;
    blur(ids, e, p->m->packet_id);
    return;
  }
  e->resent = e->resent || e->turns > 0;
  e->turns = (uint8_t)(e->turns + (e->turns < UINT8_MAX));
  if (e->use == LAW_MQTT_USE_QOS2) {
    law_mqtt_id_becomes(ids, e, LAW_MQTT_USE_RECEIVED);
    e->order = ++ids->next_order;
  }
}

void law_mqtt_see_pubrec(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (!p->judged) {
    pubrec_by_other(c, p);
    return;
  }
  check_server_only(c, p, LAW_MQTT_OBJECT_PUBREC_SERVER_ONLY);
  judge_pubrec(c, p);
}

/* ---- PUBREL ---- */

static void judge_pubrel(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, c->judged);
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  if (LAW_LIKELY(e != NULL && e->use == LAW_MQTT_USE_RECEIVED)) {
    law_mqtt_answered(c);
    if (!c->strayed) {
      check_order(c, p, e, &c->last_pubrel, LAW_MQTT_OBJECT_PUBREL_ORDER);
    }
    law_mqtt_id_becomes(ids, e, LAW_MQTT_USE_RELEASED);
    e->turns--;
  } else if (e != NULL && e->use == LAW_MQTT_USE_RELEASED) {
    if (e->turns > 0) {
      e->turns--;
    } else {
      object_to_sender(c, p, LAW_MQTT_OBJECT_RESENT);
      c->strayed = true;
    }
  } else if (e != NULL || !law_mqtt_id_unknown(ids, p->m->packet_id)) {
    object_to_sender(c, p, LAW_MQTT_OBJECT_PUBREL_UNASKED);
  }
}

/* A server may pass messages of QoS 2 on when they are released; then a client decides their
 * order. */
static void note_release(law_mqtt_monitor *c, const law_mqtt_id *e) {
  if (c->world == NULL) {
    return;
  }
  c->world->disordered = c->world->disordered || e->order < c->last_pubrel;
  c->last_pubrel = e->order > c->last_pubrel ? e->order : c->last_pubrel;
}

/* The other side's PUBREL, of this connection's PUBLISH or of an earlier one's. */
static void pubrel_by_other(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, law_mqtt_other(c->judged));
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  bool flow = e != NULL && is_publish(e) && e->use != LAW_MQTT_USE_QOS1;
  if (e == NULL) {
    bool doubtful = law_mqtt_id_unknown(ids, p->m->packet_id);
    e = law_mqtt_id_take(ids, p->m->packet_id, LAW_MQTT_USE_RELEASED);
    if (e != NULL) {
      e->asked = 0;
      e->turns = 1;
      e->doubtful = doubtful;
    }
  } else if (!flow || e->turns == UINT8_MAX) {
    law_mqtt_misuse(c, p);
    blur(ids, e, p->m->packet_id);
  } else {
    e->turns++;
    if (e->use == LAW_MQTT_USE_RECEIVED) {
      note_release(c, e);
      law_mqtt_id_becomes(ids, e, LAW_MQTT_USE_RELEASED);
    }
  }
}

void law_mqtt_see_pubrel(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (p->judged) {
    judge_pubrel(c, p);
  } else {
    pubrel_by_other(c, p);
  }
}

/* ---- PUBCOMP ---- */

static void judge_pubcomp(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = ids_of(c, law_mqtt_other(c->judged));
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  if (LAW_LIKELY(e != NULL && is_publish(e) && e->turns > 0)) {
    law_mqtt_answered(c);
    if (--e->turns > 0) {
      return;
    }
    if (e->asked > 0) {
      blur(ids, e, p->m->packet_id); /* a PUBREL before its PUBREC: the sender broke a rule */
    } else {
      law_mqtt_id_done(ids, e);
    }
    return;
  }
  object_to_answer(c, p, e, ids->num[LAW_MQTT_USE_RELEASED] > 0, LAW_MQTT_OBJECT_PUBCOMP_UNASKED,
                   LAW_MQTT_OBJECT_PUBCOMP_OTHER_ID);
}

void law_mqtt_see_pubcomp(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (p->judged) {
    judge_pubcomp(c, p);
  } else {
    acknowledged_by_other(c, p);
  }
}
