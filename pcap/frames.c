#include "pcap/frames.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024, NUM_SLOTS = 4096 };

void law_frames_free(law_frames *f) {
  for (size_t i = 0; i < NUM_SLOTS; i++) {
    while (f->slots[i]) {
      law_known_flow *flow = f->slots[i];
      f->slots[i] = flow->next;
      law_cover_free(&flow->cover[0]);
      law_cover_free(&flow->cover[1]);
      free(flow->why);
      free(flow);
    }
  }
  free(f->all);
  f->all = NULL;
}

bool law_frames_add(law_frames *f, uint64_t frame, const law_layout *l) {
  while (frame >= f->cap) {
    size_t cap = f->cap > 0 ? 2 * f->cap : FIRST_CAP;
    law_known_frame *all = realloc(f->all, cap * sizeof *all);
    if (!all) {
      return false;
    }
    memset(all + f->cap, 0, (cap - f->cap) * sizeof *all);
    f->all = all;
    f->cap = cap;
  }
  f->all[frame] = (law_known_frame){.seq = l->seq + (l->syn ? 1 : 0), .payload_at = l->payload_at};
  f->num = frame + 1 > f->num ? (size_t)frame + 1 : f->num;
  return true;
}

/* Both directions have the same. */
static size_t slot_of(const law_endpoint *one, const law_endpoint *other) {
  uint32_t sum = (uint32_t)one->port * other->port + one->port + other->port;
  for (unsigned i = 0; i < one->address_len && i < sizeof one->address; i++) {
    sum += (uint32_t)(one->address[i] + other->address[i]) * (i + 1) * 2654435761u;
  }
  return (sum ^ sum >> 15) % NUM_SLOTS;
}

law_known_flow *law_frames_open(law_frames *f, const law_flow *flow) {
  law_known_flow *known = calloc(1, sizeof *known);
  if (known) {
    size_t slot = slot_of(&flow->end[0], &flow->end[1]);
    memcpy(known->end, flow->end, sizeof known->end);
    known->next = f->slots[slot];
    f->slots[slot] = known;
  }
  return known;
}

static law_endpoint endpoint_of(const uint8_t *address, uint8_t len, uint32_t port) {
  law_endpoint end = {.address_len = len, .port = (uint16_t)port};
  memcpy(end.address, address, len);
  return end;
}

static bool same(const law_endpoint *one, const law_endpoint *other) {
  return one->port == other->port && one->address_len == other->address_len &&
         memcmp(one->address, other->address, one->address_len) == 0;
}

void law_frames_assign(law_frames *f, uint64_t frame, const law_layout *l) {
  if (l->payload_at == 0) {
    return;
  }
  const law_slice *tcp = &l->ip.payload; /* ports stand where UDP has them */
  law_endpoint source = endpoint_of(l->ip.source, l->ip.address_len, law_slice_u16(tcp, 0));
  law_endpoint target = endpoint_of(l->ip.target, l->ip.address_len, law_slice_u16(tcp, 2));
  for (law_known_flow *k = f->slots[slot_of(&source, &target)]; k; k = k->next) {
    for (unsigned from = 0; from < 2; from++) {
      if (same(&k->end[from], &source) && same(&k->end[1 - from], &target)) {
        f->all[frame].flow = k;
        f->all[frame].from = (uint8_t)from;
        return;
      }
    }
  }
}

void law_frames_append(law_frames *f, law_known_flow *flow, unsigned from, uint64_t frame,
                       size_t len) {
  if (frame < f->num) {
    f->all[frame].seq = flow->datagrams[from];
    flow->datagrams[from] += (uint32_t)len;
  }
}

bool law_frames_place(const law_frames *f, law_known_flow *flow, unsigned from, uint64_t frame,
                      uint32_t at, int64_t *out_place) {
  if (frame >= f->num || f->all[frame].payload_at == 0 || at < f->all[frame].payload_at) {
    return false;
  }
  const law_known_frame *k = &f->all[frame];
  *out_place = law_cover_place(&flow->cover[from], k->seq) + (at - k->payload_at);
  return true;
}
