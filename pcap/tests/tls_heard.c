#include "tls_heard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_data(void *user, unsigned from, law_bytes plain) {
  heard *h = user;
  assert_true(plain.len > 0 && h->len[from] + plain.len <= PAIR_BYTES);
  if (h->tls && h->len[from] == 0) {
    h->first_frame[from] = law_pcap_tls_marked(h->tls).frame;
  }
  memcpy(h->data[from] + h->len[from], plain.data, plain.len);
  h->len[from] += plain.len;
  h->num_messages[from]++;
}

static void on_gap(void *user, unsigned from) {
  heard *h = user;
  h->num_gaps[from]++;
  h->gap_at[from] = h->len[from];
}

static void on_end(void *user, unsigned from) {
  heard *h = user;
  assert_false(h->ended[from]);
  h->ended[from] = true;
}

heard *heard_new(void) {
  heard *h = calloc(1, sizeof *h);
  assert_non_null(h);
  for (int i = 0; i < 2; i++) {
    h->data[i] = malloc(PAIR_BYTES);
    assert_non_null(h->data[i]);
  }
  return h;
}

void heard_free(heard *h) {
  free(h->data[0]);
  free(h->data[1]);
  free(h);
}

law_tls_sink heard_sink(heard *h) { return (law_tls_sink){h, on_data, on_gap, on_end}; }

void heard_all(const heard *h, const pair *p) {
  for (unsigned from = 0; from < 2; from++) {
    assert_int_equal(h->num_gaps[from], 0);
    assert_int_equal(h->len[from], p->said_len[from]);
    assert_memory_equal(h->data[from], p->said[from], p->said_len[from]);
  }
}

void heard_end(const heard *h, const pair *p, unsigned from, size_t at, size_t len) {
  assert_int_equal(h->len[from], at + len);
  assert_true(len <= p->said_len[from]);
  assert_memory_equal(h->data[from] + at, p->said[from] + p->said_len[from] - len, len);
}

uint32_t below(uint32_t *seed, uint32_t limit) {
  *seed = *seed * 1664525 + 1013904223;
  return (uint32_t)((uint64_t)(*seed >> 8) * limit >> 24);
}
