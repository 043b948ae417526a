/* messages.h: the packets that every codec is measured with. */
#ifndef BENCH_MESSAGES_H
#define BENCH_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

typedef struct bench_message {
  const char *name;
  int version; /* protocol level: 4 is 3.1.1, 5 is 5.0 */
  const uint8_t *bytes;
  size_t len;
} bench_message;

enum { BENCH_NUM_MESSAGES = 4 };

extern const bench_message bench_messages[BENCH_NUM_MESSAGES];

#endif
