/* block.h: sixteen bytes at a time, answered with a bit for each byte, the first byte's lowest.
 * Two ways to the same answers: SSE2, and words. */
#ifndef LAW_CORE_BLOCK_H
#define LAW_CORE_BLOCK_H

#include <string.h>

#include "core/types.h"

enum { LAW_BLOCK = 16 };

/* The lowest |len| bits, |len| below 64. */
LAW_INLINE uint64_t law_low_bits(size_t len) { return (UINT64_C(1) << len) - 1; }

/* Eight bytes, the first of them lowest. */
LAW_INLINE uint64_t law_load_low_first(const void *p) {
  uint64_t v;
  memcpy(&v, p, sizeof v);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  v = __builtin_bswap64(v);
#endif
  return v;
}

/* Fewer than eight bytes, the rest 0: two loads that overlap, so that none reaches beyond. */
LAW_INLINE uint64_t law_load_few(const uint8_t *p, size_t len) {
  uint64_t v = 0;
  if (len >= 4) {
    uint32_t head = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    const uint8_t *t = p + len - 4;
    uint32_t tail = (uint32_t)t[0] | (uint32_t)t[1] << 8 | (uint32_t)t[2] << 16 | (uint32_t)t[3] << 24;
    return head | (uint64_t)tail << (8 * (len - 4));
  }
  if (len > 0) {
    size_t middle = len / 2, last = len - 1;
    v = (uint64_t)p[0] | (uint64_t)p[middle] << (8 * middle) | (uint64_t)p[last] << (8 * last);
  }
  return v;
}

#if defined(__SSE2__) && !defined(LAW_BLOCK_PORTABLE)

#include <emmintrin.h>

typedef __m128i law_block;

LAW_INLINE law_block law_block_of(uint64_t low, uint64_t high) {
  return _mm_set_epi64x((long long)high, (long long)low);
}

LAW_INLINE law_block law_block_load(const uint8_t *p) {
  return _mm_loadu_si128((const __m128i *)(const void *)p);
}

LAW_INLINE uint32_t law_block_mask(law_block flags) { return (uint32_t)_mm_movemask_epi8(flags); }

/* Bytes that are |byte|. */
LAW_INLINE uint32_t law_block_is(law_block b, char byte) {
  return law_block_mask(_mm_cmpeq_epi8(b, _mm_set1_epi8(byte)));
}

/* Bytes that are '#' or '+', which differ in one bit. */
LAW_INLINE uint32_t law_block_wild(law_block b) {
  return law_block_is(_mm_or_si128(b, _mm_set1_epi8('#' ^ '+')), '#' | '+');
}

/* Bytes that are NUL, or beyond ASCII: as signed numbers those below 1. */
LAW_INLINE uint32_t law_block_odd(law_block b) {
  return law_block_mask(_mm_cmplt_epi8(b, _mm_set1_epi8(1)));
}

#else

typedef struct law_block {
  uint64_t low, high;
} law_block;

LAW_INLINE law_block law_block_of(uint64_t low, uint64_t high) {
  law_block b = {low, high};
  return b;
}

LAW_INLINE law_block law_block_load(const uint8_t *p) {
  return law_block_of(law_load_low_first(p), law_load_low_first(p + 8));
}

/* A word with |byte| in each of its eight bytes. */
#define LAW_EVERY(byte) (UINT64_C(0x0101010101010101) * (uint8_t)(byte))

/* The high bit of each byte, packed. */
LAW_INLINE uint32_t law_word_mask(uint64_t v) {
  return (uint32_t)(((v >> 7 & LAW_EVERY(1)) * UINT64_C(0x0102040810204080)) >> 56);
}

/* The high bit of each byte that is 0. No carry leaves its byte. */
LAW_INLINE uint64_t law_word_zeros(uint64_t v) {
  return ~(((v & LAW_EVERY(0x7f)) + LAW_EVERY(0x7f)) | v);
}

LAW_INLINE uint32_t law_block_is(law_block b, char byte) {
  return law_word_mask(law_word_zeros(b.low ^ LAW_EVERY(byte))) |
         law_word_mask(law_word_zeros(b.high ^ LAW_EVERY(byte))) << 8;
}

LAW_INLINE uint32_t law_block_wild(law_block b) {
  const uint64_t differ = LAW_EVERY('#' ^ '+');
  return law_block_is(law_block_of(b.low | differ, b.high | differ), '#' | '+');
}

LAW_INLINE uint32_t law_block_odd(law_block b) {
  return law_word_mask(law_word_zeros(b.low) | b.low) |
         law_word_mask(law_word_zeros(b.high) | b.high) << 8;
}

#endif

/* Fewer than sixteen bytes, the rest 0. */
LAW_INLINE law_block law_block_few(const uint8_t *p, size_t len) {
  if (len < 8) {
    return law_block_of(law_load_few(p, len), 0);
  }
  uint64_t tail = len == 8 ? 0 : law_load_low_first(p + len - 8) >> (8 * (16 - len));
  return law_block_of(law_load_low_first(p), tail);
}

#endif
