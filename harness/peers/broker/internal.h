/* internal.h: the broker's own structs. One module each stands around one of them. */
#ifndef LAW_PEERS_BROKER_INTERNAL_H
#define LAW_PEERS_BROKER_INTERNAL_H

#include "mqtt/mqtt.h"
#include "peers/base/alarms.h"
#include "peers/base/buffer.h"
#include "peers/base/list.h"
#include "peers/base/map.h"
#include "peers/base/memory.h"
#include "peers/broker.h"

typedef struct law_session law_session;
typedef struct law_link law_link;
typedef struct law_topic_node law_topic_node;
typedef struct law_state_log law_state_log;

#define LAW_SECOND UINT64_C(1000000000)
#define LAW_NEVER UINT32_MAX /* session expiry interval: never */

/* An application message; shared by all that still have to deliver it. */
typedef struct law_message {
  uint32_t refs;
  uint8_t qos;     /* as published */
  bool retain;     /* as published */
  bool dup, will;  /* as published; a will: only faults look at these */
  uint32_t logged; /* generation of the state log that has it; 0: none */
  bool expires;
  uint32_t expiry;     /* s, as received */
  uint64_t arrived;    /* ns */
  uint64_t number;     /* unique within the broker; the state log's name for it */
  law_bytes publisher; /* client identifier */
  law_bytes topic, payload;
  law_list properties; /* those that go on to subscribers */
  size_t size;         /* what it costs */
  uint8_t bytes[];
} law_message;

/* One message on its way to one client. */
typedef struct law_delivery {
  law_node node; /* in the session's queue or in_flight */
  law_message *message;
  enum { LAW_QUEUED, LAW_SENT, LAW_RELEASED } state; /* RELEASED: PUBREL sent, waits for PUBCOMP */
  uint16_t packet_id;                                /* 0: none yet */
  uint8_t qos;
  bool retain;     /* flag to send */
  bool sent;       /* was sent once: sending again sets DUP, and it no longer expires */
  uint64_t number; /* the state log's name for it */
  law_bytes share; /* the Shared Subscription's filter it was chosen for; else empty */
  bool wildcard;   /* a filter with wildcards matched: only faults look at it */
  uint32_t num_ids;
  uint32_t *ids; /* subscription identifiers */
} law_delivery;

typedef struct law_will {
  law_message *message;
  uint32_t delay; /* s */
} law_will;

/* A share: all subscriptions of one ShareName and filter (5.0 section 4.8.2). */
typedef struct law_share {
  law_node node; /* in the topic node */
  law_topic_node *at;
  law_bytes name;
  law_ring members; /* law_subscription.place; the next to get a message first */
  uint32_t ghosts;  /* members whose session is gone: only faults have any */
} law_share;

typedef struct law_subscription {
  law_node place; /* in the topic node's or the share's ring */
  law_node owned; /* in the session's ring */
  law_session *session;
  law_topic_node *at;
  law_share *share;        /* NULL: not shared */
  law_bytes filter;        /* as subscribed, with $share */
  uint8_t options;         /* 5.0 section 3.8.3.1; QoS as granted */
  uint32_t identifier;     /* 0: none */
  uint32_t old_identifier; /* before it was subscribed again, and how often it was used since: */
  uint32_t num_used;       /* only a fault looks */
} law_subscription;

/* One level of a topic or filter. Filters and retained messages share one tree: wildcards are
 * levels like any. */
struct law_topic_node {
  law_topic_node *parent;
  law_bytes level;
  law_map children;
  law_ring subscriptions;
  law_ring shares;
  law_message *retained;
  size_t num_retained; /* in this node and below */
};

/* What the server knows of one client identifier (5.0 section 4.1). */
struct law_session {
  law_broker *broker;
  law_link *conn; /* NULL: not connected */
  law_bytes client_id;
  uint8_t version;
  bool ending;     /* on its way to be discarded */
  uint32_t expiry; /* s; LAW_NEVER */
  uint64_t closed; /* when the connection ended */
  law_alarm expire, will_due;
  law_will *will;
  law_ring subscriptions;
  law_map by_filter;
  law_ring queue;     /* QUEUED, in order */
  law_ring in_flight; /* SENT and RELEASED, in order of first sending */
  law_map in_flight_by_id;
  law_map incoming; /* identifiers of QoS 2 messages received and not yet released */
  uint16_t last_packet_id;
  law_delivery *routed; /* while routing: the copy that further matches are merged into */
  /* What faults remember. */
  bool will_muted, ghost;
  int32_t quota_lost; /* send quota that does not come back; below 0: too much came back */
  uint16_t old_receive_maximum; /* of the connection before */
  law_delivery *held;
  law_alarm fault_due;
  law_message *last_qos0;
  law_bytes *old_aliases;
};

typedef enum law_link_state {
  LAW_LINK_NEW,     /* waits for CONNECT */
  LAW_LINK_AUTH,    /* CONNECT came, waits for AUTH */
  LAW_LINK_OPEN,    /* CONNACK sent */
  LAW_LINK_CLOSING, /* decided; output still goes out, input is ignored */
} law_link_state;

/* One network connection. */
struct law_link {
  law_broker *broker;
  law_handle handle;
  law_link_state state;
  law_close how;     /* CLOSING: in which way */
  bool disconnected; /* the client sent DISCONNECT */
  bool refused;      /* closed because of an error */
  bool stalled;      /* the client does not read; nothing more is sent or read */
  bool reauth;       /* a re-authentication is under way */
  uint8_t version;   /* 0 before CONNECT */
  law_session *session;
  law_node dirty; /* in the broker's ring of those with something to flush */
  law_buffer out;
  law_alarm alarm;     /* CONNECT timeout, keep alive, linger: by state */
  law_alarm drain;     /* looks whether a stalled client reads again */
  uint64_t received;   /* when the last packet came */
  uint16_t keep_alive; /* s */
  /* What the client announced (5.0). */
  uint16_t receive_maximum;
  uint32_t maximum_packet_size;
  uint16_t alias_maximum;
  bool problem_information, response_information;
  bool response_refused; /* it said expressly that it wants none */
  /* Topic aliases. */
  law_bytes *aliases_in; /* by alias, up to the broker's maximum; NULL until used */
  law_map aliases_out;   /* topic -> alias */
  /* Enhanced authentication. */
  law_bytes method;
  law_bytes connect; /* the CONNECT packet, until the challenge is met */
  uint8_t challenge[16];
  uint8_t handling;     /* type of the packet at hand */
  bool fresh;           /* accepted, but CONNACK has not left yet */
  uint32_t num_packets; /* after CONNECT */
  uint32_t faulty;      /* what a fault remembers; see where it is used */
};

struct law_broker {
  law_peer peer;
  law_net *net;
  law_handle scope;
  law_broker_config config;
  law_buffer listeners; /* law_handle each */
  law_map conns;        /* handle -> law_link */
  law_ring dirty;
  law_map sessions; /* client identifier -> law_session */
  law_alarms timers;
  law_topic_node *topics;
  size_t num_nodes;
  size_t memory; /* bytes of all messages and deliveries */
  uint64_t now;  /* of the event at hand */
  uint64_t num_messages, num_deliveries, num_assigned;
  uint64_t instance;   /* random: assigned client identifiers differ between brokers and restarts */
  law_state_log *log;  /* NULL: nothing is kept */
  law_message *orphan; /* FAULT_SHARED_OUTLIVES_MEMBERS: last message of a share without members */
  law_bytes orphan_share;
};

LAW_INLINE bool law_fault(const law_broker *b, law_fault_id id) {
  return law_faults_has(&b->config.faults, id);
}

#endif
