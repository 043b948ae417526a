#include "pcap/spots.h"

#include <stdlib.h>
#include <string.h>

static law_spot *all(law_spots *s) { return s->many ? s->many : s->few; }

void law_spots_free(law_spots *s) {
  free(s->many);
  *s = (law_spots){.num = 0};
}

void law_spots_begin(law_spots *s, const law_place *place) {
  s->num = 1;
  all(s)[0] = (law_spot){0, *place};
}

static bool grow(law_spots *s) {
  uint32_t cap = s->many ? s->cap * 2 : 16;
  law_spot *more = cap <= LAW_SPOTS_MAX ? malloc(cap * sizeof *more) : NULL;
  if (!more) {
    return false;
  }
  memcpy(more, all(s), s->num * sizeof *more);
  free(s->many);
  s->many = more;
  s->cap = cap;
  return true;
}

void law_spots_add(law_spots *s, size_t offset, const law_place *place) {
  uint32_t cap = s->many ? s->cap : LAW_SPOTS_INLINE;
  if (s->num < cap || grow(s)) {
    all(s)[s->num++] = (law_spot){(uint32_t)offset, *place};
  }
}

law_place law_spots_find(const law_spots *s, size_t offset) {
  const law_spot *spots = s->many ? s->many : s->few;
  uint32_t i = s->num;
  while (i > 1 && spots[i - 1].offset > offset) {
    i--;
  }
  if (i == 0) {
    return (law_place){.at = LAW_AT_NOWHERE};
  }
  return law_place_on(&spots[i - 1].place, offset - spots[i - 1].offset);
}

law_place law_place_on(const law_place *place, size_t by) {
  law_place on = *place;
  if (on.at != LAW_AT_NOWHERE) {
    on.at += (uint32_t)by;
  }
  return on;
}
