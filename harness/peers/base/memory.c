#include "peers/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void out_of_memory(void) {
  fputs("wirelaw-peer: out of memory\n", stderr);
  abort();
}

void *law_alloc(size_t size) {
  void *p = calloc(1, size > 0 ? size : 1);
  if (p == NULL) {
    out_of_memory();
  }
  return p;
}

void *law_resize(void *old, size_t size) {
  void *p = realloc(old, size > 0 ? size : 1);
  if (p == NULL) {
    out_of_memory();
  }
  return p;
}

uint8_t *law_copy(const void *data, size_t len) {
  uint8_t *p = law_alloc(len + 1);
  if (len > 0) {
    memcpy(p, data, len);
  }
  return p;
}

law_bytes law_copy_bytes(law_bytes bytes) {
  return law_bytes_of(law_copy(bytes.data, bytes.len), bytes.len);
}

void law_free_bytes(law_bytes *bytes) {
  free((void *)(uintptr_t)bytes->data);
  *bytes = law_bytes_of(NULL, 0);
}

bool law_bytes_equal(law_bytes a, law_bytes b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool law_bytes_start(law_bytes text, const char *with) {
  size_t len = strlen(with);
  return text.len >= len && memcmp(text.data, with, len) == 0;
}

law_bytes law_bytes_text(const char *text) { return law_bytes_of(text, strlen(text)); }
