#include "monitors/mqtt/monitor.h"

/* ---- SUBSCRIBE, UNSUBSCRIBE ---- */

/* What a request asks for: all after its packet identifier. */
static uint32_t content_of(const law_mqtt_packet *p) {
  uint32_t at = law_mqtt_body_at(p->seen->wire) + 2;
  law_bytes rest = law_bytes_of(p->seen->wire.data + at, p->seen->wire.len - at);
  return (uint32_t)law_mqtt_hash(rest, 0);
}

/* A request with an identifier that is still in use. The same request again may be a copy. */
static void ask_again(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_id *e,
                      law_mqtt_use use) {
  law_mqtt_ids *ids = &c->ids[LAW_CLIENT];
  bool copy = e->use == use && e->order == content_of(p);
  if (!copy && !c->strayed) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_ID_IN_USE_CLIENT, law_mqtt_body_at(p->seen->wire));
  }
  if (!copy || e->asked == UINT8_MAX) {
    law_mqtt_misuse(c, p);
    law_mqtt_id_free(ids, e);
    law_mqtt_id_forget(ids, p->m->packet_id);
  } else {
    e->asked++;
  }
  c->strayed = c->strayed || p->judged;
}

static void ask(law_mqtt_monitor *c, const law_mqtt_packet *p, law_mqtt_use use) {
  law_mqtt_ids *ids = &c->ids[LAW_CLIENT];
  uint16_t id = p->m->packet_id;
  bool doubtful = law_mqtt_id_unknown(ids, id);
  law_mqtt_id *e = law_mqtt_id_find(ids, id);
  if (e != NULL) {
    ask_again(c, p, e, use);
    return;
  }
  if (doubtful && p->judged && p->m->version != LAW_MQTT_5) {
    return; /* it may be a copy whose answer is under way; 5.0 lets nothing be asked twice */
  }
  e = law_mqtt_id_take(ids, id, use);
  if (e != NULL) {
    e->doubtful = doubtful;
    e->filters = p->m->u.filters.count > UINT16_MAX ? 0 : (uint16_t)p->m->u.filters.count;
    e->order = content_of(p);
  }
}

void law_mqtt_see_subscribe(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  ask(c, p, LAW_MQTT_USE_SUBSCRIBE);
  if (!p->judged) {
    law_mqtt_filters_ask(&c->filters, p->m, p->seen->now);
  }
}

void law_mqtt_see_unsubscribe(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  ask(c, p, LAW_MQTT_USE_UNSUBSCRIBE);
}

/* ---- SUBACK, UNSUBACK ---- */

typedef struct answer_rules {
  law_mqtt_use use;
  law_mqtt_objection unasked, other_id, count;
} answer_rules;

static const answer_rules suback_rules = {LAW_MQTT_USE_SUBSCRIBE, LAW_MQTT_OBJECT_SUBACK_UNASKED,
                                          LAW_MQTT_OBJECT_SUBACK_OTHER_ID,
                                          LAW_MQTT_OBJECT_SUBACK_COUNT};
static const answer_rules unsuback_rules = {
    LAW_MQTT_USE_UNSUBSCRIBE, LAW_MQTT_OBJECT_UNSUBACK_UNASKED, LAW_MQTT_OBJECT_UNSUBACK_OTHER_ID,
    LAW_MQTT_OBJECT_UNSUBACK_COUNT};

/* A reason code for each filter; 3.1.1's UNSUBACK has none. */
static void check_count(law_mqtt_monitor *c, const law_mqtt_packet *p, const law_mqtt_id *e,
                        law_mqtt_objection objection) {
  const law_list *reasons = &p->m->u.reasons;
  bool has_reasons = p->m->version == LAW_MQTT_5 || law_mqtt_type_of(p->m) == LAW_MQTT_SUBACK;
  if (has_reasons && !e->doubtful && e->filters != 0 && reasons->count != e->filters) {
    law_mqtt_object(c, p, objection, (uint32_t)(reasons->data - p->seen->wire.data));
  }
}

static void judge_answer(law_mqtt_monitor *c, const law_mqtt_packet *p, const answer_rules *rules) {
  law_mqtt_ids *ids = &c->ids[LAW_CLIENT];
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  if (e != NULL && e->use == rules->use) {
    check_count(c, p, e, rules->count);
    if (--e->asked == 0) {
      law_mqtt_id_done(ids, e);
    }
  } else if (law_mqtt_id_certain(ids, e, p->m->packet_id)) {
    law_mqtt_object(c, p, ids->num[rules->use] > 0 ? rules->other_id : rules->unasked,
                    law_mqtt_body_at(p->seen->wire));
  }
}

/* The judged client may use the identifier again as soon as it has read this. */
static void answered_by_other(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  law_mqtt_ids *ids = &c->ids[LAW_CLIENT];
  law_mqtt_id *e = law_mqtt_id_find(ids, p->m->packet_id);
  bool asked = law_mqtt_type_of(p->m) == LAW_MQTT_SUBACK;
  law_mqtt_use use = asked ? LAW_MQTT_USE_SUBSCRIBE : LAW_MQTT_USE_UNSUBSCRIBE;
  if (e != NULL && !e->doubtful && e->use != use) {
    return; /* only the corresponding packet frees it */
  }
  if (e != NULL) {
    law_mqtt_id_free(ids, e);
  } else {
    c->strayed = true;
  }
  law_mqtt_id_forget(ids, p->m->packet_id);
}

void law_mqtt_see_suback(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (!p->judged) {
    answered_by_other(c, p);
    return;
  }
  judge_answer(c, p, &suback_rules);
  law_mqtt_filters_grant(&c->filters, p->m, p->seen->now);
}

void law_mqtt_see_unsuback(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (p->judged) {
    judge_answer(c, p, &unsuback_rules);
  } else {
    answered_by_other(c, p);
  }
}

/* ---- PINGREQ, PINGRESP ---- */

void law_mqtt_see_pingreq(law_mqtt_monitor *c) { c->num_pings++; }

void law_mqtt_see_pingresp(law_mqtt_monitor *c, const law_mqtt_packet *p) {
  if (c->num_pings > 0) {
    c->num_pings--;
  } else if (!c->pings_unknown) {
    law_mqtt_object(c, p, LAW_MQTT_OBJECT_PINGRESP_UNASKED, 0);
  }
}
