#include "net/secret.h"

#include <stdlib.h>
#include <string.h>

enum { MASK = 4, MASKED_MIN = 2 * MASK };

bool law_secrets_add(law_secrets *s, law_bytes secret) {
  if (secret.len < LAW_SECRET_MIN) {
    return true;
  }
  uint8_t *kept = s->num < LAW_SECRETS ? (uint8_t *)malloc(secret.len) : NULL;
  if (!kept) {
    return false;
  }
  memcpy(kept, secret.data, secret.len);
  s->bytes[s->num] = kept;
  s->len[s->num++] = secret.len;
  return true;
}

void law_secrets_free(law_secrets *s) {
  for (size_t i = 0; i < s->num; i++) {
    free(s->bytes[i]);
  }
  free(s->copy);
  *s = (law_secrets){0};
}

/* A mask comes again every four bytes (RFC 6455 section 5.3), so what is between bytes that far
 * apart is the same with any mask, known or not. */
static bool same_under_mask(const uint8_t *p, const uint8_t *secret, size_t len) {
  for (size_t i = MASK; i < len; i++) {
    if ((p[i] ^ p[i - MASK]) != (secret[i] ^ secret[i - MASK])) {
      return false;
    }
  }
  return len >= MASKED_MIN;
}

static bool stands_at(const uint8_t *p, const uint8_t *secret, size_t len, bool masked) {
  return memcmp(p, secret, len) == 0 || (masked && same_under_mask(p, secret, len));
}

static bool copy_once(law_secrets *s, law_bytes *bytes) {
  if (bytes->data == s->copy) {
    return true;
  }
  if (bytes->len > s->cap) {
    uint8_t *grown = (uint8_t *)realloc(s->copy, bytes->len);
    if (!grown) {
      return false;
    }
    s->copy = grown;
    s->cap = bytes->len;
  }
  memcpy(s->copy, bytes->data, bytes->len);
  bytes->data = s->copy;
  return true;
}

static bool hide_one(law_secrets *s, law_bytes *bytes, size_t which, bool masked) {
  size_t len = s->len[which];
  for (size_t at = 0; len <= bytes->len && at <= bytes->len - len; at++) {
    if (stands_at(bytes->data + at, s->bytes[which], len, masked)) {
      if (!copy_once(s, bytes)) {
        return false;
      }
      memset(s->copy + at, '*', len);
    }
  }
  return true;
}

law_bytes law_secrets_hide(law_secrets *s, law_bytes bytes, bool masked) {
  for (size_t i = 0; i < s->num; i++) {
    if (!hide_one(s, &bytes, i, masked)) {
      return (law_bytes){0};
    }
  }
  return bytes;
}
