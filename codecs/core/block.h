/* block.h: sixteen bytes at a time. A question to a block is answered by flags: the high bit of
 * each byte, the other bits mean nothing. Two ways to the same answers: SSE2, and words. */
#ifndef LAW_CORE_BLOCK_H
#define LAW_CORE_BLOCK_H

#include <string.h>

#include "core/types.h"

enum { LAW_BLOCK = 16 };

#if defined(__SSE2__) && !defined(LAW_BLOCK_PORTABLE)

#include <emmintrin.h>

typedef __m128i law_block;

LAW_INLINE law_block law_block_of(uint64_t low, uint64_t high) {
  return _mm_set_epi64x((long long)high, (long long)low);
}

LAW_INLINE law_block law_block_load(const uint8_t *p) {
  return _mm_loadu_si128((const __m128i *)(const void *)p);
}

LAW_INLINE law_block law_block_or(law_block a, law_block b) { return _mm_or_si128(a, b); }

/* Bytes that are |byte|. */
LAW_INLINE law_block law_block_is(law_block b, char byte) {
  return _mm_cmpeq_epi8(b, _mm_set1_epi8(byte));
}

/* Bytes that are '#' or '+', which differ in one bit. */
LAW_INLINE law_block law_block_is_wild(law_block b) {
  return law_block_is(law_block_or(b, _mm_set1_epi8('#' ^ '+')), '#' | '+');
}

/* Bytes that are NUL or beyond ASCII: as signed numbers they are negative after 1 is taken off. */
LAW_INLINE law_block law_block_is_odd(law_block b) { return _mm_subs_epi8(b, _mm_set1_epi8(1)); }

/* The flags as a number, a bit for each byte, the first byte's lowest. */
LAW_INLINE uint32_t law_block_bits(law_block flags) { return (uint32_t)_mm_movemask_epi8(flags); }

#else

typedef struct law_block {
  uint64_t low, high; /* the first byte lowest */
} law_block;

LAW_INLINE uint64_t law_load_low_first(const uint8_t *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

LAW_INLINE law_block law_block_of(uint64_t low, uint64_t high) {
  law_block b = {low, high};
  return b;
}

LAW_INLINE law_block law_block_load(const uint8_t *p) {
  return law_block_of(law_load_low_first(p), law_load_low_first(p + 8));
}

LAW_INLINE law_block law_block_or(law_block a, law_block b) {
  return law_block_of(a.low | b.low, a.high | b.high);
}

/* A word with |byte| in each of its eight bytes. */
#define LAW_EVERY(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* Flags of the bytes that are 0. No carry leaves its byte. */
LAW_INLINE uint64_t law_word_zeros(uint64_t v) {
  return ~(((v & LAW_EVERY(0x7f)) + LAW_EVERY(0x7f)) | v);
}

LAW_INLINE law_block law_block_is(law_block b, char byte) {
  return law_block_of(law_word_zeros(b.low ^ LAW_EVERY(byte)),
                      law_word_zeros(b.high ^ LAW_EVERY(byte)));
}

LAW_INLINE law_block law_block_is_wild(law_block b) {
  const uint64_t differ = LAW_EVERY('#' ^ '+');
  return law_block_is(law_block_of(b.low | differ, b.high | differ), '#' | '+');
}

LAW_INLINE law_block law_block_is_odd(law_block b) {
  return law_block_or(b, law_block_of(law_word_zeros(b.low), law_word_zeros(b.high)));
}

/* Packs the high bits: the product brings that of byte i to bit 56 + i. */
LAW_INLINE uint32_t law_word_bits(uint64_t flags) {
  return (uint32_t)(((flags >> 7 & LAW_EVERY(1)) * UINT64_C(0x0102040810204080)) >> 56);
}

LAW_INLINE uint32_t law_block_bits(law_block flags) {
  return law_word_bits(flags.low) | law_word_bits(flags.high) << 8;
}

#endif

/* A block that holds each of |len| bytes, 1 to 15, at least once and nothing else, in any order:
 * loads that overlap, so that none reaches beyond. */
LAW_INLINE law_block law_block_of_few(const uint8_t *p, size_t len) {
  if (len >= 8) {
    uint64_t head, tail;
    memcpy(&head, p, sizeof head);
    memcpy(&tail, p + len - sizeof tail, sizeof tail);
    return law_block_of(head, tail);
  }
  uint32_t head, tail;
  if (len >= 4) {
    memcpy(&head, p, sizeof head);
    memcpy(&tail, p + len - sizeof tail, sizeof tail);
  } else {
    head = p[0] * UINT32_C(0x01010101);
    tail = (uint32_t)p[len / 2] << 24 | p[len - 1] * UINT32_C(0x010101);
  }
  uint64_t both = (uint64_t)head << 32 | tail;
  return law_block_of(both, both);
}

#endif
