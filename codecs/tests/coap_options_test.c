/* core/options: heads, and lists that stay sorted whatever comes in which order. */
#include "core/options.h"
#include "support.h"

static void heads_come_back(void **state) {
  static const uint32_t values[] = {0, 1, 12, 13, 14, 268, 269, 270, 65535, LAW_MAX_NIBBLE};
  enum { NUM = sizeof values / sizeof *values };
  (void)state;
  for (size_t i = 0; i < NUM * NUM; i++) {
    uint8_t bytes[LAW_MAX_OPTION_HEAD];
    law_option_head head = {0, 0, 0};
    uint32_t size = law_option_head_write(bytes, values[i / NUM], values[i % NUM]);
    uint8_t *copy = exact_copy(law_bytes_of(bytes, size));
    assert_int_equal(law_option_head_read(law_bytes_of(copy, size), &head), LAW_OPTION_OK);
    assert_true(head.delta == values[i / NUM] && head.value_len == values[i % NUM]);
    assert_int_equal(head.size, size);
    for (uint32_t len = 1; len < size; len++) {
      law_option_fault fault = law_option_head_read(law_bytes_of(copy, len), &head);
      assert_int_equal(fault, LAW_OPTION_NO_EXTENSION);
      assert_int_equal(head.size, len);
    }
    free(copy);
  }
}

static uint32_t next_random(uint32_t *seed) { return *seed = *seed * 1664525 + 1013904223; }

/* Same numbers stay in the order in which they came: their values count up. */
static void check_sorted(const law_list *list, uint32_t num) {
  law_options it = law_options_of(*list);
  law_option option;
  uint32_t count = 0, number = 0;
  int last = -1;
  while (law_next_option(&it, &option)) {
    assert_true(option.number >= number);
    last = option.number == number ? last : -1;
    assert_true(option.value.len > 0 && option.value.data[0] > last);
    last = option.value.data[0];
    number = option.number;
    count++;
  }
  assert_int_equal(it.left.len, 0);
  assert_int_equal(count, num);
  assert_int_equal(list->count, num);
}

static void any_order_is_sorted(void **state) {
  static const uint32_t numbers[] = {0, 1, 11, 13, 60, 252, 268, 269, 292, 2053, 65535};
  static uint8_t room[20000], value[300];
  (void)state;
  for (uint32_t seed = 1; seed < 300; seed++) {
    uint32_t random = seed;
    law_writer w = law_writer_of(room, sizeof room);
    law_list list = {NULL, 0, 0};
    law_write_bytes(&w, BYTES("before"));
    for (uint32_t i = 0; i < 40; i++) {
      uint32_t number = numbers[(next_random(&random) >> 16) % 11];
      value[0] = (uint8_t)i;
      law_options_add(&w, &list, number, law_bytes_of(value, 1 + (next_random(&random) >> 16) % 290));
      check_sorted(&list, i + 1);
    }
    assert_memory_equal(room, "before", 6);
    assert_int_equal(w.len, 6 + list.len);
  }
}

static void no_room(void **state) {
  uint8_t room[4];
  law_writer w = law_writer_of(room, sizeof room);
  law_list list = {NULL, 0, 0};
  (void)state;
  law_options_add(&w, &list, 11, BYTES("ab"));
  law_list before = list;
  law_options_add(&w, &list, 1, BYTES("c"));
  assert_false(law_writer_ok(&w));
  assert_memory_equal(&before, &list, sizeof list);
  assert_memory_equal(room, "\xb2" "ab", 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(heads_come_back),
                                     cmocka_unit_test(any_order_is_sorted),
                                     cmocka_unit_test(no_room)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
