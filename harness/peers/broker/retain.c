#include "peers/broker/retain.h"

#include <stdlib.h>

#include "peers/broker/delivery.h"
#include "peers/broker/message.h"
#include "peers/broker/state_log.h"
#include "peers/broker/subscriptions.h"
#include "peers/broker/topics.h"

static void remove_retained(law_broker *b, law_topic_node *node, law_bytes topic) {
  law_log_retained(b, topic, NULL);
  law_topics_retain(b, node, NULL);
}

static bool empty_removes(law_broker *b, law_message *m) {
  law_topic_node *node = law_topics_find(b, m->topic);
  if (node != NULL && node->retained != NULL && !law_fault(b, FAULT_EMPTY_LEAVES_RETAINED)) {
    remove_retained(b, node, m->topic);
  }
  return true;
}

bool law_retain(law_broker *b, law_message *m) {
  if (m->payload.len == 0 && !law_fault(b, FAULT_EMPTY_RETAINED_STORED)) {
    return empty_removes(b, m);
  }
  if (m->qos == 0 && law_fault(b, FAULT_QOS0_NOT_RETAINED)) {
    return true;
  }
  law_topic_node *node = law_topics_make(b, m->topic);
  if (node == NULL) {
    return false;
  }
  if (node->retained != NULL && law_fault(b, FAULT_RETAINED_NOT_REPLACED)) {
    return true;
  }
  law_log_retained(b, m->topic, m);
  law_topics_retain(b, node, law_message_hold(m));
  return true;
}

/* Nodes found, since sending must not walk the tree. */
typedef struct found {
  law_topic_node **nodes;
  size_t num, cap;
} found;

static void add(void *user, law_topic_node *node) {
  found *f = user;
  if (f->num == f->cap) {
    f->cap = f->cap > 0 ? 2 * f->cap : 16;
    f->nodes = law_resize(f->nodes, f->cap * sizeof(law_topic_node *));
  }
  f->nodes[f->num++] = node;
}

static bool is_expired(const law_broker *b, const law_message *m) {
  if (law_message_waited(b, m) >= 2 && law_fault(b, FAULT_RETAINED_EXPIRES_SOON)) {
    return true;
  }
  return law_message_expired(b, m) && !law_fault(b, FAULT_EXPIRED_RETAINED_SENT);
}

static law_bytes path_of(const law_subscription *sub) {
  law_bytes name, path = sub->filter;
  if (sub->share != NULL) {
    law_mqtt_shared(sub->filter, &name, &path);
  }
  return path;
}

void law_retain_send(law_subscription *sub) {
  law_broker *b = sub->session->broker;
  found f = {0};
  law_topics_retained(b, path_of(sub), add, &f);
  for (size_t i = 0; i < f.num; i++) {
    law_message *m = law_message_hold(f.nodes[i]->retained);
    if (is_expired(b, m)) {
      remove_retained(b, f.nodes[i], m->topic);
    } else {
      law_deliver_retained(sub, m);
    }
    law_message_drop(b, m);
  }
  free(f.nodes);
}
