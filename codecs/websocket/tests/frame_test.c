#include "websocket/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static law_status decode(const void *wire, size_t len, law_ws_header *out, size_t *out_len) {
  law_ws_fault fault;
  return law_ws_decode(law_bytes_of(wire, len), out, out_len, &fault);
}

static void expect_fault(const void *wire, size_t len, law_ws_fault expected) {
  law_ws_header h;
  size_t out_len;
  law_ws_fault fault = LAW_WS_FINE;
  assert_int_equal(law_ws_decode(law_bytes_of(wire, len), &h, &out_len, &fault),
                   LAW_PROTOCOL_ERROR);
  assert_int_equal(fault, expected);
  assert_true(strlen(law_ws_fault_text(fault)) > 0);
}

/* RFC 6455 section 5.7. */
static void examples(void **state) {
  (void)state;
  static const uint8_t masked[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                   0x7f, 0x9f, 0x4d, 0x51, 0x58};
  law_ws_header h;
  size_t len;
  uint8_t payload[5];
  assert_int_equal(decode("\x81\x05Hello", 7, &h, &len), LAW_OK);
  assert_true(h.fin && !h.masked && h.opcode == LAW_WS_TEXT && h.payload_len == 5 && len == 2);
  assert_int_equal(decode(masked, sizeof masked, &h, &len), LAW_OK);
  assert_true(h.masked && len == 6);
  memcpy(payload, masked + len, 5);
  law_ws_mask(payload, 5, h.mask, 0);
  assert_memory_equal(payload, "Hello", 5);
  assert_int_equal(decode("\x01\x03Hel", 5, &h, &len), LAW_OK);
  assert_false(h.fin);
  assert_int_equal(decode("\x89\x05Hello", 7, &h, &len), LAW_OK);
  assert_true(law_ws_is_control(h.opcode));
  assert_int_equal(decode("\x82\x7e\x01\x00", 4, &h, &len), LAW_OK);
  assert_true(h.payload_len == 256 && len == 4);
  assert_int_equal(decode("\x82\x7f\0\0\0\0\0\1\0\0", 10, &h, &len), LAW_OK);
  assert_true(h.payload_len == 65536 && len == 10);
}

static void round_trips(void **state) {
  (void)state;
  static const uint64_t lens[] = {0, 1, 125, 126, 127, 65535, 65536, UINT64_C(1) << 62};
  for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
    for (int masked = 0; masked < 2; masked++) {
      law_ws_header h = {.fin = i % 2 == 0,
                         .masked = masked != 0,
                         .opcode = LAW_WS_BINARY,
                         .mask = {1, 2, 3, (uint8_t)masked},
                         .payload_len = lens[i]};
      law_ws_header back;
      uint8_t wire[LAW_WS_HEADER_MAX];
      size_t len = law_ws_encode(&h, wire), back_len;
      assert_int_equal(decode(wire, len, &back, &back_len), LAW_OK);
      assert_int_equal(back_len, len);
      assert_true(back.fin == h.fin && back.masked == h.masked && back.opcode == h.opcode);
      assert_true(back.payload_len == h.payload_len);
      if (masked) {
        assert_memory_equal(back.mask, h.mask, 4);
      }
      for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(decode(wire, cut, &back, &back_len), LAW_NEED_MORE);
        assert_true(back_len > cut && back_len <= len);
      }
    }
  }
}

static void faults(void **state) {
  (void)state;
  expect_fault("\xc2\x00", 2, LAW_WS_RESERVED_BITS);
  expect_fault("\x92\x00", 2, LAW_WS_RESERVED_BITS);
  expect_fault("\x83\x00", 2, LAW_WS_RESERVED_OPCODE);
  expect_fault("\x87\x00", 2, LAW_WS_RESERVED_OPCODE);
  expect_fault("\x8b\x00", 2, LAW_WS_RESERVED_OPCODE);
  expect_fault("\x8f\x00", 2, LAW_WS_RESERVED_OPCODE);
  expect_fault("\x09\x00", 2, LAW_WS_FRAGMENTED_CONTROL);
  expect_fault("\x88\x7e\x00\x80", 4, LAW_WS_LONG_CONTROL);
  expect_fault("\x82\x7e\x00\x7d", 4, LAW_WS_LENGTH_NOT_MINIMAL);
  expect_fault("\x82\x7f\0\0\0\0\0\0\xff\xff", 10, LAW_WS_LENGTH_NOT_MINIMAL);
  expect_fault("\x82\x7f\x80\0\0\0\0\0\0\0", 10, LAW_WS_LENGTH_TOO_LARGE);
}

/* In any two parts, masking is the same. */
static void masking_in_parts(void **state) {
  (void)state;
  static const uint8_t mask[] = {0x11, 0x22, 0x44, 0x88};
  uint8_t plain[40], whole[40], parts[40];
  for (size_t i = 0; i < sizeof plain; i++) {
    plain[i] = whole[i] = (uint8_t)i;
  }
  law_ws_mask(whole, sizeof whole, mask, 0);
  for (size_t i = 0; i < sizeof plain; i++) {
    assert_int_equal(whole[i], plain[i] ^ mask[i % 4]);
  }
  for (size_t cut = 0; cut <= sizeof plain; cut++) {
    memcpy(parts, plain, sizeof plain);
    law_ws_mask(parts, cut, mask, 0);
    law_ws_mask(parts + cut, sizeof plain - cut, mask, cut);
    assert_memory_equal(parts, whole, sizeof whole);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(examples),
      cmocka_unit_test(round_trips),
      cmocka_unit_test(faults),
      cmocka_unit_test(masking_in_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
