/* topics.h: the tree of topic levels that holds all subscriptions and retained messages.
 * Matching costs what matches, not what is there (4.7). */
#ifndef LAW_PEERS_BROKER_TOPICS_H
#define LAW_PEERS_BROKER_TOPICS_H

#include "peers/broker/internal.h"

void law_topics_init(law_broker *b);
void law_topics_free(law_broker *b);

/* The node of |path|, made if need be. NULL when the broker holds too many levels already. */
law_topic_node *law_topics_make(law_broker *b, law_bytes path);
/* The node of |path|, NULL when there is none. */
law_topic_node *law_topics_find(const law_broker *b, law_bytes path);
/* Takes the node away, and its parents, as far as nothing is left in them. */
void law_topics_prune(law_broker *b, law_topic_node *node);
/* Sets (or, NULL, removes) the node's retained message; takes over the reference. */
void law_topics_retain(law_broker *b, law_topic_node *node, law_message *message);

/* Calls |each| for all nodes whose filter matches |topic|. The tree must not change meanwhile. */
typedef void (*law_topics_sink)(void *user, law_topic_node *node);
void law_topics_match(const law_broker *b, law_bytes topic, law_topics_sink each, void *user);
/* Calls |each| for all nodes with a retained message whose topic matches |filter|. */
void law_topics_retained(const law_broker *b, law_bytes filter, law_topics_sink each, void *user);

/* For faults that leave short topics alone. */
bool law_has_three_levels(law_bytes topic);

#endif
