#include "peers/program/run.h"
#include "peers/program/verbs.h"

static bool listen_null(void *peer, const law_endpoint *at, uint16_t *out_port) {
  return law_null_listen(peer, at, out_port);
}

int law_verb_null(const law_options *o) {
  law_net *net = law_net_new();
  law_null *n = law_null_new(net, o->kind);
  bool ok = law_run_listen(o, net, listen_null, n);
  if (ok) {
    law_run(net, o->until_eof);
  }
  law_null_free(n);
  law_net_free(net);
  return ok ? 0 : 2;
}
