/* The mutator: the same for the same seed, never beyond its room, and good enough to be of use. */
#include "mutators/mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitors/mqtt/mqtt.h"
#include "mqtt/mqtt.h"
#include "seq/seq.h"

enum { ROUNDS = 10000, CAP = 300 };

static const uint8_t publish[] = {0x32, 0x10, 0, 3, 'a', '/', 'b', 0,   10,
                                  3,    0x23, 0, 4, 'h', 'e', 'l', 'l', 'o'};
static const uint8_t subscribe[] = {0x82, 0x0d, 0, 10, 2, 0x0b, 1, 0, 1, 'a', 0, 0, 1, '#', 2};

static law_mutator m, other;

/* A mutant in a buffer of exactly |cap| bytes; the caller frees it. */
static uint8_t *mutant(law_mutator *by, bool sequence, law_bytes of, size_t cap, uint64_t seed,
                       size_t *out_len) {
  uint8_t *room = malloc(cap);
  assert_non_null(room);
  memcpy(room, of.data, of.len);
  *out_len = sequence ? law_mutate_sequence(by, room, of.len, cap, seed)
                      : law_mutate(by, room, of.len, cap, seed);
  assert_in_range(*out_len, 1, cap);
  return room;
}

static void assert_repeats(bool sequence, law_bytes of, size_t cap, uint64_t seed) {
  size_t len, len_again;
  uint8_t *one = mutant(&m, sequence, of, cap, seed, &len);
  uint8_t *two = mutant(&other, sequence, of, cap, seed, &len_again);
  assert_int_equal(len, len_again);
  assert_memory_equal(one, two, len);
  free(one);
  free(two);
}

static law_bytes talk(uint8_t *room, size_t cap) {
  law_writer w = law_writer_of(room, cap);
  law_seq_record r = {LAW_CLIENT, LAW_SEQ_DATA, 0, 0, law_bytes_of(publish, sizeof publish)};
  law_seq_write(&w, &r);
  r = (law_seq_record){LAW_SERVER, LAW_SEQ_DATA, 1, 9, law_bytes_of(subscribe, sizeof subscribe)};
  law_seq_write(&w, &r);
  assert_true(law_writer_ok(&w));
  return law_bytes_of(room, w.len);
}

/* Its memory before the call has no say. */
static void same_seed_same_bytes(void **state) {
  uint8_t room[128];
  (void)state;
  law_mutator_init(&m, &law_mqtt, NULL);
  law_mutator_init(&other, &law_mqtt, NULL);
  memset(other.room, 0x5a, sizeof other.room);
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    size_t cap = sizeof publish + seed % CAP;
    assert_repeats(false, law_bytes_of(publish, sizeof publish), cap, seed);
    assert_repeats(true, talk(room, sizeof room), sizeof room + seed % CAP, seed);
  }
}

/* From nothing, and into hardly any room. */
static void tight(void **state) {
  (void)state;
  law_mutator_init(&m, &law_mqtt, "mqtt311");
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    size_t len, cap = 1 + seed % 40;
    size_t have = cap < sizeof publish ? cap : sizeof publish;
    free(mutant(&m, seed % 2 == 0, law_bytes_of(publish, seed % 3 == 0 ? 0 : have), cap, seed,
                &len));
  }
}

static void crossing(void **state) {
  uint8_t out[24];
  law_bytes a = law_bytes_of(publish, sizeof publish),
            b = law_bytes_of(subscribe, sizeof subscribe);
  (void)state;
  law_mutator_init(&m, &law_mqtt, "mqtt5");
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    size_t cap = 1 + seed % sizeof out;
    assert_in_range(law_mutate_cross(&m, out, cap, a, b, seed % 2 == 0, seed), 0, cap);
  }
}

/* What a long run from two packets reaches: each type, verdicts of each kind, many requirements. */
typedef struct reached {
  uint32_t types;
  unsigned num, framed, good, malformed, wrong, requirements;
  bool seen[LAW_R_COUNT];
} reached;

static reached r;

static void look(law_bytes wire) {
  law_mqtt_message message;
  law_violation v = {LAW_R_NONE, LAW_OK, 0};
  size_t len;
  r.num++;
  if (law_mqtt_frame(wire, &len, &v) != LAW_OK || len != wire.len) {
    return;
  }
  law_status status = law_mqtt_decode(LAW_MQTT_5, wire, &message, &v);
  r.framed++;
  r.good += status == LAW_OK;
  r.malformed += status == LAW_MALFORMED;
  r.wrong += status == LAW_PROTOCOL_ERROR;
  r.types |= 1u << (wire.data[0] >> 4);
  r.requirements += !r.seen[v.requirement];
  r.seen[v.requirement] = true;
}

static void reaches_far(void **state) {
  uint8_t wire[CAP];
  size_t len = 0;
  (void)state;
  law_mutator_init(&m, &law_mqtt, "mqtt5");
  for (uint64_t seed = 0; seed < 20 * ROUNDS; seed++) {
    if (seed % 6 == 0) {
      len = sizeof publish;
      memcpy(wire, publish, len);
    }
    len = law_mutate(&m, wire, len, sizeof wire, seed);
    look(law_bytes_of(wire, len));
  }
  print_message("%u mutants, %u framed, %u good, %u malformed, %u protocol errors, %u statements\n",
                r.num, r.framed, r.good, r.malformed, r.wrong, r.requirements);
  assert_int_equal(r.types, 0xffff);
  assert_true(r.framed > r.num / 4);
  assert_true(r.good > r.num / 50 && r.malformed > r.num / 50 && r.wrong > r.num / 200);
  assert_true(r.requirements > 120);
}

static void generated(void **state) {
  uint8_t out[LAW_MUTATE_ROOM];
  law_mqtt_message message;
  law_violation v;
  unsigned good = 0;
  (void)state;
  law_mutator_init(&m, &law_mqtt, "mqtt5");
  for (uint64_t seed = 0; seed < ROUNDS; seed++) {
    size_t len = law_mutate_generate(&m, out, sizeof out, seed), frame_len;
    assert_int_equal(law_mqtt_frame(law_bytes_of(out, len), &frame_len, &v), LAW_OK);
    assert_int_equal(frame_len, len);
    good += law_mqtt_decode(LAW_MQTT_5, law_bytes_of(out, len), &message, &v) == LAW_OK;
  }
  print_message("%u of %d generated messages are good\n", good, ROUNDS);
  assert_true(good > ROUNDS / 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_seed_same_bytes),
      cmocka_unit_test(tight),
      cmocka_unit_test(crossing),
      cmocka_unit_test(reaches_far),
      cmocka_unit_test(generated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
