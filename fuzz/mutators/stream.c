#include <string.h>

#include "mutators/mutate_internal.h"
#include "seq/seq.h"

void law_mutator_init(law_mutator *m, const law_protocol *protocol, const char *variant) {
  memset(m, 0, sizeof *m);
  m->protocol = protocol;
  m->variant = variant;
}

static const char *any_variant(law_mutator *m) {
  uint32_t num = 0;
  while (m->protocol->variants[num] != NULL) {
    num++;
  }
  return m->protocol->variants[law_draw(m, num)];
}

void law_mutator_begin(law_mutator *m, uint64_t seed) {
  m->random = seed;
  m->protocol->begin(m->variant != NULL ? m->variant : any_variant(m), m->context);
}

size_t law_first_unit(law_mutator *m, law_bytes rest, bool sequence) {
  law_seq_record record;
  law_violation v;
  size_t len = 0, before = rest.len;
  if (sequence) {
    return law_seq_next(&rest, &record) ? before - rest.len : before;
  }
  law_status status = m->protocol->frame(m->context, rest, &len, &v);
  return status == LAW_OK && len > 0 && len <= before ? len : before;
}

size_t law_replace(uint8_t *wire, size_t len, size_t cap, size_t at, size_t old_len,
                   law_bytes with) {
  size_t tail = len - at - old_len;
  size_t new_len = with.len < cap - at ? with.len : cap - at;
  tail = tail < cap - at - new_len ? tail : cap - at - new_len;
  memmove(wire + at + new_len, wire + at + old_len, tail);
  if (new_len > 0) {
    memcpy(wire + at, with.data, new_len);
  }
  return at + new_len + tail;
}

/* Where one of the units begins, the first and the last more often than others. */
static size_t any_unit(law_mutator *m, law_bytes all, bool sequence, size_t *out_len) {
  size_t at = 0, len = law_first_unit(m, all, sequence);
  uint32_t skip = law_draw(m, 8);
  while (skip > 0 && at + len < all.len) {
    at += len;
    len = law_first_unit(m, law_bytes_of(all.data + at, all.len - at), sequence);
    skip -= skip < 7;
  }
  *out_len = len;
  return at;
}

/* The unit in m->room. One that is too long is cut. */
static void take(law_mutator *m, const uint8_t *unit, size_t len) {
  m->len = len < sizeof m->room / 2 ? len : sizeof m->room / 2;
  memcpy(m->room, unit, m->len);
}

/* One more, one less, or one elsewhere. */
static size_t rearrange(law_mutator *m, uint8_t *wire, size_t len, size_t cap, bool sequence) {
  size_t unit_len, other_len;
  size_t at = any_unit(m, law_bytes_of(wire, len), sequence, &unit_len);
  size_t to = any_unit(m, law_bytes_of(wire, len), sequence, &other_len);
  take(m, wire + at, unit_len);
  switch (law_draw(m, 3)) {
    case 0:
      if (unit_len < len) {
        return law_replace(wire, len, cap, at, unit_len, law_bytes_of(NULL, 0));
      }
      break;
    case 1:
      if (at < to) { /* the later place stays true while it is written first */
        len = law_replace(wire, len, cap, to, 0, law_bytes_of(m->room, m->len));
        return law_replace(wire, len, cap, at, unit_len, law_bytes_of(NULL, 0));
      }
      break;
    default:
      break;
  }
  return law_replace(wire, len, cap, to, 0, law_bytes_of(m->room, m->len));
}

static size_t finish(uint8_t *wire, size_t len) {
  if (len == 0) {
    wire[0] = 0;
    return 1;
  }
  return len;
}

static size_t mutate_stream(law_mutator *m, uint8_t *wire, size_t len, size_t cap) {
  size_t unit_len, at;
  at = any_unit(m, law_bytes_of(wire, len), false, &unit_len);
  if (law_once_in(m, 24)) {
    return rearrange(m, wire, len, cap, false);
  }
  take(m, wire + at, unit_len);
  if (law_once_in(m, 32)) { /* one more, of any type */
    unit_len = 0;
    law_generate_message(m);
  } else {
    law_mutate_message(m);
  }
  return law_replace(wire, len, cap, at, unit_len, law_bytes_of(m->room, m->len));
}

size_t law_mutate(law_mutator *m, uint8_t *wire, size_t len, size_t cap, uint64_t seed) {
  law_mutator_begin(m, seed);
  return finish(wire, mutate_stream(m, wire, len, cap));
}

size_t law_mutate_cross(law_mutator *m, uint8_t *out, size_t cap, law_bytes a, law_bytes b,
                        bool sequence, uint64_t seed) {
  size_t unit_len;
  law_mutator_begin(m, seed);
  size_t head = any_unit(m, a, sequence, &unit_len);
  head += law_once_in(m, 2) ? unit_len : 0;
  size_t from = any_unit(m, b, sequence, &unit_len);
  head = head < cap ? head : cap;
  size_t tail = b.len - from < cap - head ? b.len - from : cap - head;
  if (head > 0) {
    memcpy(out, a.data, head);
  }
  if (tail > 0) {
    memcpy(out + head, b.data + from, tail);
  }
  return head + tail;
}

/* ---- conversations ---- */

static void odd_header(law_mutator *m, law_seq_record *r) {
  static const uint32_t delays[] = {0, 1, 1000, 1000000, 10000000, 60000000, 100000000, UINT32_MAX};
  switch (law_draw(m, 4)) {
    case 0:
      r->delay = delays[law_draw(m, sizeof delays / sizeof delays[0])];
      break;
    case 1:
      r->from = r->from == LAW_CLIENT ? LAW_SERVER : LAW_CLIENT;
      break;
    case 2:
      r->connection = (uint8_t)law_draw(m, LAW_SEQ_CONNECTIONS);
      break;
    default:
      r->event = (law_seq_event)law_draw(m, LAW_SEQ_GAP + 1);
      break;
  }
}

/* Writes |r| in one record or, sometimes, in two. */
static law_bytes written(law_mutator *m, law_seq_record r, uint8_t *out, size_t cap) {
  law_writer w = law_writer_of(out, cap);
  law_bytes data = r.data;
  bool two = data.len > 1 && law_once_in(m, 12);
  size_t half = two ? 1 + law_draw(m, (uint32_t)data.len - 1) : data.len;
  r.data = law_bytes_of(data.data, half);
  law_seq_write(&w, &r);
  if (half < data.len) {
    r.data = law_bytes_of(data.data + half, data.len - half);
    law_seq_write(&w, &r);
  }
  return law_bytes_of(out, law_writer_ok(&w) ? w.len : 0);
}

size_t law_mutate_sequence(law_mutator *m, uint8_t *wire, size_t len, size_t cap, uint64_t seed) {
  uint8_t out[LAW_MUTATE_ROOM + 2 * LAW_SEQ_HEADER], data[LAW_MUTATE_ROOM];
  law_seq_record record = {LAW_CLIENT, LAW_SEQ_DATA, 0, 0, {NULL, 0}};
  size_t unit_len, at, data_len;
  law_mutator_begin(m, seed);
  at = any_unit(m, law_bytes_of(wire, len), true, &unit_len);
  if (len > 0 && law_once_in(m, 4)) {
    return finish(wire, rearrange(m, wire, len, cap, true));
  }
  law_bytes unit = law_bytes_of(wire + at, unit_len);
  (void)law_seq_next(&unit, &record);
  data_len = law_replace(data, 0, sizeof data, 0, 0, record.data);
  if (len > 0 && law_once_in(m, 3)) {
    odd_header(m, &record);
  } else if (law_once_in(m, 6)) { /* one more, before it */
    unit_len = 0;
    data_len = mutate_stream(m, data, 0, sizeof data);
  } else {
    data_len = mutate_stream(m, data, data_len, sizeof data);
  }
  record.data = law_bytes_of(data, data_len);
  law_bytes with = written(m, record, out, sizeof out);
  return finish(wire, law_replace(wire, len, cap, at, unit_len, with));
}
