/* Sequences: what is written is read; to a capture and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "seq/convert.h"

static const law_seq_record records[] = {
    {LAW_CLIENT, LAW_SEQ_DATA, 0, 0, {(const uint8_t *)"hello", 5}},
    {LAW_SERVER, LAW_SEQ_DATA, 0, 1500, {(const uint8_t *)"\0\1", 2}},
    {LAW_CLIENT, LAW_SEQ_DATA, 3, 60000000, {(const uint8_t *)"x", 1}},
    {LAW_SERVER, LAW_SEQ_GAP, 3, 10, {NULL, 0}},
    {LAW_SERVER, LAW_SEQ_DATA, 3, 0, {(const uint8_t *)"after", 5}},
    {LAW_CLIENT, LAW_SEQ_DATA, 3, 0, {(const uint8_t *)"y", 1}}, /* it had the gap, and more */
    {LAW_CLIENT, LAW_SEQ_END, 0, 0, {NULL, 0}},
    {LAW_SERVER, LAW_SEQ_RESET, 3, 7, {NULL, 0}},
};
enum { NUM = sizeof records / sizeof records[0] };

static law_bytes all(uint8_t *room, size_t cap) {
  law_writer w = law_writer_of(room, cap);
  for (size_t i = 0; i < NUM; i++) {
    law_seq_write(&w, &records[i]);
  }
  assert_true(law_writer_ok(&w));
  return law_bytes_of(room, w.len);
}

static void assert_record(const law_seq_record *have, const law_seq_record *want) {
  assert_int_equal(have->from, want->from);
  assert_int_equal(have->event, want->event);
  assert_int_equal(have->delay, want->delay);
  assert_int_equal(have->data.len, want->data.len);
  if (want->data.len > 0) {
    assert_memory_equal(have->data.data, want->data.data, want->data.len);
  }
}

static void read_again(void **state) {
  uint8_t room[256];
  law_bytes rest = all(room, sizeof room);
  law_seq_record r;
  (void)state;
  for (size_t i = 0; i < NUM; i++) {
    assert_true(law_seq_next(&rest, &r));
    assert_record(&r, &records[i]);
    assert_int_equal(r.connection, records[i].connection);
  }
  assert_false(law_seq_next(&rest, &r));
}

static void cut_short(void **state) {
  static const uint8_t wire[] = {0x1f, 0, 0, 0, 9, 0, 5, 'a', 'b'};
  law_seq_record r;
  law_bytes rest = law_bytes_of(wire, sizeof wire);
  (void)state;
  assert_true(law_seq_next(&rest, &r));
  assert_int_equal(r.connection, 3);
  assert_int_equal(r.event, LAW_SEQ_GAP);
  assert_int_equal(r.data.len, 2);
  rest = law_bytes_of(wire, LAW_SEQ_HEADER - 1);
  assert_false(law_seq_next(&rest, &r));
}

static void long_data(void **state) {
  static uint8_t data[LAW_SEQ_MAX_DATA + 10], room[2 * LAW_SEQ_MAX_DATA];
  law_seq_record r = {.delay = 5, .data = law_bytes_of(data, sizeof data)};
  law_writer w = law_writer_of(room, sizeof room);
  (void)state;
  law_seq_write(&w, &r);
  law_bytes rest = law_bytes_of(room, w.len);
  assert_true(law_seq_next(&rest, &r));
  assert_int_equal(r.data.len, LAW_SEQ_MAX_DATA);
  assert_true(law_seq_next(&rest, &r));
  assert_int_equal(r.data.len, 10);
  assert_int_equal(r.delay, 0);
}

/* Connections get the first free number, so connection 3 comes back as 1. */
static void through_a_capture(void **state) {
  char path[] = "/tmp/wirelaw-seq-XXXXXX", error[LAW_SEQ_TEXT] = "";
  uint8_t room[256], back[512];
  law_writer w = law_writer_of(back, sizeof back);
  law_seq_record r;
  int fd = mkstemp(path);
  (void)state;
  assert_true(fd >= 0 && close(fd) == 0);
  if (!law_seq_to_capture(all(room, sizeof room), path, error) ||
      !law_seq_from_capture(path, NULL, &w, error)) {
    fail_msg("%s", error);
  }
  (void)unlink(path);
  law_bytes rest = law_bytes_of(back, w.len);
  for (size_t i = 0; i < NUM; i++) {
    assert_true(law_seq_next(&rest, &r));
    assert_record(&r, &records[i]);
    assert_int_equal(r.connection, records[i].connection == 3 ? 1 : 0);
  }
}

static void what_cannot_be_read(void **state) {
  char error[LAW_SEQ_TEXT] = "";
  uint8_t back[64];
  law_writer w = law_writer_of(back, sizeof back);
  (void)state;
  assert_false(law_seq_from_capture("/nowhere/there", NULL, &w, error));
  assert_true(strlen(error) > 0);
  error[0] = '\0';
  assert_false(law_seq_to_capture(law_bytes_of(back, 0), "/nowhere/there", error));
  assert_true(strlen(error) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(read_again),          cmocka_unit_test(cut_short),
      cmocka_unit_test(long_data),           cmocka_unit_test(through_a_capture),
      cmocka_unit_test(what_cannot_be_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
