#include "pcap/cover.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 4096 };

void law_cover_free(law_cover *c) {
  free(c->change);
  free(c->known);
  *c = (law_cover){.change = NULL};
}

int64_t law_cover_place(law_cover *c, uint32_t seq) {
  if (!c->begun) {
    c->begun = true;
    c->last = (int64_t)1 << 32 | seq; /* so that what was before it is positive too */
    c->base = c->last;
  }
  c->last += (int32_t)(seq - (uint32_t)c->last);
  return c->last;
}

static bool reserve(law_cover *c, size_t len) {
  if (len <= c->cap) {
    return true;
  }
  size_t cap = c->cap > 0 ? c->cap : FIRST_CAP;
  while (cap < len) {
    cap *= 2;
  }
  uint8_t *change = realloc(c->change, cap);
  c->change = change ? change : c->change;
  bool *known = realloc(c->known, cap * sizeof *known);
  c->known = known ? known : c->known;
  if (!change || !known) {
    return false;
  }
  memset(c->change + c->cap, 0, cap - c->cap);
  memset(c->known + c->cap, 0, (cap - c->cap) * sizeof *known);
  c->cap = cap;
  return true;
}

/* Bytes before the first ones that were seen, when the capture has the order wrong. */
static bool move_base(law_cover *c, int64_t place) {
  size_t by = (size_t)(c->base - place);
  if (by > LAW_COVER_MAX || c->len + by > LAW_COVER_MAX || !reserve(c, c->len + by)) {
    return false;
  }
  memmove(c->change + by, c->change, c->len);
  memmove(c->known + by, c->known, c->len * sizeof *c->known);
  memset(c->change, 0, by);
  memset(c->known, 0, by * sizeof *c->known);
  c->len += by;
  c->base = place;
  return true;
}

bool law_cover_set(law_cover *c, int64_t place, const uint8_t *before, const uint8_t *after,
                   size_t len) {
  if (place < c->base && !move_base(c, place)) {
    return false;
  }
  uint64_t from = (uint64_t)(place - c->base);
  if (from + len > LAW_COVER_MAX || !reserve(c, (size_t)from + len)) {
    return false;
  }
  for (size_t i = 0; i < len; i++) {
    c->change[from + i] = before[i] ^ after[i];
    c->known[from + i] = true;
  }
  c->len = c->len > from + len ? c->len : (size_t)from + len;
  return true;
}

bool law_cover_at(const law_cover *c, int64_t place, uint8_t *out_change) {
  if (place < c->base || (uint64_t)(place - c->base) >= c->len) {
    return false;
  }
  *out_change = c->change[place - c->base];
  return c->known[place - c->base];
}
