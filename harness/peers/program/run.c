#include "peers/program/run.h"

#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "peers/base/memory.h"

enum { HOST_CAP = 128 };

static const char *const schemes[] = {
    [LAW_TCP] = "tcp", [LAW_TLS] = "tls", [LAW_WS] = "ws", [LAW_WSS] = "wss"};

bool law_run_listen(const law_options *o, law_net *net, law_listen listen, void *peer) {
  char host[HOST_CAP];
  char line[LAW_MAX_LISTEN * (HOST_CAP + 32)];
  size_t len = 0;
  if (o->num_listen == 0) {
    fputs("wirelaw-peer: --listen is missing\n", stderr);
    return false;
  }
  for (size_t i = 0; i < o->num_listen; i++) {
    law_endpoint at;
    uint16_t port = 0;
    if (!law_options_endpoint(o, o->listen[i], &at, host, sizeof host)) {
      return false;
    }
    if (!listen(peer, &at, &port)) {
      fprintf(stderr, "wirelaw-peer: cannot listen at %s: %s\n", o->listen[i], law_net_error(net));
      return false;
    }
    len += (size_t)snprintf(line + len, sizeof line - len, "%s\"%s://%s:%u\"", i > 0 ? ", " : "",
                            schemes[at.transport], host, port);
  }
  printf("{\"ready\": true, \"listen\": [%s]}\n", line);
  fflush(stdout);
  return true;
}

/* The two descriptors that end a run are a peer of their own. */
typedef struct ending {
  law_peer peer;
  law_net *net;
  int signals;
  law_handle input;
  bool ended;
} ending;

static void handle(law_peer *peer, const law_event *event) {
  ending *e = (ending *)(void *)peer;
  char scrap[512];
  if (event->kind != LAW_EV_READABLE) {
    return;
  }
  if (event->handle != e->input || read(STDIN_FILENO, scrap, sizeof scrap) <= 0) {
    e->ended = true;
  }
}

void law_run(law_net *net, bool until_eof) {
  sigset_t set;
  ending e = {.peer = {.handle = handle}, .net = net};
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  e.signals = signalfd(-1, &set, SFD_CLOEXEC);
  law_handle signals = law_net_watch(net, e.signals, &e);
  if (until_eof) {
    e.input = law_net_watch(net, STDIN_FILENO, &e);
  }
  while (!e.ended && law_peers_run(net, UINT64_MAX)) {
  }
  law_net_close(net, signals, LAW_CLOSE_FIN);
  if (e.input != 0) {
    law_net_close(net, e.input, LAW_CLOSE_FIN);
  }
  close(e.signals);
}

bool law_run_faults(law_faults *f, law_side role, const char *const *names, size_t num) {
  for (size_t i = 0; i < num; i++) {
    if (!law_faults_add(f, role, names[i])) {
      fprintf(stderr, "wirelaw-peer: %s: no such fault; see wirelaw-peer faults\n", names[i]);
      return false;
    }
  }
  return true;
}
