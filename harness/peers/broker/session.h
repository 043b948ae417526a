/* session.h: what the server keeps of a client between its connections (5.0 and 3.1.1 section
 * 4.1). */
#ifndef LAW_PEERS_BROKER_SESSION_H
#define LAW_PEERS_BROKER_SESSION_H

#include "peers/broker/internal.h"

/* NULL when there is none. */
law_session *law_session_find(const law_broker *b, law_bytes client_id);
law_session *law_session_new(law_broker *b, law_bytes client_id, uint8_t version);
/* Ends the session: the will is published, then all state is discarded. */
void law_session_end(law_session *s);
/* The session's connection ended: the will's delay and the expiry interval begin. */
void law_session_left(law_session *s);
/* A connection takes the session up again: what was waiting for its end is called off. */
void law_session_resume(law_session *s, law_link *c);
void law_session_free(law_session *s);

#endif
