#include "peers/broker/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "peers/broker/inflight.h"
#include "peers/broker/link.h"
#include "peers/broker/message.h"
#include "peers/broker/publish_out.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/topics.h"

law_delivery *law_delivery_new(law_session *s, law_message *m, uint8_t qos) {
  law_delivery *d = law_alloc(sizeof *d);
  d->message = law_message_hold(m);
  d->qos = qos;
  d->number = ++s->broker->num_deliveries;
  s->broker->memory += sizeof *d;
  return d;
}

static void destroy(law_broker *b, law_delivery *d) {
  law_message_drop(b, d->message);
  b->memory -= sizeof *d;
  law_free_bytes(&d->share);
  free(d->ids);
  free(d);
}

void law_delivery_free(law_session *s, law_delivery *d) {
  if (law_node_linked(&d->node)) {
    law_ring_remove(d->state == LAW_QUEUED ? &s->queue : &s->in_flight, &d->node);
  }
  if (d->packet_id != 0 && law_map_get_number(&s->in_flight_by_id, d->packet_id) == d) {
    law_map_remove_number(&s->in_flight_by_id, d->packet_id);
  }
  destroy(s->broker, d);
}

void law_delivery_clear(law_session *s) {
  LAW_RING_EACH(&s->queue, n) { law_delivery_free(s, LAW_OWNER(n, law_delivery, node)); }
  LAW_RING_EACH(&s->in_flight, m) { law_delivery_free(s, LAW_OWNER(m, law_delivery, node)); }
  if (s->held != NULL) {
    destroy(s->broker, s->held);
    s->held = NULL;
  }
}

void law_delivery_add_id(law_delivery *d, uint32_t id) {
  d->ids = law_resize(d->ids, (d->num_ids + 1) * sizeof *d->ids);
  d->ids[d->num_ids++] = id;
}

/* ---- Into the session ---- */

/* Sends a QoS 0 message at once, or never. */
static void send_qos0(law_session *s, law_delivery *d) {
  law_broker *b = s->broker;
  if (s->conn != NULL && !law_link_stalled(s->conn) && !law_message_expired(b, d->message)) {
    law_publish_out(s->conn, d);
  }
  if (law_fault(b, FAULT_QOS0_SENT_AGAIN)) {
    law_message_drop(b, s->last_qos0);
    s->last_qos0 = law_message_hold(d->message);
  }
  destroy(b, d);
}

static bool queue_allows(const law_session *s) {
  const law_broker *b = s->broker;
  if (s->conn == NULL && law_fault(b, FAULT_MISS_WHILE_AWAY)) {
    return false;
  }
  return s->queue.num < b->config.queue_limit;
}

static void enqueue(law_session *s, law_delivery *d) {
  if (!queue_allows(s)) {
    destroy(s->broker, d);
    return;
  }
  if (s->conn == NULL && law_fault(s->broker, FAULT_AWAY_REVERSED)) {
    law_ring_insert(&s->queue, s->queue.head.next, &d->node);
  } else {
    law_ring_append(&s->queue, &d->node);
  }
  law_log_delivery(s, d);
  law_delivery_pump(s);
}

static void commit(law_session *s, law_delivery *d) {
  if (d->qos == 0) {
    send_qos0(s, d);
  } else {
    enqueue(s, d);
  }
}

/* FAULT_REORDER: every fourth message changes places with the one behind it. */
static void commit_reordered(law_session *s, law_delivery *d) {
  law_delivery *held = s->held;
  if (held == NULL && d->qos > 0 && s->conn != NULL && ++s->conn->faulty % 4 == 0) {
    s->held = d;
    law_alarm_set(&s->broker->timers, &s->fault_due, s->broker->now + LAW_SECOND / 5);
    return;
  }
  commit(s, d);
  law_delivery_release_held(s);
}

void law_delivery_release_held(law_session *s) {
  law_delivery *held = s->held;
  s->held = NULL;
  if (held != NULL) {
    law_alarm_stop(&s->broker->timers, &s->fault_due);
    commit(s, held);
  }
}

static void deliver(law_session *s, law_delivery *d) {
  if (law_fault(s->broker, FAULT_REORDER)) {
    commit_reordered(s, d);
  } else {
    commit(s, d);
  }
}

static law_delivery *head_of(const law_session *s) {
  return LAW_OWNER(law_ring_first(&s->queue), law_delivery, node);
}

static bool may_send(const law_session *s) {
  if (s->conn == NULL || s->queue.num == 0 || law_link_stalled(s->conn)) {
    return false;
  }
  return law_in_flight_room(s) ||
         (head_of(s)->qos == 2 && law_fault(s->broker, FAULT_QUOTA_0_QOS2_SENT));
}

/* After sending: faults that take a message for done which is not, and the other way round. */
static bool is_over(law_session *s, const law_delivery *d, bool sent) {
  const law_broker *b = s->broker;
  if (!sent && law_fault(b, FAULT_OVERSIZE_STOPS_DELIVERY)) {
    s->quota_lost = UINT16_MAX;
    return false;
  }
  return !sent || law_fault(b, d->qos == 1 ? FAULT_PUBLISH_DROPPED_UNACKNOWLEDGED
                                           : FAULT_QOS2_DROPPED_UNACKNOWLEDGED);
}

/* What was sent once does not expire any more (5.0 section 4.3.3). */
static bool has_expired(const law_broker *b, const law_delivery *d) {
  if (!law_message_expired(b, d->message)) {
    return false;
  }
  return d->sent ? law_fault(b, FAULT_EXPIRY_AFTER_SENDING)
                 : !law_fault(b, d->retain ? FAULT_EXPIRED_RETAINED_SENT : FAULT_EXPIRED_SENT);
}

void law_delivery_pump(law_session *s) {
  law_link *c = s->conn;
  while (may_send(s)) {
    law_delivery *d = head_of(s);
    bool expired = has_expired(s->broker, d);
    if (!expired) {
      law_in_flight(s, d);
    }
    if (expired || is_over(s, d, law_publish_out(c, d))) {
      law_log_delivered(s, d);
      law_delivery_free(s, d);
    }
  }
}

/* ---- Routing ---- */

typedef struct routing {
  law_broker *broker;
  law_message *message;
  const law_session *from;
  law_session **sessions; /* with a copy under way */
  size_t num, cap;
  size_t num_matches;
  size_t num_filters;           /* only a fault counts them */
  const law_topic_node *shared; /* where the first share was */
} routing;

static uint8_t granted_qos(const law_broker *b, const law_message *m, const law_subscription *sub) {
  uint8_t granted = law_subscription_qos(sub);
  if (law_fault(b, FAULT_DELIVER_PUBLISHED_QOS) ||
      (sub->share != NULL && law_fault(b, FAULT_SHARED_IGNORES_GRANTED_QOS))) {
    return m->qos;
  }
  if (m->qos == 0 && granted > 0 && law_fault(b, FAULT_QOS0_RAISED) &&
      law_has_three_levels(m->topic)) {
    return 1;
  }
  return m->qos < granted ? m->qos : granted;
}

static bool retain_flag(const law_broker *b, const law_message *m, const law_subscription *sub) {
  bool as_published = law_subscription_as_published(sub);
  if (law_fault(b, FAULT_RETAIN_AS_PUBLISHED_IGNORED)) {
    as_published = false;
  } else if (law_fault(b, FAULT_RETAIN_FLAG_KEPT)) {
    as_published = true;
  }
  return m->retain && as_published;
}

/* FAULT_FOREIGN_SUBSCRIPTION_ID: the identifier of a subscription that has nothing to do with
 * it. */
static void add_foreign_id(const law_session *s, law_delivery *d, uint32_t own) {
  LAW_RING_EACH(&s->subscriptions, n) {
    const law_subscription *other = LAW_OWNER(n, law_subscription, owned);
    if (other->identifier != 0 && other->identifier != own) {
      law_delivery_add_id(d, other->identifier);
      return;
    }
  }
}

static bool has_id(const law_delivery *d, uint32_t id) {
  for (uint32_t i = 0; i < d->num_ids; i++) {
    if (d->ids[i] == id) {
      return true;
    }
  }
  return false;
}

/* FAULT_IDENTIFIER_REVERTS: the old one comes back once the new one was used. */
static uint32_t identifier_of(const law_broker *b, const law_delivery *d, law_subscription *sub) {
  bool reverts = sub->num_used++ > 0 && sub->old_identifier != 0 && d->message->qos == 1;
  return reverts && law_fault(b, FAULT_IDENTIFIER_REVERTS) ? sub->old_identifier : sub->identifier;
}

static void add_subscription_id(const law_broker *b, law_delivery *d, law_subscription *sub,
                                bool merged) {
  uint32_t identifier = identifier_of(b, d, sub);
  if (identifier == 0 || law_fault(b, FAULT_SUBSCRIPTION_ID_LOST) ||
      (merged && law_fault(b, FAULT_OVERLAP_FIRST_ID_ONLY)) ||
      (law_fault(b, FAULT_IDENTICAL_IDS_ONCE) && has_id(d, identifier))) {
    return;
  }
  law_delivery_add_id(d, identifier);
  if (law_fault(b, FAULT_FOREIGN_SUBSCRIPTION_ID)) {
    add_foreign_id(sub->session, d, identifier);
  }
}

static bool has_wildcard(law_bytes filter) {
  return filter.len > 0 && (memchr(filter.data, '#', filter.len) != NULL ||
                            memchr(filter.data, '+', filter.len) != NULL);
}

static law_delivery *copy_for(const law_broker *b, law_message *m, law_subscription *sub) {
  law_delivery *d = law_delivery_new(sub->session, m, granted_qos(b, m, sub));
  d->retain = retain_flag(b, m, sub);
  d->wildcard = has_wildcard(sub->filter);
  if (sub->share != NULL) {
    d->share = law_copy_bytes(sub->filter);
  }
  add_subscription_id(b, d, sub, false);
  return d;
}

/* One copy serves all matching subscriptions of a session, with the highest QoS and all their
 * identifiers (3.3.4). */
static void merge(const law_broker *b, law_message *m, law_subscription *sub) {
  law_delivery *d = sub->session->routed;
  uint8_t qos = granted_qos(b, m, sub);
  if (law_fault(b, FAULT_OVERLAP_LOWEST_QOS) ? qos < d->qos : qos > d->qos) {
    d->qos = qos;
  }
  d->retain |= retain_flag(b, m, sub);
  add_subscription_id(b, d, sub, true);
  if (law_fault(b, FAULT_OVERLAP_NO_IDS)) {
    d->num_ids = 0;
  }
}

static void remember(routing *r, law_session *s) {
  if (r->num == r->cap) {
    r->cap = r->cap > 0 ? 2 * r->cap : 16;
    r->sessions = law_resize(r->sessions, r->cap * sizeof(law_session *));
  }
  r->sessions[r->num++] = s;
}

static bool is_own(const routing *r, const law_subscription *sub) {
  return law_subscription_no_local(sub) && sub->session == r->from &&
         !law_fault(r->broker, FAULT_NO_LOCAL_IGNORED);
}

static void route_to(routing *r, law_subscription *sub) {
  law_session *s = sub->session;
  if (s->ending || is_own(r, sub)) {
    return;
  }
  r->num_matches++;
  if (s->routed == NULL) {
    s->routed = copy_for(r->broker, r->message, sub);
    remember(r, s);
  } else if (law_fault(r->broker, FAULT_OVERLAP_COPIES_WITHOUT_IDS)) {
    law_delivery *d = copy_for(r->broker, r->message, sub);
    d->num_ids = s->routed->num_ids = 0;
    deliver(s, d);
  } else if (law_fault(r->broker, FAULT_RESUBSCRIBE_ADDS)) {
    deliver(s, copy_for(r->broker, r->message, sub));
  } else {
    merge(r->broker, r->message, sub);
  }
}

/* FAULT_SHARED_FOREIGN_ID: identifiers of the other members. */
static void add_members_ids(law_delivery *d, const law_share *share, const law_subscription *own) {
  LAW_RING_EACH(&share->members, n) {
    const law_subscription *other = LAW_OWNER(n, law_subscription, place);
    if (other != own && other->identifier != 0) {
      law_delivery_add_id(d, other->identifier);
    }
  }
}

/* A share's copy goes on its own: it takes nobody's other copy away (4.8.2). */
static void route_share(routing *r, law_share *share) {
  law_broker *b = r->broker;
  r->num_matches++;
  if (share->ghosts > 0) {
    share->ghosts -= share->ghosts < UINT32_MAX;
    return;
  }
  law_subscription *sub = law_share_next(share);
  if (sub != NULL) {
    law_delivery *d = copy_for(b, r->message, sub);
    if (law_fault(b, FAULT_SHARED_FOREIGN_ID)) {
      add_members_ids(d, share, sub);
    }
    deliver(sub->session, d);
  }
  if (sub != NULL && law_fault(b, FAULT_SHARED_TO_ALL)) {
    LAW_RING_EACH(&share->members, n) {
      law_subscription *other = LAW_OWNER(n, law_subscription, place);
      if (other != sub) {
        deliver(other->session, copy_for(b, r->message, other));
      }
    }
  }
}

static bool share_is_left_out(routing *r, const law_topic_node *node, const law_node *n) {
  const law_broker *b = r->broker;
  if (r->shared == NULL) {
    r->shared = node;
  } else if (r->shared != node && law_fault(b, FAULT_SHARED_FIRST_ONLY)) {
    return true;
  }
  if (law_fault(b, FAULT_SHARED_ONE_NAME) && n != law_ring_first(&node->shares)) {
    return true;
  }
  return law_fault(b, FAULT_SHARED_YIELDS_TO_NON_SHARED) && r->num > 0;
}

/* Faults that serve only the first subscriber of a filter. */
static bool others_are_missed(const routing *r) {
  const law_broker *b = r->broker;
  return (r->message->qos == 1 && law_fault(b, FAULT_OWN_COPY_MISSING)) ||
         (r->message->qos == 2 && law_fault(b, FAULT_SUBSCRIBER_MISSED));
}

static void route_node(void *user, law_topic_node *node) {
  routing *r = user;
  if (node->subscriptions.num > 0 && ++r->num_filters > 3 &&
      law_fault(r->broker, FAULT_MATCH_LOST)) {
    return;
  }
  LAW_RING_EACH(&node->subscriptions, n) {
    route_to(r, LAW_OWNER(n, law_subscription, place));
    if (others_are_missed(r)) {
      break;
    }
  }
  LAW_RING_EACH(&node->shares, m) {
    if (!share_is_left_out(r, node, m)) {
      route_share(r, LAW_OWNER(m, law_share, node));
    }
  }
}

size_t law_route(law_broker *b, law_message *m, const law_session *from) {
  routing r = {.broker = b, .message = m, .from = from};
  law_topics_match(b, m->topic, route_node, &r);
  for (size_t i = 0; i < r.num; i++) {
    law_delivery *d = r.sessions[i]->routed;
    r.sessions[i]->routed = NULL;
    deliver(r.sessions[i], d);
  }
  free(r.sessions);
  return r.num_matches;
}

void law_deliver_retained(law_subscription *sub, law_message *m) {
  law_session *s = sub->session;
  law_broker *b = s->broker;
  if (law_subscription_no_local(sub) && law_bytes_equal(m->publisher, s->client_id)) {
    return;
  }
  law_delivery *d = copy_for(b, m, sub);
  d->retain = !law_fault(b, FAULT_RETAINED_WITHOUT_FLAG);
  commit(s, d);
}

/* To whom else the share of |d| may give it; NULL when there is nobody. */
static law_subscription *other_member(law_broker *b, const law_delivery *d) {
  law_share *share = d->share.len > 0 ? law_share_find(b, d->share) : NULL;
  return share != NULL && d->message != NULL ? law_share_next(share) : NULL;
}

static void leave_orphan(law_broker *b, const law_delivery *d) {
  if (d->share.len > 0 && d->message != NULL && law_fault(b, FAULT_SHARED_OUTLIVES_MEMBERS)) {
    law_message_drop(b, b->orphan);
    law_free_bytes(&b->orphan_share);
    b->orphan = law_message_hold(d->message);
    b->orphan_share = law_copy_bytes(d->share);
  }
}

static void reassign(law_broker *b, const law_delivery *d) {
  bool may = d->qos == 1 ? !law_fault(b, FAULT_SHARED_QOS1_LOST)
                         : law_fault(b, FAULT_SHARED_QOS2_TO_OTHER);
  law_subscription *sub = may ? other_member(b, d) : NULL;
  if (sub != NULL) {
    deliver(sub->session, copy_for(b, d->message, sub));
  } else {
    leave_orphan(b, d);
  }
}

void law_delivery_reassign(law_session *s) {
  LAW_RING_EACH(&s->in_flight, n) { reassign(s->broker, LAW_OWNER(n, law_delivery, node)); }
  LAW_RING_EACH(&s->queue, m) { reassign(s->broker, LAW_OWNER(m, law_delivery, node)); }
}

/* ---- Shares that faults mishandle ---- */

void law_delivery_give_away(law_session *s) {
  LAW_RING_EACH(&s->in_flight, n) {
    law_delivery *d = LAW_OWNER(n, law_delivery, node);
    law_subscription *sub = d->qos == 2 ? other_member(s->broker, d) : NULL;
    if (sub != NULL && sub->session != s) {
      deliver(sub->session, copy_for(s->broker, d->message, sub));
      law_delivery_free(s, d);
    }
  }
}

void law_deliver_refused(const law_session *s, const law_delivery *d) {
  law_broker *b = s->broker;
  law_subscription *sub = other_member(b, d);
  if (sub != NULL && sub->session == s) {
    sub = other_member(b, d);
  }
  if (sub != NULL && sub->session != s) {
    deliver(sub->session, copy_for(b, d->message, sub));
  }
}

void law_deliver_orphan(law_subscription *sub) {
  law_broker *b = sub->session->broker;
  if (b->orphan != NULL && law_bytes_equal(b->orphan_share, sub->filter)) {
    deliver(sub->session, copy_for(b, b->orphan, sub));
    law_message_drop(b, b->orphan);
    b->orphan = NULL;
  }
}
