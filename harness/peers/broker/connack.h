/* connack.h: the CONNACK that accepts (3.2). */
#ifndef LAW_PEERS_BROKER_CONNACK_H
#define LAW_PEERS_BROKER_CONNACK_H

#include "peers/broker/link.h"

/* What goes into it besides the server's own limits. */
typedef struct law_connack {
  bool session_present;
  bool assigned;              /* tells the client its identifier */
  bool has_user_name;         /* CONNECT had: where faults strike */
  uint16_t server_keep_alive; /* 0: the client's own holds */
  law_bytes auth_data;
} law_connack;

void law_connack_send(law_link *c, const law_connack *a);

#endif
