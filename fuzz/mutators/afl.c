/* The shim for AFL++: a custom mutator library (AFL_CUSTOM_MUTATOR_LIBRARY), which works beside
 * AFL++'s own havoc. Trimming takes whole messages out first; then AFL++ trims bytes. */
#include <stdlib.h>
#include <string.h>

#include "mutators/grammar.h"
#include "mutators/mutate_internal.h"

enum { CAP = 1 << 16 };

typedef struct shim {
  uint64_t seed;
  uint8_t out[CAP];
  /* trimming: what is left, the unit that was last taken out, and how many remain to be tried */
  uint8_t left[CAP], tried[CAP];
  size_t left_len, tried_len, at;
  int step, steps;
} shim;

void *afl_custom_init(void *afl, unsigned seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *in, size_t len, uint8_t **out, uint8_t *add,
                       size_t add_len, size_t max);
int32_t afl_custom_init_trim(void *data, uint8_t *in, size_t len);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);

void *afl_custom_init(void *afl, unsigned seed) {
  shim *s = calloc(1, sizeof *s);
  (void)afl;
  if (s != NULL) {
    s->seed = seed;
  }
  return s;
}

void afl_custom_deinit(void *data) { free(data); }

size_t afl_custom_fuzz(void *data, uint8_t *in, size_t len, uint8_t **out, uint8_t *add,
                       size_t add_len, size_t max) {
  shim *s = data;
  size_t cap = max < CAP ? max : CAP;
  uint64_t seed = law_random(&s->seed);
  *out = s->out;
  if (add != NULL && seed % 8 == 0) {
    return law_mutate_cross(fuzz_the_mutator(), s->out, cap, law_bytes_of(in, len),
                            law_bytes_of(add, add_len), FUZZ_SEQUENCE, seed);
  }
  len = len < cap ? len : cap;
  memcpy(s->out, in, len);
  return fuzz_mutate(s->out, len, cap, seed);
}

/* ---- trimming: each step tries the input without one of its units ---- */

static size_t unit_at(shim *s, size_t at) {
  return law_first_unit(fuzz_the_mutator(), law_bytes_of(s->left + at, s->left_len - at),
                        FUZZ_SEQUENCE);
}

int32_t afl_custom_init_trim(void *data, uint8_t *in, size_t len) {
  shim *s = data;
  law_mutator_begin(fuzz_the_mutator(), 0);
  s->left_len = len < CAP ? len : 0;
  memcpy(s->left, in, s->left_len);
  s->at = 0;
  s->step = s->steps = 0;
  for (size_t at = 0; at < s->left_len; at += unit_at(s, at)) {
    s->steps++;
  }
  s->steps = s->steps > 1 ? s->steps : 0; /* nothing would be left */
  return s->steps;
}

size_t afl_custom_trim(void *data, uint8_t **out) {
  shim *s = data;
  size_t unit = unit_at(s, s->at), behind = s->at + unit;
  memcpy(s->tried, s->left, s->at);
  memcpy(s->tried + s->at, s->left + behind, s->left_len - behind);
  s->tried_len = s->left_len - unit;
  *out = s->tried;
  return s->tried_len;
}

int32_t afl_custom_post_trim(void *data, uint8_t success) {
  shim *s = data;
  if (success) {
    memcpy(s->left, s->tried, s->tried_len);
    s->left_len = s->tried_len;
  } else {
    s->at += unit_at(s, s->at);
  }
  s->step++;
  return s->at < s->left_len && s->left_len > 0 ? s->step : s->steps;
}
