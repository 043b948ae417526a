#include "campaign/mask.h"

#include <string.h>

enum { LEAST = 4, MOST = 256 };

/* The mask of |len| bytes: its beginning is repeated. */
static void make(uint8_t *out, size_t len) {
  static const char text[] = "*wirelaw-password*";
  for (size_t i = 0; i < len; i++) {
    out[i] = (uint8_t)text[i % (sizeof text - 1)];
  }
}

static void replace(uint8_t *bytes, size_t len, const void *what, const void *with, size_t num) {
  uint8_t *at = bytes;
  while ((at = memmem(at, len - (size_t)(at - bytes), what, num)) != NULL) {
    memcpy(at, with, num);
    at += num;
  }
}

static size_t usable(const char *password) {
  size_t len = password != NULL ? strlen(password) : 0;
  return len >= LEAST && len <= MOST ? len : 0;
}

void law_mask(uint8_t *bytes, size_t len, const char *password) {
  uint8_t mask[MOST];
  size_t num = usable(password);
  if (num > 0) {
    make(mask, num);
    replace(bytes, len, password, mask, num);
  }
}

void law_unmask(uint8_t *bytes, size_t len, const char *password) {
  uint8_t mask[MOST];
  size_t num = usable(password);
  if (num > 0) {
    make(mask, num);
    replace(bytes, len, mask, password, num);
  }
}
