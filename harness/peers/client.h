/* client.h: the reference client for MQTT 3.1.1 and 5.0. A struct without globals: it does what
 * it is told, tells what came of it, and keeps to what the specification demands of a client. */
#ifndef LAW_PEERS_CLIENT_H
#define LAW_PEERS_CLIENT_H

#include "mqtt/mqtt.h"
#include "peers/faults.h"
#include "peers/peer.h"

typedef struct law_client law_client;

typedef enum law_client_event_kind {
  LAW_CLIENT_DONE,      /* |verb| is finished: acknowledged, or sent where nothing acknowledges */
  LAW_CLIENT_ERROR,     /* |verb| was not done: |detail| */
  LAW_CLIENT_CONNECTED, /* CONNACK: |reason|, |session_present| */
  LAW_CLIENT_MESSAGE,   /* PUBLISH */
  LAW_CLIENT_CLOSED,    /* the connection is gone: |detail| */
} law_client_event_kind;

/* Valid while the sink is called. */
typedef struct law_client_event {
  law_client_event_kind kind;
  const char *verb, *detail;
  uint8_t reason;
  bool session_present;
  law_bytes topic, payload;
  uint8_t qos;
  bool retain;
  law_list properties; /* 5.0 */
} law_client_event;

typedef void (*law_client_sink)(void *user, const law_client_event *event);

/* All is copied. */
typedef struct law_client_message {
  law_bytes topic, payload;
  uint8_t qos;
  bool retain;
  law_list properties; /* 5.0 */
} law_client_message;

typedef struct law_client_connect {
  law_endpoint to;
  uint8_t version; /* LAW_MQTT_311, LAW_MQTT_5 */
  law_bytes client_id;
  bool clean_start;
  uint16_t keep_alive; /* s */
  bool has_user, has_password;
  law_bytes user, password;
  const law_client_message *will; /* NULL: none */
  law_list properties;
} law_client_connect;

law_client *law_client_new(law_net *net, const law_faults *faults, law_client_sink sink,
                           void *user);
/* Aborts its connection. */
void law_client_free(law_client *c);

/* Each is answered by DONE or ERROR, at once or later. What is asked for before CONNACK waits
 * for it. */
void law_client_dial(law_client *c, const law_client_connect *how);
void law_client_publish(law_client *c, const law_client_message *m);
/* |options| as in 3.8.3.1. */
void law_client_subscribe(law_client *c, law_bytes filter, uint8_t options, law_list properties);
void law_client_unsubscribe(law_client *c, law_bytes filter, law_list properties);
/* Re-authentication. */
void law_client_auth(law_client *c, law_list properties);
void law_client_disconnect(law_client *c, uint8_t reason, law_list properties);

#endif
