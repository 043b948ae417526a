#include "peers/null.h"

#include <stdlib.h>
#include <string.h>

#include "mqtt/mqtt.h"
#include "peers/base/memory.h"
#include "peers/null/yes.h"

struct law_null {
  law_peer peer;
  law_net *net;
  law_handle scope;
  law_null_kind kind;
};

bool law_null_kind_of(const char *name, law_null_kind *out) {
  static const char *const names[] = {"silent", "closes", "echo", "yes"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (strcmp(names[i], name) == 0) {
      *out = (law_null_kind)i;
      return true;
    }
  }
  return false;
}

static void message(law_null *n, const law_event *event) {
  if (n->kind == LAW_NULL_ECHO) {
    law_net_send(n->net, event->handle, event->wire, NULL);
  } else if (n->kind == LAW_NULL_YES) {
    law_yes(n->net, event);
  }
}

static void handle(law_peer *peer, const law_event *event) {
  law_null *n = (law_null *)(void *)peer;
  switch (event->kind) {
    case LAW_EV_ACCEPTED:
      if (n->kind == LAW_NULL_CLOSES) {
        law_net_close(n->net, event->handle, LAW_CLOSE_FIN);
      }
      break;
    case LAW_EV_MESSAGE:
      message(n, event);
      break;
    case LAW_EV_CLOSED:
      law_net_close(n->net, event->handle, LAW_CLOSE_FIN);
      break;
    default:
      break;
  }
}

law_null *law_null_new(law_net *net, law_null_kind kind) {
  law_null *n = law_alloc(sizeof *n);
  n->peer.handle = handle;
  n->net = net;
  n->kind = kind;
  /* Only "yes" has to know where packets begin and end. */
  n->scope = law_net_scope(net, kind == LAW_NULL_YES ? &law_mqtt_codec : NULL, LAW_CLIENT, false);
  return n;
}

bool law_null_listen(law_null *n, const law_endpoint *at, uint16_t *out_port) {
  law_handle h = law_net_listen(n->net, n->scope, at, n);
  if (h != 0 && out_port != NULL) {
    *out_port = law_net_port(n->net, h);
  }
  return h != 0;
}

void law_null_free(law_null *n) { free(n); }
