/* CoAP's decoder, encoder, span map and builder agree; the tables say what option numbers say. */
#include "coap/tables.h"
#include "core/build.h"
#include "json_check.h"
#include "support.h"

static void encode_gives_the_bytes(void **state) {
  static subject s;
  static uint8_t out[1 << 17];
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    examine(&s, "coap", LAW_CLIENT, law_vector_wire(&law_vectors[i]));
    if (s.status != LAW_OK) {
      continue;
    }
    size_t len = law_coap_encode(&s.coap, out, sizeof out);
    assert_int_equal(len, s.wire.len);
    assert_memory_equal(out, s.wire.data, len);
    size_t again = law_coap_encode(&s.walked_coap, out, sizeof out);
    assert_int_equal(again, s.wire.len);
    assert_memory_equal(out, s.wire.data, len);
  }
}

/* Children lie in their parents, in the order of the wire; the children of the message cover it. */
static void spans_cover_the_message(void **state) {
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    examine(&s, "coap", LAW_CLIENT, law_vector_wire(&law_vectors[i]));
    size_t end = 0;
    for (size_t k = 1; k < s.num; k++) {
      const law_span *span = &s.spans[k], *parent = &s.spans[span->parent];
      assert_true(span->parent < k);
      assert_true(span->at >= parent->at && span->at + span->len <= parent->at + parent->len);
      if (span->parent == 0 && span->field->kind != LAW_KIND_BITS) {
        assert_int_equal(span->at, end);
        end = span->at + span->len;
      }
    }
    assert_true(s.num == 0 || end == s.wire.len);
    assert_true(s.type == NULL || is_json(json_of(&s)));
  }
}

static void every_prefix_is_told_safely(void **state) {
  static subject s;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    law_bytes wire = law_vector_wire(&law_vectors[i]);
    for (size_t len = 0; len < wire.len && len < 64; len++) {
      uint8_t *copy = exact_copy(law_bytes_of(wire.data, len));
      examine(&s, "coap", LAW_SERVER, law_bytes_of(copy, len));
      assert_true(s.status == LAW_OK || s.violation.offset <= len);
      free(copy);
    }
  }
}

static void numbers_say_the_flags(void **state) {
  enum { C = 1, U = 2, N = 4, R = 8 };
  (void)state;
#define OPTION(number, NAME, name_, FORMAT, min_, max_, types, flags, ...)                        \
  {                                                                                               \
    const law_item *item = law_coap_option_of(number);                                            \
    assert_non_null(item);                                                                        \
    assert_string_equal(item->name, #name_);                                                      \
    assert_true(item->tag == (number) && item->min == (min_) && item->max == (max_));             \
    assert_int_equal(item->repeatable, ((flags)&R) != 0);                                         \
    assert_int_equal(law_coap_is_critical(number), ((flags)&C) != 0);                             \
    assert_int_equal(law_coap_is_unsafe(number), ((flags)&U) != 0);                               \
    assert_int_equal(law_coap_is_no_cache_key(number) && !law_coap_is_unsafe(number),             \
                     ((flags)&N) != 0);                                                           \
  }
#include "coap/options.def"
  assert_null(law_coap_option_of(2));
  assert_null(law_coap_option_of(293));
  assert_null(law_coap_option_of(UINT32_MAX));
}

static void every_code_has_a_type(void **state) {
  (void)state;
  for (unsigned code = 0; code < 256; code++) {
    const law_type *type = law_coap_type_for((uint8_t)code);
    assert_non_null(type);
    assert_int_equal(law_coap_class(type->code), law_coap_class((uint8_t)code));
    assert_true(type->code == code || strcmp(type->name + 1, ".xx") == 0);
  }
  for (size_t i = 0; i < law_coap.num_types; i++) {
    assert_ptr_equal(law_coap_type_for(law_coap.types[i]->code), law_coap.types[i]);
  }
}

/* Options in any order, and what no struct of ours forbids. */
static void builder(void **state) {
  law_builder b;
  law_coap_message m;
  uint8_t arena[256], out[256];
  const law_type *post = law_coap_type_for(LAW_COAP_POST);
  (void)state;
  law_builder_init(&b, post, &m, sizeof m, arena, sizeof arena);
  law_coap.prepare(NULL, post, &m);
  assert_true(law_build_item(&b, "options", "uri_query"));
  assert_true(law_build_bytes(&b, "value", BYTES("q")));
  assert_true(law_build_end_item(&b));
  assert_true(law_build_item(&b, "options", "unknown"));
  assert_true(law_build_number(&b, "number", 2053));
  assert_true(law_build_bytes(&b, "value", BYTES("z")));
  assert_true(law_build_end_item(&b));
  assert_true(law_build_item(&b, "options", "content_format"));
  assert_true(law_build_number(&b, "value", 11542));
  assert_true(law_build_end_item(&b));
  assert_false(law_build_item(&b, "options", "nothing"));
  assert_true(law_build_bytes(&b, "token", BYTES("tok")));
  assert_true(law_build_number(&b, "message_id", 0x1234));
  assert_true(law_build_number(&b, "message_type", LAW_COAP_NON));
  assert_true(law_build_bytes(&b, "payload", BYTES("hi")));
  size_t len = law_coap_encode(&m, out, sizeof out);
  law_bytes want = hex("53 02 1234 746f6b c2 2d16 31 71 e1 06e9 7a ff 6869");
  assert_int_equal(len, want.len);
  assert_memory_equal(out, want.data, len);
}

/* A token of 13 bytes takes one byte more. */
static void long_token(void **state) {
  law_builder b;
  law_coap_message m;
  uint8_t arena[64], out[64];
  const law_type *get = law_coap_type_for(LAW_COAP_GET);
  (void)state;
  law_builder_init(&b, get, &m, sizeof m, arena, sizeof arena);
  law_coap.prepare(NULL, get, &m);
  assert_true(law_build_bytes(&b, "token", BYTES("0123456789abc")));
  assert_int_equal(law_coap_encode(&m, out, sizeof out), 4 + 1 + 13);
  assert_memory_equal(out, "\x4d\x01\0\0\0" "0123456789abc", 18);
}

static void lines(void **state) {
  static subject s;
  char line[256];
  (void)state;
  examine(&s, "coap", LAW_SERVER, hex("614512342a c1 28 e1 06ec 01 ff 3c2f3e"));
  law_print(s.type, s.spans, s.num, s.wire, line, sizeof line);
  assert_string_equal(line, "2.05 version=1 message_type=2 (ACK) code=69 (Content) message_id=4660 "
                            "token=1 byte \"*\" options={content_format=40 "
                            "(application/link-format), unknown=2053: 1 byte 01} "
                            "payload=3 bytes \"</>\"");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encode_gives_the_bytes), cmocka_unit_test(spans_cover_the_message),
      cmocka_unit_test(every_prefix_is_told_safely), cmocka_unit_test(numbers_say_the_flags),
      cmocka_unit_test(every_code_has_a_type), cmocka_unit_test(builder),
      cmocka_unit_test(long_token), cmocka_unit_test(lines)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
