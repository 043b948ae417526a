/* Vectors, damaged at random (the same each time), through everything that reads bytes. */
#include "core/edit.h"
#include "core/match.h"
#include "json_check.h"
#include "support.h"

enum { ROUNDS = 200000, LOOK_EVERY = 5, MAX_LEN = 400, ROOM = 2048 };

static uint64_t seed = 2026;

/* splitmix64 */
static uint32_t draw(uint32_t below) {
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)(z ^ (z >> 31)) % below;
}

static const law_vector *any_vector(void) {
  const law_vector *v;
  do {
    v = &law_vectors[draw((uint32_t)law_num_vectors)];
  } while (v->len == 0 || v->len > MAX_LEN / 2);
  return v;
}

static uint8_t odd_byte(void) {
  static const uint8_t bytes[] = {0x00, 0x01, 0x7f, 0x80, 0xff, 0xc3, 0xed, 0xf4,
                                  '#',  '+',  '$',  '/',  0x26, 0x0b, 0x23, 0x16};
  return draw(3) == 0 ? (uint8_t)draw(256) : bytes[draw(sizeof bytes)];
}

static size_t mutate_once(uint8_t *wire, size_t len) {
  size_t at = draw((uint32_t)len);
  const law_vector *other;
  switch (draw(6)) {
    case 0:
      wire[at] = odd_byte();
      return len;
    case 1:
      wire[at] ^= (uint8_t)(1u << draw(8));
      return len;
    case 2: /* one byte less */
      memmove(wire + at, wire + at + 1, len - at - 1);
      return len > 1 ? len - 1 : len;
    case 3: /* one byte more */
      memmove(wire + at + 1, wire + at, len - at);
      wire[at] = odd_byte();
      return len + 1;
    case 4: /* cut */
      return at > 0 ? at : len;
    default: /* the end of another */
      other = any_vector();
      size_t from = draw((uint32_t)other->len), tail = other->len - from;
      if (at + tail > MAX_LEN) {
        return len;
      }
      memcpy(wire + at, law_vector_bytes + other->at + from, tail);
      return at + tail > 0 ? at + tail : len;
  }
}

/* The Remaining Length of short packets is made to fit, so that more is looked at than the framing.
 * */
static void fit(uint8_t *wire, size_t len) {
  if (len >= 2 && len < 130 && draw(4) != 0) {
    wire[1] = (uint8_t)(len - 2);
  }
}

static size_t mutant(uint8_t *wire, const law_vector **out) {
  const law_vector *v = any_vector();
  size_t len = v->len;
  memcpy(wire, law_vector_bytes + v->at, len);
  for (uint32_t n = 1 + draw(4); n > 0 && len < MAX_LEN - 1; n--) {
    len = mutate_once(wire, len);
  }
  fit(wire, len);
  *out = v;
  return len;
}

static void look(const subject *s) {
  static char text[1 << 14];
  assert_true(law_print(s->type, s->spans, s->num, s->wire, text, sizeof text) < sizeof text);
  for (const char *p = text; *p != '\0'; p++) {
    assert_true((unsigned char)*p >= 0x20 && *p != 0x7f);
  }
  if (!is_json(json_of(s))) {
    fail_msg("no JSON: %s", json_of(s));
  }
  law_want want = {.path = "topic_alias", .op = LAW_WANT_GE, .is_number = true};
  size_t failed;
  (void)law_match(s->spans, s->num, s->wire, &want, 1, &failed);
}

/* What was accepted can be encoded, and is accepted again. */
static void encode_again(const subject *s, const char *variant, law_side side) {
  static subject again;
  uint8_t out[2 * MAX_LEN];
  law_mqtt_message m = s->message;
  size_t len = law_mqtt_encode(&m, out, sizeof out);
  assert_true(len <= s->wire.len);
  examine(&again, variant, side, law_bytes_of(out, len));
  if (again.status != LAW_OK) {
    fail_msg("%s is good, its encoding is not", to_hex(s->wire));
  }
}

static void edit(subject *s) {
  uint8_t room[ROOM];
  size_t len = s->wire.len;
  memcpy(room, s->wire.data, len);
  for (int i = 0; i < 3 && s->num > 0 && len != SIZE_MAX; i++) {
    law_edit e = {.op = (law_edit_op)draw(LAW_EDIT_TRUNCATE + 1),
                  .span = draw((uint32_t)s->num),
                  .other = draw((uint32_t)s->num),
                  .number = draw(300),
                  .with = BYTES("x/+"),
                  .keep_lengths = draw(2) == 0};
    len = law_edit_apply(&e, room, len, ROOM, s->spans, &s->num);
  }
}

static void round_trip(bool all) {
  static const char *const variants[] = {"mqtt5", "mqtt311", "mqtt31"};
  static subject s;
  uint8_t wire[MAX_LEN];
  const law_vector *v;
  size_t len = mutant(wire, &v), frame_len;
  uint8_t *copy = exact_copy(law_bytes_of(wire, len));
  law_bytes b = law_bytes_of(copy, len);
  const char *variant = draw(4) == 0 ? variants[draw(3)] : v->variant;
  law_side side = draw(2) == 0 ? LAW_CLIENT : LAW_SERVER;
  law_violation violation;
  law_status status = law_mqtt_frame(b, &frame_len, &violation);
  if (status == LAW_OK) {
    b.len = frame_len;
  }
  examine(&s, variant, side, b);
  if (s.status == LAW_OK) {
    assert_int_equal(status, LAW_OK);
    encode_again(&s, variant, side);
  } else {
    assert_int_not_equal(s.violation.requirement, LAW_R_NONE);
    assert_true(s.violation.offset <= b.len);
  }
  if (s.type != NULL && all) {
    look(&s);
    edit(&s);
  }
  free(copy);
}

static void mutants(void **state) {
  (void)state;
  for (int i = 0; i < ROUNDS; i++) {
    round_trip(i % LOOK_EVERY == 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutants)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
