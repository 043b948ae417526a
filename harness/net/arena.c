#include "net/arena.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define LAW_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LAW_ASAN 1
#endif
#endif
#ifdef LAW_ASAN
#include <sanitizer/asan_interface.h>
#define FORBID(p, len) ASAN_POISON_MEMORY_REGION(p, len)
#define ALLOW(p, len) ASAN_UNPOISON_MEMORY_REGION(p, len)
#else
#define FORBID(p, len) ((void)0)
#define ALLOW(p, len) ((void)0)
#endif

enum {
  SPACE_MIN = 16 * 1024,
  ALIGN = 16,
  KEEP_BLOCKS = 32, /* more than that, after a burst, goes back to the system */
};

static bool add_block(law_arena *a) {
  uint8_t **blocks = realloc(a->blocks, (a->num_blocks + 1) * sizeof *blocks);
  if (!blocks) {
    return false;
  }
  a->blocks = blocks;
  uint8_t *block = malloc(LAW_ARENA_BLOCK);
  if (!block) {
    return false;
  }
  FORBID(block, LAW_ARENA_BLOCK);
  a->blocks[a->num_blocks++] = block;
  return true;
}

/* Makes |len| bytes free in the current block. */
static bool ensure(law_arena *a, size_t len) {
  if (a->current < a->num_blocks && LAW_ARENA_BLOCK - a->used >= len) {
    return true;
  }
  size_t next = a->num_blocks == 0 ? 0 : a->current + 1;
  if (len > LAW_ARENA_BLOCK || (next >= a->num_blocks && !add_block(a))) {
    return false;
  }
  a->current = next;
  a->used = 0;
  return true;
}

uint8_t *law_arena_space(law_arena *a, size_t *out_cap) {
  if (!ensure(a, SPACE_MIN)) {
    return NULL;
  }
  size_t left = LAW_ARENA_BLOCK - a->used;
  uint8_t *space = a->blocks[a->current] + a->used;
  *out_cap = left < LAW_ARENA_SPACE ? left : LAW_ARENA_SPACE;
  ALLOW(space, *out_cap);
  return space;
}

void law_arena_keep(law_arena *a, size_t len) {
  a->used += len;
  FORBID(a->blocks[a->current] + a->used, LAW_ARENA_BLOCK - a->used);
}

void *law_arena_alloc(law_arena *a, size_t len) {
  if (!ensure(a, len + ALIGN)) {
    return NULL;
  }
  a->used = (a->used + ALIGN - 1) / ALIGN * ALIGN;
  void *p = a->blocks[a->current] + a->used;
  ALLOW(p, len);
  a->used += len;
  return p;
}

const char *law_arena_text(law_arena *a, const char *text) {
  size_t len = strlen(text);
  if (len > LAW_ARENA_BLOCK / 2) {
    len = LAW_ARENA_BLOCK / 2;
  }
  char *copy = law_arena_alloc(a, len + 1);
  if (!copy) {
    return "";
  }
  memcpy(copy, text, len);
  copy[len] = 0;
  return copy;
}

static void drop_block(law_arena *a) {
  uint8_t *block = a->blocks[--a->num_blocks];
  ALLOW(block, LAW_ARENA_BLOCK);
  free(block);
}

void law_arena_reset(law_arena *a) {
  while (a->num_blocks > KEEP_BLOCKS) {
    drop_block(a);
  }
  for (size_t i = 0; i < a->num_blocks && i <= a->current; i++) {
    FORBID(a->blocks[i], LAW_ARENA_BLOCK);
  }
  a->current = 0;
  a->used = 0;
}

void law_arena_free(law_arena *a) {
  while (a->num_blocks > 0) {
    drop_block(a);
  }
  free(a->blocks);
  *a = (law_arena){0};
}
