#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign/journal.h"

static char path[64];

static int make_path(void **state) {
  (void)state;
  (void)snprintf(path, sizeof path, "/tmp/wirelaw-journal-XXXXXX");
  int fd = mkstemp(path);
  return fd >= 0 ? close(fd) : -1;
}

static int remove_path(void **state) {
  (void)state;
  return unlink(path);
}

static law_journal_record record(uint32_t group, law_bytes data) {
  return (law_journal_record){group, group * 10, LAW_JOURNAL_DATA, 3, data};
}

static void test_what_is_written_is_read(void **state) {
  char error[LAW_JOURNAL_TEXT];
  law_journal j, again;
  law_journal_record r, one = record(7, law_bytes_of("hello", 5));
  law_journal_record end = {8, 80, LAW_JOURNAL_RESET, 0, {NULL, 0}};
  (void)state;
  assert_true(law_journal_create(&j, path, 4096, error));
  law_journal_write(&j, &one);
  law_journal_write(&j, &end);
  assert_true(law_journal_open(&again, path, error)); /* as another process does, at any time */
  uint64_t at = law_journal_tail(&again);
  assert_true(law_journal_next(&again, &at, &r));
  assert_int_equal(r.group, 7);
  assert_int_equal(r.connection, 70);
  assert_int_equal(r.received, 3);
  assert_int_equal(r.data.len, 5);
  assert_memory_equal(r.data.data, "hello", 5);
  assert_true(law_journal_next(&again, &at, &r));
  assert_int_equal(r.event, LAW_JOURNAL_RESET);
  assert_false(law_journal_next(&again, &at, &r));
  law_journal_close(&again);
  law_journal_close(&j);
}

/* A small ring, many records of all lengths: what is there is always the end of what was written. */
static void test_the_ring_keeps_the_end(void **state) {
  static uint8_t data[300];
  char error[LAW_JOURNAL_TEXT];
  law_journal j;
  (void)state;
  assert_true(law_journal_create(&j, path, 4096, error));
  for (uint32_t n = 1; n < 2000; n++) {
    memset(data, (int)n, sizeof data);
    law_journal_record one = record(n, law_bytes_of(data, n * 37 % sizeof data)), r;
    law_journal_write(&j, &one);
    uint64_t at = law_journal_tail(&j);
    uint32_t last = 0, num = 0;
    while (law_journal_next(&j, &at, &r)) {
      assert_true(last == 0 || r.group == last + 1);
      assert_int_equal(r.data.len, r.group * 37 % sizeof data);
      assert_true(r.data.len == 0 || r.data.data[r.data.len - 1] == (uint8_t)r.group);
      last = r.group;
      num++;
    }
    assert_int_equal(last, n);
    assert_true(num >= (n < 10 ? n : 10));
  }
  law_journal_close(&j);
}

static void test_long_data_is_cut(void **state) {
  static uint8_t data[9000];
  char error[LAW_JOURNAL_TEXT];
  law_journal j;
  law_journal_record r, one = record(1, law_bytes_of(data, sizeof data));
  (void)state;
  assert_true(law_journal_create(&j, path, 8192, error));
  law_journal_write(&j, &one);
  uint64_t at = law_journal_tail(&j);
  assert_true(law_journal_next(&j, &at, &r));
  assert_int_equal(r.data.len, 2048);
  law_journal_close(&j);
}

static void test_other_files_are_refused(void **state) {
  char error[LAW_JOURNAL_TEXT];
  law_journal j;
  FILE *f = fopen(path, "wb");
  (void)state;
  assert_non_null(f);
  for (int i = 0; i < 5000; i++) {
    (void)fputc('x', f);
  }
  (void)fclose(f);
  assert_false(law_journal_open(&j, path, error));
  assert_non_null(strstr(error, "is no journal"));
  assert_false(law_journal_create(&j, "/nowhere/at/all", 4096, error));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_what_is_written_is_read, make_path, remove_path),
      cmocka_unit_test_setup_teardown(test_the_ring_keeps_the_end, make_path, remove_path),
      cmocka_unit_test_setup_teardown(test_long_data_is_cut, make_path, remove_path),
      cmocka_unit_test_setup_teardown(test_other_files_are_refused, make_path, remove_path),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
