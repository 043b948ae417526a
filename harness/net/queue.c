#include "net/queue.h"

#include <stdlib.h>
#include <string.h>

enum { KEEP = 16 * 1024 }; /* an empty queue keeps at most that much */

void law_queue_free(law_queue *q) {
  free(q->data);
  *q = (law_queue){0};
}

/* Moves the bytes to the front when that makes room cheaply. */
static bool make_room(law_queue *q, size_t more) {
  if (q->cap - q->head - q->len >= more) {
    return true;
  }
  if (q->head >= q->len && q->cap - q->len >= more) {
    memcpy(q->data, q->data + q->head, q->len);
    q->head = 0;
    return true;
  }
  size_t cap = q->cap > 0 ? q->cap : 1024;
  while (cap - q->len < more) {
    cap *= 2;
  }
  uint8_t *data = malloc(cap);
  if (!data) {
    return false;
  }
  if (q->len > 0) {
    memcpy(data, q->data + q->head, q->len);
  }
  free(q->data);
  *q = (law_queue){.data = data, .cap = cap, .len = q->len};
  return true;
}

bool law_queue_add(law_queue *q, law_bytes bytes) {
  if (bytes.len == 0) {
    return true;
  }
  if (!make_room(q, bytes.len)) {
    return false;
  }
  memcpy(q->data + q->head + q->len, bytes.data, bytes.len);
  q->len += bytes.len;
  return true;
}

law_bytes law_queue_bytes(const law_queue *q) {
  return q->len > 0 ? law_bytes_of(q->data + q->head, q->len) : law_bytes_of(NULL, 0);
}

void law_queue_drop(law_queue *q, size_t len) {
  q->head += len;
  q->len -= len;
  if (q->len > 0) {
    return;
  }
  q->head = 0;
  if (q->cap > KEEP) {
    law_queue_free(q);
  }
}
