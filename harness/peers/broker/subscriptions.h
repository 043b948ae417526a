/* subscriptions.h: the subscriptions of the sessions, and the shares they form (3.8, 4.8). */
#ifndef LAW_PEERS_BROKER_SUBSCRIPTIONS_H
#define LAW_PEERS_BROKER_SUBSCRIPTIONS_H

#include "peers/broker/internal.h"

/* Makes the subscription of |s| to |filter|, or replaces the one it has. |*out_new| tells which.
 * NULL when the broker holds too many. */
law_subscription *law_subscribe(law_session *s, law_bytes filter, uint8_t options,
                                uint32_t identifier, bool *out_new);
/* NULL when |s| has none to exactly |filter|. */
law_subscription *law_subscription_find(const law_session *s, law_bytes filter);
void law_unsubscribe(law_subscription *sub);
void law_unsubscribe_all(law_session *s);

LAW_INLINE uint8_t law_subscription_qos(const law_subscription *sub) { return sub->options & 3; }
LAW_INLINE bool law_subscription_no_local(const law_subscription *sub) {
  return (sub->options & 4) != 0;
}
LAW_INLINE bool law_subscription_as_published(const law_subscription *sub) {
  return (sub->options & 8) != 0;
}

/* The share that |filter| ("$share/name/filter") names, NULL when nobody is in it. */
law_share *law_share_find(const law_broker *b, law_bytes filter);
/* Whose turn it is: the first connected member, else the first. NULL when none is left. */
law_subscription *law_share_next(law_share *share);

#endif
