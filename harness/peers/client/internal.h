/* internal.h: the client's own structs. */
#ifndef LAW_PEERS_CLIENT_INTERNAL_H
#define LAW_PEERS_CLIENT_INTERNAL_H

#include "peers/base/alarms.h"
#include "peers/base/buffer.h"
#include "peers/base/list.h"
#include "peers/base/map.h"
#include "peers/base/memory.h"
#include "peers/client.h"

#define LAW_SECOND UINT64_C(1000000000)

/* A message of ours with QoS 1 or 2, until it is acknowledged; one with QoS 0 that waits for
 * CONNACK. */
typedef struct law_outgoing {
  law_node node;
  enum { LAW_WAITS, LAW_SENT, LAW_RELEASED } state;
  uint16_t packet_id;
  uint8_t qos;
  bool retain, sent;
  uint64_t order; /* of the command */
  law_bytes topic, payload;
  law_list properties;
} law_outgoing;

/* SUBSCRIBE, UNSUBSCRIBE, or anything else that waits for CONNACK or for its acknowledgement. */
typedef struct law_request {
  law_node node;
  uint8_t type;
  uint16_t packet_id;
  bool sent;
  uint64_t order;
  law_bytes filter;
  uint8_t options;
  law_list properties;
} law_request;

typedef enum law_client_state {
  LAW_CLIENT_IDLE,
  LAW_CLIENT_DIALLING, /* no transport yet */
  LAW_CLIENT_WAITING,  /* CONNECT sent */
  LAW_CLIENT_OPEN,
} law_client_state;

/* What the server's CONNACK said (3.2.2.3). */
typedef struct law_limits {
  uint16_t receive_maximum, alias_maximum;
  uint32_t maximum_packet_size;
  uint8_t maximum_qos;
  bool retain, wildcards, subscription_ids, shared;
} law_limits;

struct law_client {
  law_peer peer;
  law_net *net;
  law_handle scope, handle;
  law_faults faults;
  law_client_sink sink;
  void *user;
  law_client_state state;
  law_alarms timers;
  law_alarm timeout; /* CONNACK, then PINGRESP, then linger */
  law_alarm ping;
  uint64_t now, sent_at;
  /* The last CONNECT. */
  uint8_t version;
  law_mqtt_message connect; /* views into |memory| */
  law_buffer memory;
  law_bytes method;
  uint32_t expiry;
  uint16_t keep_alive, own_receive_maximum, own_alias_maximum;
  uint32_t own_maximum_packet_size;
  bool problem_information, clean_start;
  bool reauth;
  bool stays; /* a fault has reported a violation and closes no more */
  law_limits limits;
  /* The session. */
  law_bytes session_of; /* client identifier it belongs to; NULL: there is none */
  law_ring outgoing;    /* in order of publication */
  law_ring requests;
  law_map incoming; /* QoS 2 identifiers received and not released */
  uint16_t last_packet_id;
  uint16_t last_request_id; /* of a fault that counts SUBSCRIBE and UNSUBSCRIBE apart */
  uint64_t num_commands;
  law_bytes *aliases_in;
  law_map subscription_ids; /* that it gave: number -> client */
  uint8_t handling;         /* type of the packet at hand; 0: none */
  uint32_t faulty;          /* what a fault remembers */
  int32_t quota_lost;
  uint16_t old_receive_maximum;
};

LAW_INLINE bool law_client_fault(const law_client *c, law_fault_id id) {
  return law_faults_has(&c->faults, id);
}

/* ---- send.c ---- */
/* Encodes and sends; false when it is larger than the server takes, or there is no connection. */
bool law_client_send(law_client *c, law_mqtt_message *m);
/* The same, with an explanation where a fault wants one. */
void law_client_send_explained(law_client *c, law_mqtt_message *m);
void law_client_ack(law_client *c, uint8_t type, uint16_t packet_id, uint8_t reason);
/* DISCONNECT and close, after something the server did (5.0); 3.1.1 only closes. */
void law_client_refuse(law_client *c, uint8_t reason, const char *why);
/* Ends the connection: the event is told. */
void law_client_close(law_client *c, law_close how, const char *why);
law_list law_copy_list(law_list list);
uint16_t law_client_unused_id(law_client *c, uint8_t qos);

/* ---- events ---- */
void law_client_done(law_client *c, const char *verb);
void law_client_failed(law_client *c, const char *verb, const char *detail);

/* ---- outgoing.c ---- */
void law_outgoing_pump(law_client *c);
void law_outgoing_resume(law_client *c);
void law_outgoing_clear(law_client *c, const char *why);
bool law_outgoing_uses(const law_client *c, uint16_t packet_id);
/* The server's receive maximum is used up. */
bool law_outgoing_quota_is_0(const law_client *c);
void law_outgoing_puback(law_client *c, const law_mqtt_message *m);
void law_outgoing_pubrec(law_client *c, const law_mqtt_message *m);
void law_outgoing_pubcomp(law_client *c, const law_mqtt_message *m);

/* ---- incoming.c ---- */
void law_incoming_publish(law_client *c, const law_mqtt_message *m);
void law_incoming_pubrel(law_client *c, const law_mqtt_message *m);
void law_incoming_forget_aliases(law_client *c);
void law_incoming_set_alias(law_client *c, uint32_t alias, law_bytes topic);

/* ---- requests.c ---- */
/* Sends those of commands before |order|. */
void law_requests_pump(law_client *c, uint64_t order);
void law_requests_clear(law_client *c, const char *why);
bool law_requests_use(const law_client *c, uint16_t packet_id);
void law_requests_ack(law_client *c, const law_mqtt_message *m);
void law_requests_auth(law_client *c, const law_mqtt_message *m);

/* ---- session.c ---- */
void law_client_connack(law_client *c, const law_mqtt_message *m);
void law_client_forget_session(law_client *c, const char *why);

/* ---- spoil.c ---- */
/* Faults that change the bytes of a packet on its way out; returns the new length of |wire|
 * (|cap| bytes). */
size_t law_client_spoil(const law_client *c, uint8_t *wire, size_t len, size_t cap);

#endif
