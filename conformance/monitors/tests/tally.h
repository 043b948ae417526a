/* tally.h: the smallest protocol a judge can be tested with.
 *
 * A message is two bytes of length, which count what follows, a byte of type, and data. Its
 * codec and monitor break rules under the numbers below, which stand for requirements. */
#ifndef LAW_MONITORS_TESTS_TALLY_H
#define LAW_MONITORS_TESTS_TALLY_H

#include "core/cursor.h"
#include "core/protocol.h"

enum {
  TALLY_HELLO = 1, /* data: the type of byte that DATA may hold from now on */
  TALLY_DATA = 2,
  TALLY_BYE = 3,
  TALLY_MAX_LEN = 0xfff0, /* a longer length can't be framed */
};

enum {
  TALLY_R_TYPE = 1,    /* decode, offset 2: no such type */
  TALLY_R_LENGTH = 2,  /* frame, offset 0: length 0 or over TALLY_MAX_LEN */
  TALLY_R_CONTENT = 3, /* decode: a byte of DATA that HELLO had not announced */
  TALLY_R_FIRST = 4,   /* monitor: the judged side's first message must be HELLO */
  TALLY_R_LATE = 5,    /* monitor: no HELLO within TALLY_PATIENCE of the first tick */
  TALLY_R_BYE = 6,     /* monitor: closed without BYE */
};

#define TALLY_PATIENCE UINT64_C(1000000000) /* ns */

typedef struct tally_message {
  uint8_t type;
  law_bytes data;
} tally_message;

typedef struct tally_world {
  uint32_t num_messages;
} tally_world;

typedef struct tally_connection {
  tally_world *world;
  law_side judged;
  uint32_t num_messages, num_gaps;
  uint64_t deadline;
  bool hello, bye;
} tally_connection;

extern const law_protocol tally;

/* Appends one message to |out|, and returns its size. */
size_t tally_put(uint8_t *out, uint8_t type, const void *data, size_t len);

#endif
