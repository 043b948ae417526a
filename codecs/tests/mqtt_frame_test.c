/* Streams in any cut: the framer finds each packet, and never asks for more than there is. */
#include "support.h"

static law_mqtt_context context;

static law_status frame(const uint8_t *at, size_t len, size_t *out_len) {
  law_violation violation;
  uint8_t *copy = exact_copy(law_bytes_of(at, len));
  law_status status = law_mqtt_codec.frame(&context, law_bytes_of(copy, len), out_len, &violation);
  free(copy);
  return status;
}

/* The packet at |at| shows itself when its last byte is there, and asks for no more than it needs.
 * */
static void check_packet(const uint8_t *at, size_t len, size_t left) {
  size_t asked = 0, last = 0;
  for (size_t have = 0; have < len; have++) {
    assert_int_equal(frame(at, have, &asked), LAW_NEED_MORE);
    assert_true(asked > have && asked <= len && asked >= last);
    last = asked;
  }
  for (size_t more = len; more <= left && more < len + 3; more++) {
    assert_int_equal(frame(at, more, &asked), LAW_OK);
    assert_int_equal(asked, len);
  }
}

static void check_stream(const law_vector *v) {
  static subject s;
  law_bytes wire = law_vector_wire(v);
  size_t at = 0, asked = 0;
  law_mqtt_codec.begin(v->variant, &context);
  for (size_t i = 0; i < v->num_packets; i++) {
    check_packet(wire.data + at, v->lengths[i], wire.len - at);
    for (unsigned side = 0; side < 2; side++) {
      if ((v->sides >> side & 1) != 0) {
        examine(&s, v->variant, (law_side)side, law_bytes_of(wire.data + at, v->lengths[i]));
        assert_int_equal(s.status, LAW_OK);
      }
    }
    at += v->lengths[i];
  }
  if (at == wire.len) {
    assert_int_equal(v->status, LAW_OK);
  } else {
    assert_int_equal(frame(wire.data + at, wire.len - at, &asked), v->status);
  }
}

static void streams(void **state) {
  size_t num = 0;
  (void)state;
  for (size_t i = 0; i < law_num_vectors; i++) {
    if (law_vectors[i].num_packets > 0) {
      check_stream(&law_vectors[i]);
      num++;
    }
  }
  assert_true(num > 10);
}

/* All lengths at the edges of one to four bytes. */
static void lengths(void **state) {
  static const struct {
    const char *head;
    size_t len;
  } rows[] = {{"3000", 2},
              {"307f", 129},
              {"308001", 131},
              {"30ff7f", 16386},
              {"30808001", 16388},
              {"30ffff7f", 2097155},
              {"3080808001", 2097157},
              {"30ffffff7f", 268435460},
              {"30808000", 4},
              {"3080808000", 5}};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    law_bytes head = hex(rows[i].head);
    size_t len = 0;
    law_status status = frame(head.data, head.len, &len);
    assert_int_equal(status, rows[i].len == head.len ? LAW_OK : LAW_NEED_MORE);
    assert_int_equal(len, rows[i].len);
  }
}

/* Any bytes: an answer without a look beyond them. */
static void any_bytes(void **state) {
  (void)state;
  for (uint32_t n = 0; n < 0x40000; n++) {
    uint32_t mixed = n * 2654435761u;
    uint8_t bytes[6] = {(uint8_t)n,
                        (uint8_t)(n >> 8),
                        (uint8_t)(mixed >> 8),
                        (uint8_t)(mixed >> 16),
                        (uint8_t)(mixed >> 24),
                        0x80};
    size_t len = 0;
    law_violation violation = {0};
    law_status status = law_mqtt_frame(law_bytes_of(bytes, 6), &len, &violation);
    if (status == LAW_OK) {
      assert_true(len >= 2 && len <= 6);
    } else if (status == LAW_NEED_MORE) {
      assert_true(len > 6);
    } else {
      assert_int_equal(violation.requirement, LAW_R_MQTT5_1_5_5_FOUR_BYTES);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(streams), cmocka_unit_test(lengths),
                                     cmocka_unit_test(any_bytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
