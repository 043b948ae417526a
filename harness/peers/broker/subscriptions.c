#include "peers/broker/subscriptions.h"

#include <stdlib.h>

#include "peers/broker/state_log.h"
#include "peers/broker/topics.h"

/* Shared subscriptions exist in 5.0 only: to 3.1.1 "$share/a/b" is a topic like any. */
static bool is_shared(const law_session *s, law_bytes filter, law_bytes *out_name,
                      law_bytes *out_path) {
  *out_path = filter;
  return s->version == LAW_MQTT_5 && law_mqtt_shared(filter, out_name, out_path);
}

static law_share *share_at(const law_topic_node *node, law_bytes name) {
  LAW_RING_EACH(&node->shares, n) {
    law_share *share = LAW_OWNER(n, law_share, node);
    if (law_bytes_equal(share->name, name)) {
      return share;
    }
  }
  return NULL;
}

static law_share *make_share(law_topic_node *node, law_bytes name) {
  law_share *share = share_at(node, name);
  if (share == NULL) {
    share = law_alloc(sizeof *share);
    share->at = node;
    share->name = law_copy_bytes(name);
    law_ring_init(&share->members);
    law_ring_append(&node->shares, &share->node);
  }
  return share;
}

static void free_share(law_share *share) {
  law_ring_remove(&share->at->shares, &share->node);
  law_free_bytes(&share->name);
  free(share);
}

static law_subscription *new_subscription(law_session *s, law_bytes filter, law_topic_node *node,
                                          law_share *share) {
  law_subscription *sub = law_alloc(sizeof *sub);
  sub->session = s;
  sub->at = node;
  sub->share = share;
  sub->filter = law_copy_bytes(filter);
  law_ring_append(&s->subscriptions, &sub->owned);
  law_map_set(&s->by_filter, filter, sub);
  law_ring_append(share != NULL ? &share->members : &node->subscriptions, &sub->place);
  return sub;
}

law_subscription *law_subscription_find(const law_session *s, law_bytes filter) {
  return law_map_get(&s->by_filter, filter);
}

law_subscription *law_subscribe(law_session *s, law_bytes filter, uint8_t options,
                                uint32_t identifier, bool *out_new) {
  law_bytes name, path;
  bool shared = is_shared(s, filter, &name, &path);
  if (shared && law_fault(s->broker, FAULT_SHARED_PREFIX_MATCHED)) {
    path = filter;
  }
  law_subscription *sub = law_subscription_find(s, filter);
  *out_new = sub == NULL;
  if (sub == NULL || (shared && law_fault(s->broker, FAULT_SHARED_COUNTS_TWICE)) ||
      (!shared && law_fault(s->broker, FAULT_RESUBSCRIBE_ADDS))) {
    law_topic_node *node = law_topics_make(s->broker, path);
    if (node == NULL) {
      return NULL;
    }
    sub = new_subscription(s, filter, node, shared ? make_share(node, name) : NULL);
  } else if (law_fault(s->broker, FAULT_RESUBSCRIBE_KEEPS_OLD)) {
    return sub;
  }
  sub->options = options;
  sub->old_identifier = sub->identifier;
  sub->num_used = 0;
  if (identifier != 0 || !law_fault(s->broker, FAULT_RESUBSCRIBE_KEEPS_IDENTIFIER)) {
    sub->identifier = identifier;
  }
  law_log_subscription(sub);
  return sub;
}

void law_unsubscribe(law_subscription *sub) {
  law_session *s = sub->session;
  law_share *share = sub->share;
  law_ring_remove(share != NULL ? &share->members : &sub->at->subscriptions, &sub->place);
  law_ring_remove(&s->subscriptions, &sub->owned);
  if (law_map_get(&s->by_filter, sub->filter) == sub) {
    law_map_remove(&s->by_filter, sub->filter);
  }
  law_log_unsubscribed(s, sub->filter);
  if (share != NULL && share->members.num == 0) {
    free_share(share);
  }
  law_topics_prune(s->broker, sub->at);
  law_free_bytes(&sub->filter);
  free(sub);
}

void law_unsubscribe_all(law_session *s) {
  while (s->subscriptions.num > 0) {
    law_unsubscribe(LAW_OWNER(law_ring_first(&s->subscriptions), law_subscription, owned));
  }
}

law_share *law_share_find(const law_broker *b, law_bytes filter) {
  law_bytes name, path;
  if (!law_mqtt_shared(filter, &name, &path)) {
    return NULL;
  }
  law_topic_node *node = law_topics_find(b, path);
  return node != NULL ? share_at(node, name) : NULL;
}

law_subscription *law_share_next(law_share *share) {
  law_subscription *next = NULL;
  LAW_RING_EACH(&share->members, n) {
    law_subscription *sub = LAW_OWNER(n, law_subscription, place);
    if (sub->session->ending) {
      continue;
    }
    if (next == NULL || (next->session->conn == NULL && sub->session->conn != NULL)) {
      next = sub;
    }
  }
  if (next != NULL) {
    law_ring_remove(&share->members, &next->place);
    law_ring_append(&share->members, &next->place);
  }
  return next;
}
