/* server.h: a small server for MQTT 5.0 that obeys the specification, and on request does not. It
 * offers no retained messages, shared subscriptions, subscription identifiers, topic aliases, and
 * keeps no sessions. */
#ifndef FUZZ_PLANTED_SERVER_H
#define FUZZ_PLANTED_SERVER_H

#include "mqtt/mqtt.h"

typedef enum bug {
  NO_BUG,
#define SERVER_BUG(NAME, name, what) BUG_##NAME,
#include "planted/bugs.def"
#undef SERVER_BUG
} bug;

enum { MAX_CLIENTS = 256, MAX_PACKET = 65536, MAX_OUT = 1 << 20, MAX_SUBSCRIPTIONS = 32, NAME = 256 };

typedef struct subscription {
  char *filter;
  size_t len;
  uint8_t options;
} subscription;

/* What one PUBLISH of QoS 2 leaves until its PUBREL. */
typedef struct pending {
  struct pending *next;
  uint16_t id;
  uint8_t *payload; /* of the bug that lets them pile up */
} pending;

typedef struct session {
  char name[NAME];
  size_t name_len;
  uint32_t num_used; /* messages handled */
} session;

typedef struct client {
  int fd; /* -1: free */
  bool connected, closing;
  session *session;
  uint8_t *in; /* one packet that is being read */
  size_t in_len, in_need;
  uint8_t head[5];
  size_t head_len;
  uint8_t *out;
  size_t out_len, out_cap;
  uint32_t packet_max;
  uint16_t receive_max, in_flight, next_id;
  bool no_problem_information;
  uint8_t sent[65536 / 8]; /* identifiers of ours that wait for PUBACK or PUBREC */
  uint8_t released[65536 / 8];
  pending *pending;
  subscription subscriptions[MAX_SUBSCRIPTIONS];
  size_t num_subscriptions;
  uint8_t *will; /* the PUBLISH that it will be, as a packet; NULL: none */
  size_t will_len;
} client;

extern bug planted;
extern client clients[MAX_CLIENTS];

/* out.c */
void send_bytes(client *c, const uint8_t *bytes, size_t len);
void send_ack(client *c, uint8_t type, uint16_t id, uint8_t reason);
/* DISCONNECT or CONNACK with the reason; then the connection ends. */
void refuse(client *c, uint8_t reason);
/* The PUBLISH |m|, to all who want it. */
void deliver(const client *from, const law_mqtt_message *m);
void hang_up(client *c);

/* packets.c: one whole packet; the bytes end where its heap buffer does. */
void take_packet(client *c, law_bytes wire);
/* packets.c: what is to be done when a connection ends without DISCONNECT. */
void publish_will(client *c);

/* bugs.c: false when the packet has been dealt with. */
bool spoil(client *c, law_bytes wire);
/* Whether the length of a packet that has not come may be taken at its word. */
void spoil_length(client *c, size_t len);

bool get_bit(const uint8_t *bits, uint16_t i);
void set_bit(uint8_t *bits, uint16_t i, bool on);

#endif
