/* link.h: one network connection of the broker: what it sends, how it ends. */
#ifndef LAW_PEERS_BROKER_LINK_H
#define LAW_PEERS_BROKER_LINK_H

#include "peers/broker/internal.h"

law_link *law_link_new(law_broker *b, law_handle handle);
void law_link_free(law_link *c);

/* Queues one packet. False, and nothing is sent, when it is larger than the client's Maximum
 * Packet Size (5.0 section 3.1.2.11.4) or the connection is closing. */
bool law_link_send(law_link *c, law_mqtt_message *m);
/* The same without that limit: for faults. */
bool law_link_send_oversize(law_link *c, law_mqtt_message *m);
/* Queues bytes as they are. */
void law_link_send_bytes(law_link *c, law_bytes bytes);
/* What the client's Maximum Packet Size leaves for |m| with nothing more in it. */
bool law_link_fits(const law_link *c, law_mqtt_message *m);

/* The connection ends: what is queued goes out, then it is closed; the session is told. */
void law_link_close(law_link *c, law_close how);
/* The same because of |reason|, which 5.0 tells the client: CONNACK before it is accepted,
 * DISCONNECT afterwards (5.0 section 4.13). 3.1.1 closes without a word. |text| is the Reason
 * String. */
void law_link_refuse(law_link *c, uint8_t reason, const char *text);
/* A CONNACK that refuses: |v5|'s reason code, or |v3|'s return code. */
void law_link_reject(law_link *c, uint8_t v5, uint8_t v3, const char *text);

/* Sends what is queued to the loop; a connection that closes is closed. */
void law_link_flush(law_link *c);
/* The client is slower than what it is sent. */
bool law_link_stalled(const law_link *c);
/* A packet came: puts off the keep alive timeout. */
void law_link_received(law_link *c);
/* The keep alive timeout from now on (3.1.2.10). */
void law_link_keep_alive(law_link *c, uint16_t seconds);

#endif
