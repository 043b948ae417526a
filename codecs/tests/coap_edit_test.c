/* Edits of CoAP messages: numbers and lengths of options are repaired, or left alone. */
#include "core/edit.h"
#include "support.h"

#define PATH_MESSAGE "4201 0001 6162 3168 8161 026263 61 32"
/* token ab; uri_host h, uri_path a, uri_path bc, accept 50 */

static uint8_t wire[4096];
static subject s;

static law_bytes edited(const char *path, law_edit edit) {
  law_bytes message = hex(PATH_MESSAGE);
  memcpy(wire, message.data, message.len);
  examine(&s, "coap", LAW_CLIENT, law_bytes_of(wire, message.len));
  edit.span = law_span_find(s.spans, s.num, path);
  assert_true(edit.span < s.num);
  size_t len = law_edit_apply(&edit, wire, message.len, sizeof wire, s.spans, &s.num);
  assert_true(len != SIZE_MAX);
  /* The map stays true. */
  for (size_t i = 0; i < s.num; i++) {
    assert_true(s.spans[i].at + s.spans[i].len <= len);
  }
  assert_int_equal(s.spans[0].len, len);
  return law_bytes_of(wire, len);
}

static void expect(const char *path, law_edit edit, const char *digits) {
  law_bytes have = edited(path, edit);
  law_bytes want = hex(digits);
  if (have.len != want.len || memcmp(have.data, want.data, want.len) != 0) {
    fail_msg("%s: %s", path, to_hex(have));
  }
}

static void numbers_stay(void **state) {
  (void)state;
  expect("options.uri_host", (law_edit){.op = LAW_EDIT_DROP}, "4201 0001 6162 b161 026263 61 32");
  expect("options.uri_path[1]", (law_edit){.op = LAW_EDIT_DROP}, "4201 0001 6162 3168 8161 61 32");
  expect("options.accept", (law_edit){.op = LAW_EDIT_DROP}, "4201 0001 6162 3168 8161 026263");
  expect("options.uri_host", (law_edit){.op = LAW_EDIT_DUPLICATE},
         "4201 0001 6162 3168 0168 8161 026263 61 32");
  expect("options.uri_path", (law_edit){.op = LAW_EDIT_DUPLICATE},
         "4201 0001 6162 3168 8161 0161 026263 61 32");
  expect("options.uri_host", (law_edit){.op = LAW_EDIT_DROP, .keep_lengths = true},
         "4201 0001 6162 8161 026263 61 32");
}

static void lengths_follow(void **state) {
  (void)state;
  expect("options.uri_host", (law_edit){.op = LAW_EDIT_SET, .with = BYTES("0123456789abc")},
         "4201 0001 6162 3d00 30313233343536373839616263 8161 026263 61 32");
  expect("options.uri_path", (law_edit){.op = LAW_EDIT_SET},
         "4201 0001 6162 3168 80 026263 61 32");
  expect("options.uri_path", (law_edit){.op = LAW_EDIT_SET, .with = BYTES("xy"), .keep_lengths = true},
         "4201 0001 6162 3168 81 7879 026263 61 32");
  expect("options.accept", (law_edit){.op = LAW_EDIT_SET, .number = 11542},
         "4201 0001 6162 3168 8161 026263 62 2d16");
  expect("options.accept", (law_edit){.op = LAW_EDIT_SET, .number = 0},
         "4201 0001 6162 3168 8161 026263 60");
  expect("options.accept", (law_edit){.op = LAW_EDIT_FORCE, .number = 1},
         "4201 0001 6162 3168 8161 026263 61 01");
  expect("token", (law_edit){.op = LAW_EDIT_RAW, .with = BYTES("abc")},
         "4301 0001 616263 3168 8161 026263 61 32");
  expect("token", (law_edit){.op = LAW_EDIT_DROP}, "4001 0001 3168 8161 026263 61 32");
  expect("token", (law_edit){.op = LAW_EDIT_DROP, .keep_lengths = true},
         "4201 0001 3168 8161 026263 61 32");
}

static void wrong_shapes(void **state) {
  (void)state;
  expect("token_length", (law_edit){.op = LAW_EDIT_FORCE, .number = 9},
         "4901 0001 6162 3168 8161 026263 61 32");
  expect("options.uri_path.length", (law_edit){.op = LAW_EDIT_FORCE, .number = 15},
         "4201 0001 6162 3168 8f61 026263 61 32");
  expect("options.uri_path.delta", (law_edit){.op = LAW_EDIT_FORCE, .number = 15},
         "4201 0001 6162 3168 f161 026263 61 32");
  expect("options.uri_path.head", (law_edit){.op = LAW_EDIT_RAW, .with = BYTES("\xd1")},
         "4201 0001 6162 3168 d161 026263 61 32");
  expect("options.accept", (law_edit){.op = LAW_EDIT_TRUNCATE, .number = 1},
         "4201 0001 6162 3168 8161 026263 61");
}

/* Any edit of any span of any vector: a true map, or no change. */
static void nothing_breaks(void **state) {
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    law_bytes vector = law_vector_wire(&law_vectors[i]);
    examine(&s, "coap", LAW_CLIENT, vector);
    size_t num = s.num < 40 ? s.num : 40;
    for (size_t k = 0; vector.len < 1024 && k < num * (LAW_EDIT_TRUNCATE + 1) * 2; k++) {
      law_edit edit = {.op = (law_edit_op)(k / 2 % (LAW_EDIT_TRUNCATE + 1)),
                       .span = k / 2 / (LAW_EDIT_TRUNCATE + 1),
                       .other = 1,
                       .number = 1,
                       .with = BYTES("\xdd\x01"),
                       .keep_lengths = k % 2 != 0};
      memcpy(wire, vector.data, vector.len);
      examine(&s, "coap", LAW_CLIENT, law_bytes_of(wire, vector.len));
      size_t len = law_edit_apply(&edit, wire, vector.len, sizeof wire, s.spans, &s.num);
      for (size_t m = 0; len != SIZE_MAX && m < s.num; m++) {
        assert_true(s.spans[m].at + s.spans[m].len <= len);
      }
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_stay), cmocka_unit_test(lengths_follow),
      cmocka_unit_test(wrong_shapes), cmocka_unit_test(nothing_breaks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
