/* input.h: bytes of a file, a pipe or memory, as views into one buffer that does not grow with the
 * file. */
#ifndef LAW_PCAP_INPUT_H
#define LAW_PCAP_INPUT_H

#include <signal.h>

#include "core/types.h"

enum { LAW_INPUT_MAX = 16 << 20 }; /* the most bytes that can be asked for at once */

typedef enum law_input_state {
  LAW_INPUT_GOES_ON,
  LAW_INPUT_IDLE,    /* a pipe gave nothing for a while, or |hold| is set */
  LAW_INPUT_ENDED,   /* no more bytes, or law_input.stop was set */
  LAW_INPUT_FAILED,  /* law_input.error says why, as errno does */
} law_input_state;

/* |at| and |left| are the bytes in hand; who uses them moves both. */
typedef struct law_input {
  const uint8_t *at;
  size_t left;
  uint8_t *buffer; /* own; NULL when reading memory */
  size_t cap;
  uint64_t skip; /* bytes still to be passed over, before those at |at| */
  int fd;        /* -1: memory */
  bool waits;    /* a pipe: reading may block */
  bool hold;     /* views into the buffer are in use: nothing may be read into it */
  law_input_state state;
  int error;
  volatile sig_atomic_t stop;
} law_input;

/* False: out of memory, or |path| ("-": standard input) cannot be opened; errno says which. */
bool law_input_open(law_input *in, const char *path);
void law_input_memory(law_input *in, law_bytes bytes);
void law_input_close(law_input *in);

/* Gets |len| (up to LAW_INPUT_MAX) bytes in a row. False when they are not there: see |state|. */
LAW_NOINLINE bool law_input_fill(law_input *in, size_t len);

LAW_INLINE bool law_input_has(law_input *in, size_t len) {
  return LAW_LIKELY(in->left >= len && in->skip == 0) || law_input_fill(in, len);
}

LAW_INLINE void law_input_pass(law_input *in, size_t len) {
  in->at += len;
  in->left -= len;
}

/* Passes over |len| bytes, which need not be there yet. */
void law_input_skip(law_input *in, uint64_t len);

#endif
