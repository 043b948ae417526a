/* The shim for libFuzzer: half of the calls go to its own mutator, which knows what the target
 * compared and what is in its dictionary. */
#include "mutators/grammar.h"

/* Engines that only borrow libFuzzer's interface may not have it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t len, size_t cap) __attribute__((weak));
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t cap, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t cap, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t len, size_t cap, unsigned seed) {
  bool own = seed % 2 != 0 || LLVMFuzzerMutate == NULL;
  return own ? fuzz_mutate(data, len, cap, seed) : LLVMFuzzerMutate(data, len, cap);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len,
                                 uint8_t *out, size_t cap, unsigned seed) {
  return law_mutate_cross(fuzz_the_mutator(), out, cap, law_bytes_of(a, a_len),
                          law_bytes_of(b, b_len), FUZZ_SEQUENCE, seed);
}
