/* broker.h: the reference broker for MQTT 3.1, 3.1.1 and 5.0. A struct, not a process, and no
 * globals: each has its own listeners, sessions, limits and faults, so that a whole matrix of
 * faults runs side by side on one loop. */
#ifndef LAW_PEERS_BROKER_H
#define LAW_PEERS_BROKER_H

#include "peers/faults.h"
#include "peers/peer.h"

typedef struct law_broker law_broker;

typedef struct law_user {
  const char *name, *password;
} law_user;

/* What a broker offers and how far it goes. Strings are copied by law_broker_new. */
typedef struct law_broker_config {
  law_faults faults;
  /* Accepted credentials; none: any are accepted. A user name that is given must be right; to come
   * without one is refused only with |deny_anonymous|. */
  const law_user *users;
  size_t num_users;
  bool deny_anonymous;
  const char *state_dir; /* sessions and retained messages are kept there; NULL: in memory only */
  uint16_t receive_maximum;     /* 5.0: QoS 1 and 2 messages a client may have unacknowledged */
  uint16_t topic_alias_maximum; /* 5.0: highest alias a client may use */
  uint32_t maximum_packet_size; /* bytes */
  uint16_t server_keep_alive;   /* s; 0: the client's own value holds */
  uint16_t
      highest_keep_alive; /* s; a client that asks for more, or for none, gets this. 0: no limit */
  uint8_t maximum_qos;
  bool no_retain, no_wildcards, no_shared, no_subscription_ids; /* features not offered */
  bool no_aliases;          /* never use topic aliases towards clients */
  uint32_t sessions_limit;  /* client identifiers the server remembers */
  uint32_t queue_limit;     /* messages waiting in one session */
  uint32_t num_nodes_limit; /* topic levels kept for all subscriptions and retained messages */
  size_t memory_limit;      /* bytes of all messages held, and of what waits for each client */
} law_broker_config;

/* Everything offered, limits as a small server would set them. */
void law_broker_config_default(law_broker_config *config);

/* NULL when the state directory can't be read or written: |error| then says why in one sentence. */
law_broker *law_broker_new(law_net *net, const law_broker_config *config, char *error,
                           size_t error_cap);
/* Listens at |at|. False when it can't: law_net_error says why. |*out_port| is the real port. */
bool law_broker_listen(law_broker *b, const law_endpoint *at, uint16_t *out_port);
/* Tells all clients that the server shuts down (5.0: DISCONNECT 0x8B) and closes their
 * connections; state is written. Run the loop a little afterwards, so that they hear it. */
void law_broker_stop(law_broker *b);
/* Aborts what is open. */
void law_broker_free(law_broker *b);

#endif
