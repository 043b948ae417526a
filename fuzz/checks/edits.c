#include <stdlib.h>
#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "core/edit.h"
#include "mutators/random.h"

enum { ROUNDS = 4, SPARE = 600 };

typedef struct subject {
  uint8_t *wire; /* on the heap, of exactly |cap| bytes */
  size_t len, cap, num;
  law_span spans[FUZZ_MAX_SPANS];
} subject;

static subject now, before;

static law_edit draw(uint64_t *random, size_t num) {
  static const uint8_t with[] = {0x26, 0, 1, 'k', 0, 0, '#', 0xff, 0x80};
  return (law_edit){
      .op = (law_edit_op)law_random_below(random, LAW_EDIT_TRUNCATE + 1),
      .span = law_random_below(random, (uint32_t)num + 1),
      .other = law_random_below(random, (uint32_t)num + 1),
      .number =
          law_random_below(random, 4) > 0 ? law_random_below(random, 300) : law_random(random),
      .with = law_bytes_of(with, law_random_below(random, sizeof with + 1)),
      .keep_lengths = law_random_below(random, 2) == 0,
  };
}

static void check_inside(const subject *s) {
  FUZZ_REQUIRE(s->len <= s->cap && s->num <= FUZZ_MAX_SPANS);
  for (size_t i = 0; i < s->num; i++) {
    const law_span *span = &s->spans[i];
    FUZZ_REQUIRE(i == 0 || span->parent < i);
    FUZZ_REQUIRE((uint64_t)span->at + span->len <= s->len);
    (void)law_span_number(span, law_bytes_of(s->wire, s->len));
  }
}

static void check_untouched(const subject *a, const subject *b) {
  FUZZ_REQUIRE(a->num == b->num);
  FUZZ_REQUIRE(memcmp(a->spans, b->spans, a->num * sizeof a->spans[0]) == 0);
  FUZZ_REQUIRE(memcmp(a->wire, b->wire, a->len) == 0);
}

static void keep(const subject *s, subject *out) {
  memcpy(out->wire, s->wire, s->len);
  memcpy(out->spans, s->spans, s->num * sizeof s->spans[0]);
  out->len = s->len;
  out->num = s->num;
}

static void edit_once(uint64_t *random) {
  law_edit e = draw(random, now.num);
  keep(&now, &before);
  size_t len = law_edit_apply(&e, now.wire, now.len, now.cap, now.spans, &now.num);
  if (len == SIZE_MAX) {
    check_untouched(&now, &before);
  } else {
    now.len = len;
    check_inside(&now);
  }
}

void fuzz_check_edits(const fuzz_packet *p, uint64_t seed) {
  now.cap = p->wire.len + law_random_below(&seed, SPARE);
  now.wire = malloc(now.cap + 1);
  before.wire = malloc(now.cap + 1);
  FUZZ_REQUIRE(now.wire != NULL && before.wire != NULL);
  memcpy(now.wire, p->wire.data, p->wire.len);
  memcpy(now.spans, p->spans, p->num * sizeof p->spans[0]);
  now.len = p->wire.len;
  now.num = p->num;
  for (int i = 0; i < ROUNDS && now.num > 0; i++) {
    edit_once(&seed);
  }
  free(now.wire);
  free(before.wire);
}
