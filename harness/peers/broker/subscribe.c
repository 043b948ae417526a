#include "peers/broker/subscribe.h"

#include <stdlib.h>
#include <string.h>

#include "peers/broker/answer.h"
#include "peers/broker/delivery.h"
#include "peers/broker/retain.h"
#include "peers/broker/subscriptions.h"

/* One SUBSCRIBE or UNSUBSCRIBE under way. */
typedef struct request {
  law_link *conn;
  uint32_t identifier;
  uint8_t *reasons;            /* one for each filter */
  law_subscription **retained; /* those that get retained messages, NULL for the others */
  size_t num;
} request;

static bool has_wildcard(law_bytes filter) {
  return memchr(filter.data, '#', filter.len) != NULL ||
         memchr(filter.data, '+', filter.len) != NULL;
}

static bool is_shared(const law_link *c, law_bytes filter) {
  law_bytes name, path;
  return c->version == LAW_MQTT_5 && law_mqtt_shared(filter, &name, &path);
}

/* A feature this server said it does not have is a Protocol Error (5.0 sections 3.2.2.3.11 to
 * 13). */
static uint8_t unavailable(const law_link *c, const law_mqtt_message *m, uint32_t identifier) {
  const law_broker *b = c->broker;
  const law_broker_config *config = &b->config;
  law_mqtt_filter f;
  law_list it = m->u.filters;
  if (config->no_subscription_ids && identifier != 0 &&
      !law_fault(b, FAULT_SUBSCRIPTION_ID_ACCEPTED)) {
    return 0xA1;
  }
  while (law_mqtt_next_filter(&it, true, &f)) {
    if (config->no_wildcards && has_wildcard(f.filter) && !law_fault(b, FAULT_WILDCARD_ACCEPTED)) {
      return 0xA2;
    }
    if (config->no_shared && is_shared(c, f.filter) && !law_fault(b, FAULT_SHARED_ACCEPTED)) {
      return 0x9E;
    }
  }
  return 0;
}

/* 3.1.1 does not know the option bits. */
static uint8_t options_of(const law_link *c, const law_mqtt_filter *f) {
  uint8_t qos = f->options & 3;
  if (qos > c->broker->config.maximum_qos) {
    qos = c->broker->config.maximum_qos;
  }
  return c->version == LAW_MQTT_5 ? (uint8_t)((f->options & ~3) | qos) : qos;
}

/* Retain handling (3.8.3.1): 0 always, 1 for a new subscription, 2 never; a share gets none
 * (4.8.2). */
static bool wants_retained(const law_broker *b, const law_subscription *sub, bool is_new) {
  uint8_t handling = (sub->options >> 4) & 3;
  if (sub->share != NULL) {
    bool first = sub->share->members.num == 1;
    return is_new &&
           law_fault(b, first ? FAULT_SHARED_GETS_RETAINED : FAULT_SHARED_GETS_RETAINED_LATER);
  }
  switch (handling) {
    case 0:
      return is_new ? !law_fault(b, FAULT_RETAIN_HANDLING_0_NEVER)
                    : !law_fault(b, FAULT_RESUBSCRIBE_WITHOUT_RETAINED);
    case 1:
      return is_new ? !law_fault(b, FAULT_RETAIN_HANDLING_1_NEVER)
                    : law_fault(b, FAULT_RETAIN_HANDLING_1_ALWAYS);
    default:
      return law_fault(b, FAULT_RETAIN_HANDLING_2_SENDS);
  }
}

/* Filters of a packet that faults do not get to see. */
static bool is_skipped(const request *r) {
  return r->num > 0 && law_fault(r->conn->broker, FAULT_SUBSCRIBE_FIRST_FILTER_ONLY);
}

static uint8_t granted(const request *r, const law_subscription *sub) {
  const law_broker *b = r->conn->broker;
  uint8_t qos = law_subscription_qos(sub);
  if (r->num == 1 && law_fault(b, FAULT_SUBACK_RESERVED_REASON)) {
    return 0x7F;
  }
  if (r->num == 1 && qos < 2 && law_fault(b, FAULT_SUBACK_MORE_THAN_GRANTED)) {
    return (uint8_t)(qos + 1);
  }
  return qos;
}

static uint8_t failure_code(const law_link *c) { return c->version == LAW_MQTT_5 ? 0x97 : 0x80; }

static bool refuses_wrongly(const law_broker *b, const law_mqtt_filter *f) {
  bool both = memchr(f->filter.data, '#', f->filter.len) != NULL &&
              memchr(f->filter.data, '+', f->filter.len) != NULL;
  return ((f->options & 3) > b->config.maximum_qos &&
          law_fault(b, FAULT_LOW_QOS_SUBSCRIBE_REFUSED)) ||
         (both && law_fault(b, FAULT_WILDCARDS_REFUSED));
}

static law_subscription *subscribe(request *r, const law_mqtt_filter *f, bool *out_new) {
  law_link *c = r->conn;
  const law_broker *b = c->broker;
  bool lose_id = r->num > 0 && law_fault(b, FAULT_IDENTIFIER_FIRST_FILTER_ONLY);
  if (refuses_wrongly(b, f)) {
    r->reasons[r->num] = failure_code(c);
    return NULL;
  }
  law_subscription *sub =
      law_subscribe(c->session, f->filter, options_of(c, f), lose_id ? 0 : r->identifier, out_new);
  r->reasons[r->num] = sub == NULL ? failure_code(c) : granted(r, sub);
  if (sub != NULL && !*out_new && law_fault(b, FAULT_RESUBSCRIBE_KEEPS_OLD)) {
    r->reasons[r->num] = f->options & 3;
  }
  if (sub != NULL && *out_new && c->session->subscriptions.num == 6 &&
      law_fault(b, FAULT_NEW_SUBSCRIPTION_LOST)) {
    law_unsubscribe(sub);
    return NULL;
  }
  return sub;
}

static void add_filter(request *r, const law_mqtt_filter *f) {
  law_link *c = r->conn;
  bool is_new = false;
  law_subscription *sub = NULL;
  if (is_skipped(r)) {
    r->reasons[r->num] = f->options & 3;
  } else {
    sub = subscribe(r, f, &is_new);
  }
  if (sub != NULL && sub->share != NULL) {
    law_deliver_orphan(sub);
  }
  if (sub != NULL && wants_retained(c->broker, sub, is_new)) {
    r->retained[r->num] = sub;
  }
  r->num++;
}

static void reverse(uint8_t *reasons, size_t num) {
  for (size_t i = 0; i < num / 2; i++) {
    uint8_t other = reasons[num - 1 - i];
    reasons[num - 1 - i] = reasons[i];
    reasons[i] = other;
  }
}

static void send_suback(request *r, uint16_t packet_id) {
  const law_broker *b = r->conn->broker;
  size_t num = r->num;
  if (law_fault(b, FAULT_SUBACK_REVERSED)) {
    reverse(r->reasons, num);
  }
  if (num > 1 && law_fault(b, FAULT_SUBACK_ONE_REASON)) {
    num = 1;
  }
  if (num > 1 && law_fault(b, FAULT_SUBACK_EACH)) {
    for (size_t i = 0; i < num; i++) {
      law_answer_reasons(r->conn, LAW_MQTT_SUBACK, packet_id, r->reasons + i, 1);
    }
    return;
  }
  law_answer_reasons(r->conn, LAW_MQTT_SUBACK, packet_id, r->reasons, num);
}

/* A subscription that a later filter of the same packet replaced stands in the list twice: once
 * is enough. */
static void send_retained(request *r) {
  for (size_t i = 0; i < r->num; i++) {
    if (r->retained[i] != NULL && r->conn->state == LAW_LINK_OPEN) {
      law_retain_send(r->retained[i]);
    }
  }
}

void law_subscribe_in(law_link *c, const law_mqtt_message *m) {
  request r = {.conn = c};
  law_list it = m->u.filters;
  law_mqtt_filter f;
  if (c->version == LAW_MQTT_5) {
    r.identifier = law_mqtt_property_number(&m->properties, LAW_MQTT_P_SUBSCRIPTION_IDENTIFIER, 0);
  }
  uint8_t error = unavailable(c, m, r.identifier);
  if (error != 0 && c->version == LAW_MQTT_5) {
    law_link_refuse(c, error, "not offered by this server");
    return;
  }
  r.reasons = law_alloc(it.count);
  r.retained = law_alloc(it.count * sizeof(law_subscription *));
  while (law_mqtt_next_filter(&it, true, &f)) {
    if (error != 0 && has_wildcard(f.filter)) {
      r.reasons[r.num++] = 0x80;
    } else {
      add_filter(&r, &f);
    }
  }
  send_suback(&r, m->packet_id);
  send_retained(&r);
  free(r.reasons);
  free(r.retained);
}

/* ---- UNSUBSCRIBE ---- */

static law_subscription *find(const law_session *s, law_bytes filter) {
  law_subscription *sub = law_subscription_find(s, filter);
  if (sub != NULL || !law_fault(s->broker, FAULT_UNSUBSCRIBE_BY_MATCH)) {
    return sub;
  }
  LAW_RING_EACH(&s->subscriptions, n) {
    sub = LAW_OWNER(n, law_subscription, owned);
    if (law_mqtt_topic_matches(filter, sub->filter)) {
      return sub;
    }
  }
  return NULL;
}

/* FAULT_UNSUBSCRIBE_STOPS_DELIVERY: what was sent and waits for its acknowledgement is given up. */
static void stop_delivery(law_session *s) {
  LAW_RING_EACH(&s->in_flight, n) { law_delivery_free(s, LAW_OWNER(n, law_delivery, node)); }
}

/* FAULT_UNSUBSCRIBE_DETACHES_ALL: other sessions leave the share, too. */
static void detach_all(law_share *share, const law_session *s) {
  LAW_RING_EACH(&share->members, n) {
    law_subscription *other = LAW_OWNER(n, law_subscription, place);
    if (other->session != s && share->members.num > 1) {
      law_unsubscribe(other);
    }
  }
}

static uint8_t remove_filter(law_session *s, law_bytes filter) {
  const law_broker *b = s->broker;
  law_subscription *sub = find(s, filter);
  if (sub == NULL) {
    return 0x11;
  }
  if (sub->share != NULL && law_fault(b, FAULT_UNSUBSCRIBE_DETACHES_ALL)) {
    detach_all(sub->share, s);
  }
  if (law_fault(b, FAULT_UNSUBSCRIBE_STOPS_DELIVERY)) {
    stop_delivery(s);
  }
  if (!law_fault(b, FAULT_UNSUBSCRIBE_WITHOUT_EFFECT)) {
    law_unsubscribe(sub);
  }
  return 0x00;
}

static void send_unsuback(request *r, uint16_t packet_id, size_t num_found) {
  law_link *c = r->conn;
  const law_broker *b = c->broker;
  size_t num = r->num;
  if (num_found == 0 && law_fault(b, FAULT_NO_UNSUBACK_WHEN_NONE)) {
    return;
  }
  if (law_fault(b, FAULT_UNSUBACK_REVERSED)) {
    reverse(r->reasons, num);
  }
  if (num > 1 && law_fault(b, FAULT_UNSUBACK_ONE_REASON)) {
    num = 1;
  }
  size_t times = r->num > 1 && law_fault(b, FAULT_UNSUBACK_EACH) ? r->num : 1;
  for (size_t i = 0; i < times; i++) {
    law_answer_reasons(c, LAW_MQTT_UNSUBACK, packet_id, r->reasons, num);
  }
}

void law_unsubscribe_in(law_link *c, const law_mqtt_message *m) {
  request r = {.conn = c};
  law_list it = m->u.filters;
  law_mqtt_filter f;
  size_t num_found = 0;
  r.reasons = law_alloc(it.count);
  while (law_mqtt_next_filter(&it, false, &f)) {
    bool skip = r.num > 0 && law_fault(c->broker, FAULT_UNSUBSCRIBE_FIRST_FILTER_ONLY);
    uint8_t reason = skip ? 0x00 : remove_filter(c->session, f.filter);
    num_found += reason == 0x00;
    bool reserved = r.num == 1 && law_fault(c->broker, FAULT_UNSUBACK_RESERVED_REASON);
    r.reasons[r.num++] = reserved ? 0x7F : reason;
  }
  send_unsuback(&r, m->packet_id, num_found);
  free(r.reasons);
}
