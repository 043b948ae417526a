#include "peers/broker/session.h"

#include <stdlib.h>

#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/topics.h"
#include "peers/broker/will.h"

static void expire(law_alarm *alarm) { law_session_end(LAW_OWNER(alarm, law_session, expire)); }

static void will_due(law_alarm *alarm) {
  law_will_publish(LAW_OWNER(alarm, law_session, will_due));
}

/* FAULT_SESSION_LOST_WHILE_CONNECTED, FAULT_REORDER */
static void fault_due(law_alarm *alarm) {
  law_session *s = LAW_OWNER(alarm, law_session, fault_due);
  if (s->held != NULL) {
    law_delivery_release_held(s);
  } else {
    law_unsubscribe_all(s);
  }
}

law_session *law_session_find(const law_broker *b, law_bytes client_id) {
  return law_map_get(&b->sessions, client_id);
}

law_session *law_session_new(law_broker *b, law_bytes client_id, uint8_t version) {
  law_session *s = law_alloc(sizeof *s);
  s->broker = b;
  s->client_id = law_copy_bytes(client_id);
  s->version = version;
  s->expire.ring = expire;
  s->will_due.ring = will_due;
  s->fault_due.ring = fault_due;
  law_ring_init(&s->subscriptions);
  law_ring_init(&s->queue);
  law_ring_init(&s->in_flight);
  law_map_set(&b->sessions, client_id, s);
  return s;
}

static void free_old_aliases(law_session *s) {
  for (size_t i = 0; s->old_aliases != NULL && i <= s->broker->config.topic_alias_maximum; i++) {
    law_free_bytes(&s->old_aliases[i]);
  }
  free(s->old_aliases);
}

void law_session_free(law_session *s) {
  law_broker *b = s->broker;
  law_map_remove(&b->sessions, s->client_id);
  law_alarm_stop(&b->timers, &s->expire);
  law_alarm_stop(&b->timers, &s->will_due);
  law_alarm_stop(&b->timers, &s->fault_due);
  law_will_drop(s);
  law_delivery_clear(s);
  law_unsubscribe_all(s);
  law_map_free(&s->by_filter);
  law_map_free(&s->in_flight_by_id);
  law_map_free(&s->incoming);
  law_message_drop(b, s->last_qos0);
  free_old_aliases(s);
  law_free_bytes(&s->client_id);
  free(s);
}

/* FAULT_SESSION_END_DROPS_RETAINED: what the client's session retained goes with it. */
static void drop_retained(void *user, law_topic_node *node) {
  law_session *s = user;
  if (law_bytes_equal(node->retained->publisher, s->client_id)) {
    node->retained->expires = true;
    node->retained->expiry = 0;
  }
}

/* Shares that lose or keep a member in the wrong way. */
static void break_shares(law_session *s) {
  LAW_RING_EACH(&s->subscriptions, n) {
    law_share *share = LAW_OWNER(n, law_subscription, owned)->share;
    if (share == NULL) {
      continue;
    }
    if (law_fault(s->broker, FAULT_SHARED_KEEPS_ENDED_SESSION)) {
      share->ghosts++;
    }
    if (law_fault(s->broker, FAULT_SHARED_ENDS_WITH_ONE_SESSION)) {
      share->ghosts = UINT32_MAX;
    }
  }
}

/* FAULT_WILL_OUTLIVES_SESSION: the will waits for its delay in a session of its own. */
static void keep_will(law_session *s) {
  law_broker *b = s->broker;
  if (s->will == NULL || s->will->delay == 0) {
    return;
  }
  uint64_t name = ++b->num_assigned;
  law_session *ghost = law_session_new(b, law_bytes_of(&name, sizeof name), s->version);
  ghost->ghost = ghost->ending = true;
  ghost->will = s->will;
  s->will = NULL;
  law_alarm_set(&b->timers, &ghost->will_due, b->now + ghost->will->delay * LAW_SECOND);
}

void law_session_end(law_session *s) {
  law_broker *b = s->broker;
  s->ending = true;
  law_log_session_end(s);
  if (s->conn != NULL) {
    s->conn->session = NULL;
    s->conn = NULL;
  }
  if (law_fault(b, FAULT_WILL_OUTLIVES_SESSION)) {
    keep_will(s);
  }
  law_will_publish(s);
  if (law_fault(b, FAULT_SESSION_END_DROPS_RETAINED)) {
    law_topics_retained(b, law_bytes_text("#"), drop_retained, s);
  }
  break_shares(s);
  law_delivery_reassign(s);
  law_session_free(s);
}

/* State that faults forget when the connection ends. */
static void forget(law_session *s) {
  law_broker *b = s->broker;
  if (law_fault(b, FAULT_FORGET_SUBSCRIPTIONS)) {
    law_unsubscribe_all(s);
  }
  if (law_fault(b, FAULT_FORGET_SUBSCRIPTION_IDS)) {
    LAW_RING_EACH(&s->subscriptions, n) { LAW_OWNER(n, law_subscription, owned)->identifier = 0; }
  }
  if (law_fault(b, FAULT_FORGET_QOS2_RECEIVED)) {
    law_map_free(&s->incoming);
  }
}

static bool ends_with_connection(const law_session *s) {
  const law_broker *b = s->broker;
  if (s->expiry == 0) {
    return !law_fault(b, FAULT_SESSION_KEPT_WITHOUT_EXPIRY);
  }
  return law_fault(b, FAULT_SESSION_NOT_STORED) && s->subscriptions.num == 0;
}

static uint64_t lifetime(const law_session *s) {
  if (law_fault(s->broker, FAULT_CONNACK_EXPIRY_SHORTENED)) {
    return LAW_SECOND;
  }
  if (s->expiry == LAW_NEVER) {
    return law_fault(s->broker, FAULT_NEVER_EXPIRES_SOON) ? LAW_SECOND : 0;
  }
  return law_fault(s->broker, FAULT_SESSION_NEVER_EXPIRES) ? 0 : s->expiry * LAW_SECOND;
}

void law_session_left(law_session *s) {
  law_broker *b = s->broker;
  if (law_fault(b, FAULT_ALIASES_CARRIED_OVER) && s->conn != NULL && s->old_aliases == NULL) {
    s->old_aliases = s->conn->aliases_in;
    s->conn->aliases_in = NULL;
  }
  if (s->conn != NULL) {
    s->old_receive_maximum = s->conn->receive_maximum;
  }
  s->quota_lost = 0;
  s->conn = NULL;
  s->closed = b->now;
  law_alarm_stop(&b->timers, &s->fault_due);
  law_delivery_release_held(s);
  if (ends_with_connection(s)) {
    law_session_end(s);
    return;
  }
  law_log_session(s);
  if (law_fault(b, FAULT_SHARED_QOS2_GIVEN_AWAY)) {
    law_delivery_give_away(s);
  }
  law_will_start(s);
  if (lifetime(s) != 0) {
    law_alarm_set(&b->timers, &s->expire, s->closed + lifetime(s));
  }
  forget(s);
}

void law_session_resume(law_session *s, law_link *c) {
  law_broker *b = s->broker;
  s->conn = c;
  s->version = c->version;
  c->session = s;
  law_alarm_stop(&b->timers, &s->expire);
  law_will_cancel(s);
  if (law_fault(b, FAULT_ALIASES_CARRIED_OVER) && s->old_aliases != NULL) {
    c->aliases_in = s->old_aliases;
    s->old_aliases = NULL;
  }
  if (law_fault(b, FAULT_SESSION_LOST_WHILE_CONNECTED)) {
    law_alarm_set(&b->timers, &s->fault_due, b->now + 3 * LAW_SECOND);
  }
}
