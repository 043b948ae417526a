/* state_log.h: what outlives a restart of the broker. Every change of kept state is one record
 * at the end of a log file, written and synced before the packets that tell of it leave
 * (law_log_commit); at start the log is read back and written anew, without what no longer
 * matters. */
#ifndef LAW_PEERS_BROKER_STATE_LOG_H
#define LAW_PEERS_BROKER_STATE_LOG_H

#include "peers/broker/internal.h"

/* Opens the log of the broker's state directory and rebuilds what it tells. False with a
 * sentence in |error|. */
bool law_log_open(law_broker *b, char *error, size_t error_cap);
void law_log_close(law_broker *b);
/* Makes all changes so far durable. */
void law_log_commit(law_broker *b);

/* One change each. They do nothing when the broker keeps no log. Sessions that end with their
 * connection are not kept. */
void law_log_session(const law_session *s);
void law_log_session_end(const law_session *s);
void law_log_subscription(const law_subscription *sub);
void law_log_unsubscribed(const law_session *s, law_bytes filter);
/* |d| is new, or its state, identifier or sent flag changed. */
void law_log_delivery(const law_session *s, const law_delivery *d);
void law_log_delivered(const law_session *s, const law_delivery *d);
void law_log_incoming(const law_session *s, uint16_t packet_id, bool held);
/* |message| NULL: nothing is retained for |topic| any more. */
void law_log_retained(law_broker *b, law_bytes topic, law_message *message);

#endif
