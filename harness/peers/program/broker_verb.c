#include <stdio.h>

#include "peers/program/run.h"
#include "peers/program/verbs.h"

static bool listen_broker(void *peer, const law_endpoint *at, uint16_t *out_port) {
  return law_broker_listen(peer, at, out_port);
}

/* Lets clients hear that the server goes. */
static void say_goodbye(law_net *net, law_broker *b) {
  uint64_t until = law_net_now() + 200000000;
  law_broker_stop(b);
  while (law_net_now() < until && law_peers_run(net, until)) {
  }
}

int law_verb_broker(const law_options *o) {
  char error[512];
  law_broker_config config = o->broker;
  if (!law_run_faults(&config.faults, LAW_SERVER, o->faults, o->num_faults)) {
    return 2;
  }
  law_net *net = law_net_new();
  law_broker *b = law_broker_new(net, &config, error, sizeof error);
  if (b == NULL) {
    fprintf(stderr, "wirelaw-peer: %s\n", error);
    law_net_free(net);
    return 2;
  }
  bool ok = law_run_listen(o, net, listen_broker, b);
  if (ok) {
    law_run(net, o->until_eof);
    say_goodbye(net, b);
  }
  law_broker_free(b);
  law_net_free(net);
  return ok ? 0 : 2;
}
