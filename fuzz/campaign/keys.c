#include "campaign/keys.h"

bool law_keys_add(law_keys *k, uint64_t key) {
  key = key != 0 ? key : 1;
  size_t at = key % LAW_KEYS_SLOTS;
  while (k->slots[at] != 0) {
    if (k->slots[at] == key) {
      return false;
    }
    at = (at + 1) % LAW_KEYS_SLOTS;
  }
  if (k->num >= LAW_KEYS_SLOTS / 4 * 3) {
    return false;
  }
  k->slots[at] = key;
  k->num++;
  return true;
}
