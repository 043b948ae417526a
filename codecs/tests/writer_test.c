#include "core/writer.h"

#include "support.h"

static void writes_big_endian(void **state) {
  (void)state;
  uint8_t out[16];
  law_writer w = law_writer_of(out, sizeof out);
  law_write_u8(&w, 1);
  law_write_u16(&w, 0x0203);
  law_write_u32(&w, 0x04050607);
  law_write_bytes16(&w, BYTES("hi"));
  law_write_bytes(&w, BYTES("z"));
  assert_true(law_writer_ok(&w));
  assert_string_equal(to_hex(law_bytes_of(out, w.len)),
                      "010203040506070002"
                      "68697a");
}

static void counts_past_its_end(void **state) {
  (void)state;
  uint8_t out[4] = {9, 9, 9, 9};
  law_writer w = law_writer_of(out, 3);
  law_write_u16(&w, 0x0102);
  law_write_bytes(&w, BYTES("abc"));
  law_write_u8(&w, 7);
  assert_int_equal(w.len, 6);
  assert_false(law_writer_ok(&w));
  assert_int_equal(out[3], 9);
  w = law_writer_of(NULL, 0);
  law_write_bytes16(&w, BYTES("abc"));
  assert_int_equal(w.len, 5);
}

static void length_wraps_at_64k(void **state) {
  (void)state;
  static uint8_t big[65537], out[65539];
  law_writer w = law_writer_of(out, sizeof out);
  law_write_bytes16(&w, law_bytes_of(big, sizeof big));
  assert_int_equal(w.len, 65539);
  assert_memory_equal(out, "\x00\x01", 2);
}

/* 5.0 table 1-1, 3.1.1 table 2.4, and one beyond them. */
static void variable_byte_integers(void **state) {
  (void)state;
  static const struct {
    uint32_t value;
    const char *bytes;
  } rows[] = {{0, "00"},
              {127, "7f"},
              {128, "8001"},
              {321, "c102"},
              {16383, "ff7f"},
              {16384, "808001"},
              {2097151, "ffff7f"},
              {2097152, "80808001"},
              {268435455, "ffffff7f"},
              {268435456, "8080808001"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint8_t out[8];
    law_writer w = law_writer_of(out, sizeof out);
    law_write_varint(&w, rows[i].value);
    assert_string_equal(to_hex(law_bytes_of(out, w.len)), rows[i].bytes);
    assert_int_equal(law_varint_size(rows[i].value), w.len);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(writes_big_endian), cmocka_unit_test(counts_past_its_end),
      cmocka_unit_test(length_wraps_at_64k), cmocka_unit_test(variable_byte_integers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
