/* records.h: the records of the state log: how each change is written, and what it does when
 * read back. */
#ifndef LAW_PEERS_BROKER_RECORDS_H
#define LAW_PEERS_BROKER_RECORDS_H

#include "peers/broker/internal.h"

/* Wall clock in ns: what times are written in, since the monotonic clock begins anew with the
 * machine. */
uint64_t law_wall_clock(void);

/* Each appends one record's content (type byte first) to |out|. */
void law_record_session(law_buffer *out, const law_session *s);
void law_record_session_end(law_buffer *out, law_bytes client_id);
void law_record_subscription(law_buffer *out, const law_subscription *sub);
void law_record_unsubscribed(law_buffer *out, law_bytes client_id, law_bytes filter);
void law_record_message(law_buffer *out, const law_broker *b, const law_message *m);
void law_record_delivery(law_buffer *out, law_bytes client_id, const law_delivery *d);
void law_record_delivered(law_buffer *out, law_bytes client_id, uint64_t number);
void law_record_incoming(law_buffer *out, law_bytes client_id, uint16_t packet_id, bool held);
/* |message| 0: nothing is retained. */
void law_record_retained(law_buffer *out, law_bytes topic, uint64_t message);

/* Reading a log back. */
typedef struct law_replay {
  law_broker *broker;
  law_map messages;   /* number -> law_message, one reference each */
  law_map deliveries; /* number -> law_delivery */
  law_map closed;     /* client identifier -> session whose record says when its connection ended */
} law_replay;

/* Does what one record says. False when it makes no sense. */
bool law_replay_record(law_replay *r, law_bytes record);
/* All were read: timers begin, what only the log knew is dropped. */
void law_replay_end(law_replay *r);

#endif
