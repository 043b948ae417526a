/* rig.h: a broker and clients that send what a test says, over loopback sockets on one loop. */
#ifndef LAW_PEERS_TESTS_RIG_H
#define LAW_PEERS_TESTS_RIG_H

#include "mqtt/mqtt.h"
#include "peers/broker.h"

typedef struct rig rig;

/* What a client got: a packet, or that the broker closed. */
typedef struct packet {
  bool closed, silence; /* silence: nothing came within a second */
  uint8_t type;         /* 0: it breaks a rule, |violation| */
  law_violation violation;
  law_mqtt_message m; /* its views live until the next call */
} packet;

/* Faults by name, NULL-terminated; NULL for none. */
rig *rig_new(const char *const *faults);
rig *rig_new_config(const law_broker_config *config);
void rig_free(rig *r);
law_broker *rig_broker(rig *r);
law_net *rig_net(rig *r);
uint16_t rig_port(const rig *r);
/* Ends the broker and starts another of the same configuration. */
void rig_restart(rig *r);

/* A connection; |*c| is its number. */
int rig_dial(rig *r, uint8_t version);
/* Everything that comes to connection |c| next, in order. */
packet rig_next(rig *r, int c);
/* Runs the loop for |ms|. */
void rig_sleep(rig *r, unsigned ms);
void rig_send(rig *r, int c, law_mqtt_message *m);
void rig_send_hex(rig *r, int c, const char *hex);
/* The client's end goes without a word. */
void rig_abort(rig *r, int c);

/* Packets with what most tests need. Topic and text are C strings. */
typedef struct connect_options {
  const char *id;
  bool resume;     /* Clean Start 0 */
  uint32_t expiry; /* 5.0 */
  uint16_t keep_alive;
  uint16_t receive_maximum; /* 0: none */
  uint32_t maximum_packet_size;
  uint16_t alias_maximum;
  const char *will_topic, *will_payload;
  uint8_t will_qos;
  bool will_retain;
  uint32_t will_delay;
  const char *user, *password, *method;
} connect_options;

void rig_connect(rig *r, int c, const connect_options *o);
/* Dials, connects and checks the CONNACK; returns the connection. |*out_present| may be NULL. */
int rig_open(rig *r, uint8_t version, const connect_options *o, bool *out_present);
void rig_subscribe(rig *r, int c, uint16_t packet_id, const char *filter, uint8_t options,
                   uint32_t identifier);
/* Subscribes and checks that |granted| comes back. */
void rig_subscribed(rig *r, int c, const char *filter, uint8_t options, uint8_t granted);
void rig_unsubscribe(rig *r, int c, uint16_t packet_id, const char *filter);
void rig_publish(rig *r, int c, uint8_t flags, uint16_t packet_id, const char *topic,
                 const char *payload);
void rig_ack(rig *r, int c, uint8_t type, uint16_t packet_id, uint8_t reason);
void rig_disconnect(rig *r, int c, uint8_t reason);

/* Fails the test unless the next packet is a |type|. */
packet rig_expect(rig *r, int c, uint8_t type);
/* A PUBLISH with that payload. */
packet rig_expect_publish(rig *r, int c, const char *topic, const char *payload);
void rig_expect_closed(rig *r, int c);
/* Fails if anything comes before the answer to a PINGREQ. */
void rig_expect_nothing(rig *r, int c);

#endif
