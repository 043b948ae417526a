/* secret.h: what must not stand in a capture, such as passwords. */
#ifndef LAW_NET_SECRET_H
#define LAW_NET_SECRET_H

#include "core/types.h"

enum {
  LAW_SECRETS = 4,
  LAW_SECRET_MIN = 4, /* bytes: a shorter one also stands for much that is none */
};

typedef struct law_secrets {
  uint8_t *bytes[LAW_SECRETS];
  size_t len[LAW_SECRETS];
  size_t num;
  uint8_t *copy;
  size_t cap;
} law_secrets;

/* Keeps a copy. True and nothing done when it is too short; false when there are too many, or no
 * memory. */
bool law_secrets_add(law_secrets *s, law_bytes secret);
void law_secrets_free(law_secrets *s);
/* |bytes|, or, when a secret is in them, a copy that has `*` there; it is good until the next call.
 * |masked|: they are WebSocket frames of a client. Nothing when there is no memory for a copy. */
law_bytes law_secrets_hide(law_secrets *s, law_bytes bytes, bool masked);

#endif
