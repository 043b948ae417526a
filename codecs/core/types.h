/* types.h: the words every codec shares: bytes, statuses, violations. */
#ifndef LAW_CORE_TYPES_H
#define LAW_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "law/requirements.h"

#if defined(__GNUC__) || defined(__clang__)
#define LAW_LIKELY(x) __builtin_expect(!!(x), 1)
#define LAW_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define LAW_COLD __attribute__((cold, noinline))
#define LAW_NOINLINE __attribute__((noinline))
#define LAW_INLINE static inline __attribute__((always_inline))
#else
#define LAW_LIKELY(x) (x)
#define LAW_UNLIKELY(x) (x)
#define LAW_COLD
#define LAW_NOINLINE
#define LAW_INLINE static inline
#endif

/* A view of bytes that somebody else owns. |data| may be NULL only when |len| is 0. */
typedef struct law_bytes {
  const uint8_t *data;
  size_t len;
} law_bytes;

/* The encoded items of a list, without the list's own length prefix, and how many there are. After
 * a successful decode the bytes are validated whole, so an iterator over them cannot fail. */
typedef struct law_list {
  const uint8_t *data;
  uint32_t len;
  uint32_t count;
} law_list;

/* What the bytes are. The first violation of a message decides. */
typedef enum law_status {
  LAW_OK,
  LAW_NEED_MORE,      /* only a framer says this: the message has not ended yet */
  LAW_MALFORMED,      /* the bytes cannot be parsed as the specification writes them */
  LAW_PROTOCOL_ERROR, /* they can be parsed, and say what the specification forbids */
  LAW_LIMIT,          /* a limit of our own; says nothing about the sender */
} law_status;

/* Who sent it. */
typedef enum law_side { LAW_CLIENT, LAW_SERVER } law_side;

/* One requirement broken by one message. |offset| counts from the message's first byte. */
typedef struct law_violation {
  law_requirement requirement;
  law_status status;
  uint32_t offset;
} law_violation;

LAW_INLINE law_bytes law_bytes_of(const void *data, size_t len) {
  law_bytes b = {(const uint8_t *)data, len};
  return b;
}

/* "ok", "need_more", "malformed", "protocol_error", "limit" */
const char *law_status_name(law_status status);

#endif
