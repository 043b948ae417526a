#include "peers/broker/topics.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "peers/broker/message.h"

/* Where a walk stands: |node| was reached, the levels from |rest| on are left; |end|: none is. */
typedef struct step {
  law_topic_node *node;
  law_bytes rest;
  bool end;
  uint8_t num_plus; /* "+" passed on the way; only a fault counts them */
} step;

/* Steps still to take. Explicit, since a topic may have 32,768 levels. */
typedef struct walk {
  const law_broker *broker;
  step *steps;
  size_t num, cap;
} walk;

static void push(walk *w, law_topic_node *node, law_bytes rest, bool end) {
  if (node == NULL) {
    return;
  }
  if (w->num == w->cap) {
    w->cap = w->cap > 0 ? 2 * w->cap : 32;
    w->steps = law_resize(w->steps, w->cap * sizeof *w->steps);
  }
  w->steps[w->num++] = (step){node, rest, end, 0};
}

/* Cuts the first level off; |*out_end| when it was the last. */
static law_bytes next_level(law_bytes *rest, bool *out_end) {
  const uint8_t *slash = rest->len > 0 ? memchr(rest->data, '/', rest->len) : NULL;
  law_bytes level = *rest;
  *out_end = slash == NULL;
  if (slash != NULL) {
    level.len = (size_t)(slash - rest->data);
    *rest = law_bytes_of(slash + 1, rest->len - level.len - 1);
  } else {
    rest->data += rest->len;
    rest->len = 0;
  }
  return level;
}

static bool is(law_bytes level, char c) { return level.len == 1 && level.data[0] == (uint8_t)c; }

static law_topic_node *child(const law_topic_node *node, law_bytes level) {
  return law_map_get(&node->children, level);
}

static law_topic_node *child_text(const law_topic_node *node, const char *level) {
  return child(node, law_bytes_text(level));
}

static law_topic_node *new_node(law_broker *b, law_topic_node *parent, law_bytes level) {
  law_topic_node *node = law_alloc(sizeof *node);
  node->parent = parent;
  node->level = law_copy_bytes(level);
  law_ring_init(&node->subscriptions);
  law_ring_init(&node->shares);
  if (parent != NULL) {
    law_map_set(&parent->children, level, node);
  }
  b->num_nodes++;
  return node;
}

static void free_node(law_broker *b, law_topic_node *node) {
  law_map_free(&node->children);
  law_free_bytes(&node->level);
  free(node);
  b->num_nodes--;
}

void law_topics_init(law_broker *b) { b->topics = new_node(b, NULL, law_bytes_of(NULL, 0)); }

void law_topics_free(law_broker *b) {
  walk w = {.broker = b};
  push(&w, b->topics, law_bytes_of(NULL, 0), false);
  while (w.num > 0) {
    law_topic_node *node = w.steps[--w.num].node;
    law_map_walk at = {0};
    for (law_map_entry *e; (e = law_map_next(&node->children, &at)) != NULL;) {
      push(&w, e->value, law_bytes_of(NULL, 0), false);
    }
    law_message_drop(b, node->retained);
    free_node(b, node);
  }
  free(w.steps);
  b->topics = NULL;
}

law_topic_node *law_topics_make(law_broker *b, law_bytes path) {
  law_topic_node *node = b->topics;
  for (bool end = false; !end;) {
    law_bytes level = next_level(&path, &end);
    law_topic_node *next = child(node, level);
    if (next == NULL && b->num_nodes >= b->config.num_nodes_limit) {
      law_topics_prune(b, node);
      return NULL;
    }
    node = next != NULL ? next : new_node(b, node, level);
  }
  return node;
}

law_topic_node *law_topics_find(const law_broker *b, law_bytes path) {
  law_topic_node *node = b->topics;
  for (bool end = false; !end && node != NULL;) {
    law_bytes level = next_level(&path, &end);
    node = child(node, level);
  }
  return node;
}

static bool is_empty(const law_topic_node *node) {
  return node->children.num == 0 && node->subscriptions.num == 0 && node->shares.num == 0 &&
         node->retained == NULL;
}

void law_topics_prune(law_broker *b, law_topic_node *node) {
  while (node->parent != NULL && is_empty(node)) {
    law_topic_node *parent = node->parent;
    law_map_remove(&parent->children, node->level);
    free_node(b, node);
    node = parent;
  }
}

void law_topics_retain(law_broker *b, law_topic_node *node, law_message *message) {
  size_t before = node->retained != NULL, after = message != NULL;
  law_message_drop(b, node->retained);
  node->retained = message;
  for (law_topic_node *up = node; up != NULL; up = up->parent) {
    up->num_retained += after - before;
  }
  law_topics_prune(b, node);
}

/* ---- Faults of matching ---- */

/* FAULT_MATCH_IGNORES_CASE: levels in lower case match, too. */
static law_topic_node *folded(const law_topic_node *node, law_bytes level) {
  uint8_t text[64];
  if (level.len > sizeof text) {
    return NULL;
  }
  for (size_t i = 0; i < level.len; i++) {
    text[i] = (uint8_t)tolower(level.data[i]);
  }
  bool same = law_bytes_equal(law_bytes_of(text, level.len), level);
  return same ? NULL : child(node, law_bytes_of(text, level.len));
}

/* Paths that should not be gone. */
static void match_wrongly(walk *w, const step *s, law_bytes level, bool end) {
  const law_broker *b = w->broker;
  law_bytes shorter = {level.data, level.len - 1};
  if (law_fault(b, FAULT_MATCH_IGNORES_CASE)) {
    push(w, folded(s->node, level), s->rest, end);
  }
  if (level.len == 0 && !end && s->node != b->topics &&
      law_fault(b, FAULT_MATCH_SKIPS_EMPTY_LEVEL)) {
    push(w, s->node, s->rest, false);
  }
  if (level.len == 0 && !end && s->node == b->topics &&
      law_fault(b, FAULT_MATCH_SKIPS_OUTER_SLASH)) {
    push(w, s->node, s->rest, false);
  }
  if (level.len > 1 && law_fault(b, FAULT_MATCH_PREFIX)) {
    push(w, child(s->node, shorter), s->rest, end);
  }
  law_topic_node *plus = child_text(s->node, "+");
  if (!end && plus != NULL && law_fault(b, FAULT_PLUS_MATCHES_MORE)) {
    push(w, plus, s->rest, true);
  }
}

static size_t num_levels_of(law_bytes topic) {
  size_t num = 1;
  for (size_t i = 0; i < topic.len; i++) {
    num += topic.data[i] == '/';
  }
  return num;
}

bool law_has_three_levels(law_bytes topic) { return num_levels_of(topic) >= 3; }

/* Topics that faults deliver to nobody. */
static bool is_lost(const law_broker *b, law_bytes topic) {
  return (law_fault(b, FAULT_SPACE_LOST) && memchr(topic.data, ' ', topic.len) != NULL) ||
         (law_fault(b, FAULT_SLASH_ONLY_LOST) && is(topic, '/')) ||
         (law_fault(b, FAULT_DEEP_TOPIC_LOST) && num_levels_of(topic) > 100);
}

static bool plus_is_left_out(const law_broker *b, const step *s, law_bytes level) {
  return (level.len == 0 && law_fault(b, FAULT_PLUS_SKIPS_EMPTY_LEVEL)) ||
         (s->num_plus > 0 && law_fault(b, FAULT_PLUS_ONCE));
}

/* ---- Matching a topic name ---- */

/* From one node, all that match one level more. |top|: wildcards may stand here (4.7.2). */
static void match_level(walk *w, step s, bool top) {
  bool end;
  law_bytes level = next_level(&s.rest, &end);
  push(w, child(s.node, level), s.rest, end);
  match_wrongly(w, &s, level, end);
  law_topic_node *plus = child_text(s.node, "+");
  if (top && plus != NULL && !plus_is_left_out(w->broker, &s, level)) {
    push(w, plus, s.rest, end);
    w->steps[w->num - 1].num_plus = 1;
  }
}

void law_topics_match(const law_broker *b, law_bytes topic, law_topics_sink each, void *user) {
  bool dollar =
      topic.len > 0 && topic.data[0] == '$' && !law_fault(b, FAULT_WILDCARD_MATCHES_DOLLAR);
  walk w = {.broker = b};
  if (!is_lost(b, topic)) {
    push(&w, b->topics, topic, false);
  }
  while (w.num > 0) {
    step s = w.steps[--w.num];
    bool top = s.node != b->topics || !dollar;
    law_topic_node *hash = top ? child_text(s.node, "#") : NULL;
    /* "a/#" matches "a", too (4.7.1.2). */
    bool one_level = s.rest.len > 0 && memchr(s.rest.data, '/', s.rest.len) != NULL &&
                     law_fault(b, FAULT_HASH_ONE_LEVEL);
    if (hash != NULL && !one_level && !(s.end && law_fault(b, FAULT_HASH_SKIPS_PARENT))) {
      each(user, hash);
    }
    if (s.end) {
      each(user, s.node);
    } else {
      match_level(&w, s, top);
    }
  }
  free(w.steps);
}

/* All children with something retained below; at the top none that begins with $ (4.7.2). */
static void push_children(walk *w, const law_topic_node *node, law_bytes rest, bool end) {
  const law_broker *b = w->broker;
  bool top = node == b->topics && !law_fault(b, FAULT_WILDCARD_MATCHES_DOLLAR);
  law_map_walk at = {0};
  for (law_map_entry *e; (e = law_map_next(&node->children, &at)) != NULL;) {
    law_topic_node *next = e->value;
    if (next->num_retained > 0 && !(top && law_bytes_start(next->level, "$"))) {
      push(w, next, rest, end);
    }
  }
}

void law_topics_retained(const law_broker *b, law_bytes filter, law_topics_sink each, void *user) {
  static const law_bytes hash = {(const uint8_t *)"#", 1};
  walk w = {.broker = b};
  push(&w, b->topics, filter, false);
  while (w.num > 0) {
    step s = w.steps[--w.num];
    if (s.end) {
      if (s.node->retained != NULL) {
        each(user, s.node);
      }
      continue;
    }
    bool end;
    law_bytes rest = s.rest, level = next_level(&rest, &end);
    if (is(level, '+')) {
      push_children(&w, s.node, rest, end);
    } else if (is(level, '#')) {
      push_children(&w, s.node, hash, false);
      if (s.node->retained != NULL) {
        each(user, s.node);
      }
    } else {
      push(&w, child(s.node, level), rest, end);
    }
  }
  free(w.steps);
}
