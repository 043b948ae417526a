/* peer.h: what every reference peer is to the loop that runs it. A peer is a struct, not a
 * process: any number of brokers, clients and null peers live on one law_net, and share nothing
 * else. */
#ifndef LAW_PEERS_PEER_H
#define LAW_PEERS_PEER_H

#include "net/net.h"

/* First member of every peer; |user| of everything it opens on the loop points to it. */
typedef struct law_peer {
  /* One event of something the peer opened. */
  void (*handle)(struct law_peer *peer, const law_event *event);
  /* After a batch of events in which |handle| was called: sends what has piled up. May be NULL. */
  void (*flush)(struct law_peer *peer);
  struct law_peer *next_touched;
  bool touched;
} law_peer;

/* Gives each event to its peer, then flushes the peers that got one. */
void law_peers_handle(const law_event *events, size_t num);

/* Waits until |until| (as law_net_wait) and handles what came. Returns false when waiting
 * failed. */
bool law_peers_run(law_net *net, uint64_t until);

#endif
