/* tails.h: buffers for messages that come in pieces. A connection holds one only while a message
 * of it is on its way; a buffer in which a message was told stays as it is until the next round. */
#ifndef LAW_NET_TAILS_H
#define LAW_NET_TAILS_H

#include "monitors/judge.h"

enum {
  LAW_TAIL_MIN_SHIFT = 10, /* the smallest holds 1 KiB, each next class twice as much */
  LAW_TAIL_CLASSES = 20,   /* so the largest holds 512 MiB */
  /* What a loop judges at most. MQTT's longest packet has 5 bytes and a length of 268,435,455. */
  LAW_NET_MAX_MESSAGE = 272 * 1024 * 1024,
};

typedef struct law_tail law_tail;

typedef struct law_tails {
  law_tail *spare[LAW_TAIL_CLASSES];
  law_tail *told; /* kept until law_tails_reset */
} law_tails;

/* A zeroed law_tails is empty. Buffers that directions hold are given back before. */
void law_tails_free(law_tails *t);

/* Gives |direction| a buffer of |need| bytes or more with its bytes in it. False: no memory. */
bool law_tails_grow(law_tails *t, law_judge_direction *direction, size_t need);
/* Takes the buffer out of |direction|; what is in it stays readable until law_tails_reset. */
void law_tails_told(law_tails *t, law_judge_direction *direction);
/* Gives the buffer of |direction|, if it has one, back. */
void law_tails_drop(law_tails *t, law_judge_direction *direction);
void law_tails_reset(law_tails *t);

#endif
