#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peers/base/memory.h"
#include "peers/program/run.h"
#include "peers/program/verbs.h"

/* One broker for each fault, all in this process. */
typedef struct matrix {
  const law_options *options;
  law_net *net;
  law_broker **brokers;
  size_t num, cap;
  bool failed;
} matrix;

static void keep(matrix *x, law_broker *b) {
  if (x->num == x->cap) {
    x->cap = x->cap > 0 ? 2 * x->cap : 64;
    x->brokers = law_resize(x->brokers, x->cap * sizeof(law_broker *));
  }
  x->brokers[x->num++] = b;
}

static void add(matrix *x, const char *fault) {
  char error[256], host[128];
  law_endpoint at;
  uint16_t port;
  const law_options *o = x->options;
  law_broker_config config = o->broker;
  if (x->failed || !law_run_faults(&config.faults, LAW_SERVER, &fault, 1) ||
      !law_options_endpoint(o, o->num_listen > 0 ? o->listen[0] : "tcp://127.0.0.1:0", &at, host,
                            sizeof host)) {
    x->failed = true;
    return;
  }
  law_broker *b = law_broker_new(x->net, &config, error, sizeof error);
  if (b == NULL || !law_broker_listen(b, &at, &port)) {
    fprintf(stderr, "wirelaw-peer: %s: %s\n", fault, b == NULL ? error : law_net_error(x->net));
    x->failed = true;
    return;
  }
  keep(x, b);
  printf("{\"fault\": \"%s\", \"port\": %u}\n", fault, port);
}

static void add_info(void *user, const law_fault_info *info) {
  if (info->role == LAW_SERVER) {
    add(user, info->name);
  }
}

static void add_all(matrix *x) {
  const law_options *o = x->options;
  if (!o->faults_given) {
    law_faults_each(add_info, x);
  }
  for (size_t i = 0; i < o->num_faults; i++) {
    add(x, o->faults[i]);
  }
}

int law_verb_matrix(const law_options *o) {
  matrix x = {.options = o, .net = law_net_new()};
  if (o->role != LAW_SERVER) {
    fputs("wirelaw-peer: matrix hosts servers; a client with a fault is `client --fault`\n",
          stderr);
    law_net_free(x.net);
    return 2;
  }
  add_all(&x);
  if (!x.failed) {
    printf("{\"ready\": true, \"brokers\": %zu}\n", x.num);
    fflush(stdout);
    law_run(x.net, o->until_eof);
  }
  for (size_t i = 0; i < x.num; i++) {
    law_broker_free(x.brokers[i]);
  }
  free(x.brokers);
  law_net_free(x.net);
  return x.failed ? 2 : 0;
}
