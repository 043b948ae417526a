#include <stdlib.h>
#include <string.h>

#include "net/internal.h"

law_event *law_event_add(law_net *net, law_event_kind kind, const law_object *object,
                         uint64_t time) {
  if (net->num_events == net->cap_events) {
    size_t cap = net->cap_events > 0 ? net->cap_events * 2 : 256;
    law_event *events = realloc(net->events, cap * sizeof *events);
    if (!events) {
      net->no_memory = true;
      return NULL;
    }
    net->events = events;
    net->cap_events = cap;
  }
  law_event *e = &net->events[net->num_events++];
  *e = (law_event){.kind = kind, .handle = object->handle, .time = time};
  return e;
}

/* A timer lives until it is told, so that it can be cancelled until then. */
static void forget_timer(law_net *net, law_object *object) {
  law_table_remove(&net->table, object->handle);
  free(object);
}

size_t law_events_hand_out(law_net *net, law_event *out, size_t max) {
  size_t num = 0;
  while (num < max && net->told < net->num_events) {
    const law_event *e = &net->events[net->told++];
    law_object *object = law_table_get(&net->table, e->handle);
    if (!object) {
      continue;
    }
    out[num] = *e;
    out[num].user = object->user;
    num++;
    if (e->kind == LAW_EV_TIMER) {
      forget_timer(net, object);
    }
  }
  return num;
}

void law_events_turn_over(law_net *net) {
  for (size_t i = 0; i < net->done.num; i++) {
    law_object *object = law_net_object(net, net->done.at[i], LAW_OBJECT_CONN);
    if (object) {
      law_conn_destroy((law_conn *)object);
    }
  }
  net->done.num = 0;
  net->num_events = 0;
  net->told = 0;
  law_arena_reset(&net->arena);
  law_tails_reset(&net->tails);
}
