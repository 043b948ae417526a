/* queue.h: bytes that the system has not taken yet. */
#ifndef LAW_NET_QUEUE_H
#define LAW_NET_QUEUE_H

#include "core/types.h"

typedef struct law_queue {
  uint8_t *data;
  size_t cap, head, len; /* |len| bytes from |head| */
} law_queue;

/* A zeroed law_queue is empty. */
void law_queue_free(law_queue *q);
/* False: no memory. */
bool law_queue_add(law_queue *q, law_bytes bytes);
law_bytes law_queue_bytes(const law_queue *q);
/* The first |len| bytes are done with. An empty queue holds little memory or none. */
void law_queue_drop(law_queue *q, size_t len);

#endif
