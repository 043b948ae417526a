/* input.h: what every target begins with: the input in a heap buffer of exactly its size, so that a
 * sanitizer sees the first byte that is read beyond it. */
#ifndef FUZZ_TARGETS_INPUT_H
#define FUZZ_TARGETS_INPUT_H

#include <stdlib.h>
#include <string.h>

#include "core/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A copy of |bytes|; freed by fuzz_done. */
static inline law_bytes fuzz_exact(law_bytes bytes) {
  uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
  if (copy == NULL) {
    abort();
  }
  if (bytes.len > 0) {
    memcpy(copy, bytes.data, bytes.len);
  }
  return law_bytes_of(copy, bytes.len);
}

static inline law_bytes fuzz_input(const uint8_t *data, size_t len) {
  return fuzz_exact(law_bytes_of(data, len));
}

static inline void fuzz_done(law_bytes input) { free((void *)(uintptr_t)input.data); }

#endif
