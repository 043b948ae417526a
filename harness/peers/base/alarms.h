/* alarms.h: any number of timers of one peer on one timer of the loop: a binary heap. */
#ifndef LAW_PEERS_ALARMS_H
#define LAW_PEERS_ALARMS_H

#include "net/net.h"

/* Stands inside what it belongs to; zeroed: not set. */
typedef struct law_alarm {
  uint64_t at;  /* ns, as law_net_now */
  size_t place; /* in the heap, from 1; 0: not set */
  void (*ring)(struct law_alarm *alarm);
} law_alarm;

typedef struct law_alarms {
  law_net *net;
  void *user; /* of the loop's timer */
  law_alarm **heap;
  size_t num, cap;
  law_handle handle; /* the loop's timer, 0: none */
  uint64_t due;      /* when it fires */
} law_alarms;

void law_alarms_init(law_alarms *t, law_net *net, void *user);
void law_alarms_free(law_alarms *t);
/* Sets or moves. */
void law_alarm_set(law_alarms *t, law_alarm *alarm, uint64_t at);
void law_alarm_stop(law_alarms *t, law_alarm *alarm);
/* Rings all that are due. Call it on the loop's timer event of |handle|. */
void law_alarms_run(law_alarms *t, uint64_t now);

#endif
