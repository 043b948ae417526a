#include "peers/broker/inflight.h"

#include "peers/broker/answer.h"
#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscriptions.h"

static uint16_t unused_id(law_session *s, const law_delivery *d) {
  law_fault_id reuses = d->qos == 1 ? FAULT_PACKET_ID_REUSED : FAULT_PACKET_ID_REUSED_QOS2;
  if (law_fault(s->broker, reuses) && law_ring_first(&s->in_flight) != &d->node) {
    return LAW_OWNER(law_ring_first(&s->in_flight), law_delivery, node)->packet_id;
  }
  do {
    s->last_packet_id++;
  } while (s->last_packet_id == 0 ||
           law_map_get_number(&s->in_flight_by_id, s->last_packet_id) != NULL);
  return s->last_packet_id;
}

bool law_in_flight_room(const law_session *s) {
  const law_broker *b = s->broker;
  int64_t num = (int64_t)s->in_flight.num;
  if (num >= UINT16_MAX) {
    return false; /* no identifier is left */
  }
  if (law_fault(b, FAULT_RECEIVE_MAXIMUM_IGNORED)) {
    return true;
  }
  uint16_t max = s->conn->receive_maximum;
  if (law_fault(b, FAULT_QUOTA_ABOVE_RECEIVE_MAXIMUM) && max < UINT16_MAX) {
    max++;
  }
  if (law_fault(b, FAULT_QUOTA_NOT_FRESH) && s->old_receive_maximum != 0 &&
      s->old_receive_maximum < max) {
    max = s->old_receive_maximum;
  }
  return num + s->quota_lost < max;
}

void law_in_flight(law_session *s, law_delivery *d) {
  law_ring_remove(&s->queue, &d->node);
  law_ring_append(&s->in_flight, &d->node);
  d->state = LAW_SENT;
  if (d->packet_id == 0) {
    d->packet_id = unused_id(s, d);
  }
  law_map_set_number(&s->in_flight_by_id, d->packet_id, d);
  law_log_delivery(s, d);
}

static law_delivery *find(const law_link *c, uint16_t packet_id) {
  return law_map_get_number(&c->session->in_flight_by_id, packet_id);
}

/* The flow is over: its identifier and its place in the send quota are free. */
static void finish(law_session *s, law_delivery *d) {
  law_log_delivered(s, d);
  law_delivery_free(s, d);
  law_delivery_pump(s);
}

/* Faults that do not give back to the send quota what they should. */
static void lose_quota(law_link *c, bool refused, uint8_t type) {
  const law_broker *b = c->broker;
  law_fault_id id = !refused                  ? LAW_NUM_FAULTS
                    : type == LAW_MQTT_PUBREC ? FAULT_QUOTA_NOT_BACK_PUBREC
                    : type == LAW_MQTT_PUBACK ? FAULT_QUOTA_NOT_BACK_PUBACK_ERROR
                                              : FAULT_QUOTA_NOT_BACK_PUBCOMP_ERROR;
  if (id != LAW_NUM_FAULTS && law_fault(b, id)) {
    c->session->quota_lost++;
  }
}

/* Only a server may say that nobody subscribes (5.0 sections 3.4.2.1, 3.5.2.1). */
static bool says_no_subscribers(law_link *c, const law_mqtt_message *m, law_fault_id fault) {
  if (m->version != LAW_MQTT_5 || m->present == 0 || m->reason != 0x10 ||
      law_fault(c->broker, fault)) {
    return false;
  }
  law_link_refuse(c, 0x82, "only servers send this reason");
  return true;
}

static bool is_refusal(const law_mqtt_message *m) {
  return m->version == LAW_MQTT_5 && (m->present & LAW_MQTT_HAS_REASON) != 0 && m->reason >= 0x80;
}

/* What faults make of a message that the client did not want. */
static void refused(law_link *c, const law_delivery *d) {
  if (law_fault(c->broker, FAULT_SHARED_REFUSED_TO_OTHER)) {
    law_deliver_refused(c->session, d);
  }
  if (law_fault(c->broker, FAULT_REFUSED_HURTS_SESSION)) {
    law_unsubscribe_all(c->session);
  }
}

bool law_in_flight_puback(law_link *c, const law_mqtt_message *m) {
  law_delivery *d = find(c, m->packet_id);
  if (says_no_subscribers(c, m, FAULT_PUBACK_SERVER_REASON_ACCEPTED)) {
    return false;
  }
  if (d == NULL) {
    return true;
  }
  if (d->qos != 1) {
    law_link_refuse(c, 0x82, "PUBACK for a QoS 2 message");
    return false;
  }
  if (is_refusal(m) && law_fault(c->broker, FAULT_REFUSED_SENT_AGAIN)) {
    return true;
  }
  if (is_refusal(m)) {
    refused(c, d);
  }
  lose_quota(c, is_refusal(m), LAW_MQTT_PUBACK);
  finish(c->session, d);
  return true;
}

/* From here on the message itself is not needed any more: only PUBREL is sent again. */
static void release(law_session *s, law_delivery *d) {
  d->state = LAW_RELEASED;
  if (!law_fault(s->broker, FAULT_PUBLISH_AFTER_PUBREL)) {
    law_message_drop(s->broker, d->message);
    d->message = NULL;
  }
  law_log_delivery(s, d);
}

bool law_in_flight_pubrec(law_link *c, const law_mqtt_message *m) {
  law_delivery *d = find(c, m->packet_id);
  law_broker *b = c->broker;
  if (says_no_subscribers(c, m, FAULT_PUBREC_SERVER_REASON_ACCEPTED)) {
    return false;
  }
  if (d == NULL) {
    uint8_t reason = law_fault(b, FAULT_QOS2_DROPPED_UNACKNOWLEDGED) ? 0 : 0x92;
    law_answer_ack(c, LAW_MQTT_PUBREL, m->packet_id, reason, NULL);
    return true;
  }
  if (d->qos != 2) {
    law_link_refuse(c, 0x82, "PUBREC for a QoS 1 message");
    return false;
  }
  if (is_refusal(m) && !law_fault(b, FAULT_PUBREC_ERROR_IGNORED)) {
    if (!law_fault(b, FAULT_REFUSED_QOS2_SENT_AGAIN)) {
      refused(c, d);
      lose_quota(c, true, LAW_MQTT_PUBREC);
      finish(c->session, d);
    }
    return true;
  }
  release(c->session, d);
  law_answer_ack(c, LAW_MQTT_PUBREL, m->packet_id, 0, NULL);
  if (law_fault(b, FAULT_QUOTA_BACK_AT_PUBREC)) {
    c->session->quota_lost--;
  }
  if (law_fault(b, FAULT_PUBREL_NOT_KEPT)) {
    finish(c->session, d);
  }
  return true;
}

bool law_in_flight_pubcomp(law_link *c, const law_mqtt_message *m) {
  law_delivery *d = find(c, m->packet_id);
  if (d == NULL) {
    return true;
  }
  if (d->state != LAW_RELEASED) {
    law_link_refuse(c, 0x82, "PUBCOMP before PUBREL");
    return false;
  }
  lose_quota(c, is_refusal(m), LAW_MQTT_PUBCOMP);
  finish(c->session, d);
  return true;
}

static void resend_publish(law_session *s, law_node *before, law_delivery *d) {
  law_broker *b = s->broker;
  law_ring_remove(&s->in_flight, &d->node);
  d->state = LAW_QUEUED;
  law_ring_insert(&s->queue, before, &d->node);
  if (law_fault(b, FAULT_RESEND_WITH_NEW_ID)) {
    law_map_remove_number(&s->in_flight_by_id, d->packet_id);
    d->packet_id = 0;
  }
}

static bool forgets(const law_broker *b, const law_delivery *d) {
  if (d->state == LAW_RELEASED) {
    return law_fault(b, FAULT_FORGET_PUBREL_ON_RESUME);
  }
  return law_fault(b, d->qos == 2 ? FAULT_FORGET_QOS2_ON_RESUME : FAULT_FORGET_QOS1_ON_RESUME);
}

void law_in_flight_resend(law_link *c) {
  law_session *s = c->session;
  law_node *before = s->queue.head.next;
  LAW_RING_EACH(&s->in_flight, n) {
    law_delivery *d = LAW_OWNER(n, law_delivery, node);
    if (forgets(c->broker, d)) {
      law_delivery_free(s, d);
    } else if (d->state == LAW_SENT ||
               (law_fault(c->broker, FAULT_PUBLISH_AFTER_PUBREL) && d->message != NULL)) {
      bool reversed = law_fault(c->broker, FAULT_RESEND_REVERSED);
      resend_publish(s, reversed ? s->queue.head.next : before, d);
    } else {
      law_answer_ack(c, LAW_MQTT_PUBREL, d->packet_id, 0, NULL);
    }
  }
}
