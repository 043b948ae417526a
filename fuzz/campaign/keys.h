/* keys.h: the feedback of a campaign: which combinations of state, message sent, answer and
 * violation have been seen. A fixed table of hashes; no allocation. */
#ifndef FUZZ_CAMPAIGN_KEYS_H
#define FUZZ_CAMPAIGN_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAW_KEYS_SLOTS = 1 << 17 };

typedef struct law_keys {
  size_t num;
  uint64_t slots[LAW_KEYS_SLOTS]; /* 0: free */
} law_keys;

/* Folds |word| into the hash |h|. */
static inline uint64_t law_key_mix(uint64_t h, uint64_t word) {
  h = (h ^ word) * UINT64_C(0x9fb21c651e98df25);
  return h ^ h >> 29;
}

/* True when |key| is new. A table that is three quarters full takes no more. */
bool law_keys_add(law_keys *k, uint64_t key);

#endif
