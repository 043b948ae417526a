#include "peers/peer.h"

enum { MAX_EVENTS = 256 };

void law_peers_handle(const law_event *events, size_t num) {
  law_peer *touched = NULL;
  for (size_t i = 0; i < num; i++) {
    law_peer *peer = events[i].user;
    if (peer == NULL) {
      continue;
    }
    peer->handle(peer, &events[i]);
    if (!peer->touched && peer->flush != NULL) {
      peer->touched = true;
      peer->next_touched = touched;
      touched = peer;
    }
  }
  while (touched != NULL) {
    law_peer *peer = touched;
    touched = peer->next_touched;
    peer->touched = false;
    peer->flush(peer);
  }
}

bool law_peers_run(law_net *net, uint64_t until) {
  law_event events[MAX_EVENTS];
  int num = law_net_wait(net, until, events, MAX_EVENTS);
  if (num > 0) {
    law_peers_handle(events, (size_t)num);
  }
  return num >= 0;
}
