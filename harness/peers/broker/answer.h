/* answer.h: the acknowledgements and refusals a broker sends. Reason strings go along only where
 * Request Problem Information and the client's Maximum Packet Size let them. */
#ifndef LAW_PEERS_BROKER_ANSWER_H
#define LAW_PEERS_BROKER_ANSWER_H

#include "peers/broker/link.h"

/* Sends |m|, whose properties stand in |w| so far, with the Reason String |text| if it is wanted
 * and fits. Otherwise without; false when even that is too large. */
bool law_answer_send(law_link *c, law_mqtt_message *m, law_writer *w, const char *text);
/* Adds what a "send:" fault makes the broker send with |m|. */
void law_add_bad_property(const law_broker *b, law_mqtt_message *m, law_writer *w);
/* PUBACK, PUBREC, PUBREL, PUBCOMP. 3.1.1 has no reason. |text|: the Reason String, or NULL. */
void law_answer_ack(law_link *c, uint8_t type, uint16_t packet_id, uint8_t reason,
                    const char *text);
/* SUBACK, UNSUBACK: |reasons| are |num| bytes. */
void law_answer_reasons(law_link *c, uint8_t type, uint16_t packet_id, const uint8_t *reasons,
                        size_t num);
void law_answer_pingresp(law_link *c);
/* DISCONNECT, 5.0 only. */
void law_answer_disconnect(law_link *c, uint8_t reason, const char *text);
/* CONNACK that refuses; |reason| is the version's own code. */
void law_answer_connack_error(law_link *c, uint8_t reason, const char *text);
/* AUTH, 5.0 only. */
void law_answer_auth(law_link *c, uint8_t reason, law_bytes method, law_bytes data);

#endif
