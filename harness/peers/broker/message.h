/* message.h: application messages, shared by the deliveries and the retained store. */
#ifndef LAW_PEERS_BROKER_MESSAGE_H
#define LAW_PEERS_BROKER_MESSAGE_H

#include "peers/broker/internal.h"

/* What a message is made of; everything is copied. */
typedef struct law_message_parts {
  law_bytes topic, payload, publisher;
  law_list properties; /* as received: those not meant for subscribers are left out */
  uint8_t qos;
  bool retain;
} law_message_parts;

/* Holds one reference, which is the caller's. */
law_message *law_message_new(law_broker *b, const law_message_parts *parts);
law_message *law_message_hold(law_message *m);
void law_message_drop(law_broker *b, law_message *m);

/* True when the broker may take in |len| more bytes of messages. */
bool law_message_fits(const law_broker *b, size_t len);

/* Whole seconds it has waited in the server. */
uint32_t law_message_waited(const law_broker *b, const law_message *m);
/* Message Expiry Interval has passed (5.0 section 3.3.2.3.3). */
bool law_message_expired(const law_broker *b, const law_message *m);

#endif
