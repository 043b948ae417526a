#include "monitors/mqtt/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ALL = 65536, STEPS = 20000 };

static uint32_t next_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33);
}

/* A sender that counts upwards, with some messages under way, answered in any order: what was
 * answered is not known, what was never used is free. */
static void counting_upwards_is_exact(void **state) {
  (void)state;
  law_mqtt_ids ids;
  uint64_t random = 7;
  uint16_t open[8];
  size_t num = 0;
  law_mqtt_ids_init(&ids);
  for (uint32_t id = 1; id < 30000; id++) {
    open[num++] = (uint16_t)id;
    assert_non_null(law_mqtt_id_take(&ids, (uint16_t)id, LAW_MQTT_USE_QOS1));
    if (num == 8) {
      size_t i = next_random(&random) % num;
      law_mqtt_id_free(&ids, law_mqtt_id_find(&ids, open[i]));
      law_mqtt_id_forget(&ids, open[i]);
      assert_true(law_mqtt_id_unknown(&ids, open[i]));
      open[i] = open[--num];
    }
    assert_false(law_mqtt_id_unknown(&ids, (uint16_t)(id + 1)));
    assert_false(law_mqtt_id_unknown(&ids, (uint16_t)(id + 30000)));
  }
}

/* At random, more may be unknown than need be, never less. */
static void never_too_sure(void **state) {
  (void)state;
  static bool unknown[ALL];
  uint64_t random = 1;
  for (uint32_t spread = 4; spread <= ALL; spread *= 8) {
    law_mqtt_ids ids;
    law_mqtt_ids_init(&ids);
    memset(unknown, 0, sizeof unknown);
    for (uint32_t step = 0; step < STEPS; step++) {
      uint16_t id = (uint16_t)(1 + next_random(&random) % (spread - 1));
      if (next_random(&random) % 2 == 0) {
        law_mqtt_id_forget(&ids, id);
        unknown[id] = true;
      } else if (law_mqtt_id_find(&ids, id) == NULL) {
        law_mqtt_id *e = law_mqtt_id_take(&ids, id, LAW_MQTT_USE_QOS2);
        assert_non_null(e);
        unknown[id] = false;
        law_mqtt_id_done(&ids, e);
      }
      id = (uint16_t)(next_random(&random) % spread);
      assert_true(law_mqtt_id_unknown(&ids, id) || !unknown[id]);
    }
  }
}

static void ranges_join_and_split(void **state) {
  (void)state;
  law_mqtt_ids ids;
  law_mqtt_ids_init(&ids);
  law_mqtt_id_forget(&ids, 5);
  law_mqtt_id_forget(&ids, 7);
  assert_int_equal(ids.num_unknown, 2);
  law_mqtt_id_forget(&ids, 6);
  assert_int_equal(ids.num_unknown, 1);
  law_mqtt_id_done(&ids, law_mqtt_id_take(&ids, 6, LAW_MQTT_USE_QOS1));
  assert_int_equal(ids.num_unknown, 2);
  assert_false(law_mqtt_id_unknown(&ids, 6));
  law_mqtt_id_forget(&ids, 65535);
  law_mqtt_id_forget(&ids, 1);
  assert_true(law_mqtt_id_unknown(&ids, 65535));
  assert_false(law_mqtt_id_unknown(&ids, 65534));
  law_mqtt_ids_know(&ids);
  assert_int_equal(ids.num_unknown, 0);
}

static void after_a_gap_what_is_used_is_known_again(void **state) {
  (void)state;
  law_mqtt_ids ids;
  law_mqtt_ids_init(&ids);
  law_mqtt_ids_forget(&ids);
  for (uint16_t id = 100; id < 200; id++) {
    assert_true(law_mqtt_id_unknown(&ids, id));
    law_mqtt_id_done(&ids, law_mqtt_id_take(&ids, id, LAW_MQTT_USE_QOS1));
    assert_false(law_mqtt_id_unknown(&ids, 100));
    assert_false(law_mqtt_id_unknown(&ids, id));
  }
  assert_true(law_mqtt_id_unknown(&ids, 0));
  assert_true(law_mqtt_id_unknown(&ids, 65535));
}

static void more_than_there_is_room_for(void **state) {
  (void)state;
  law_mqtt_ids ids;
  law_mqtt_ids_init(&ids);
  for (uint16_t id = 1; id <= LAW_MQTT_MAX_IDS; id++) {
    assert_non_null(law_mqtt_id_take(&ids, id, LAW_MQTT_USE_QOS1));
  }
  assert_null(law_mqtt_id_take(&ids, 1000, LAW_MQTT_USE_QOS1));
  assert_true(law_mqtt_id_unknown(&ids, 1000));
  law_mqtt_ids_know(&ids);
  assert_true(law_mqtt_id_unknown(&ids, 1000)); /* it was never followed */
  for (uint16_t id = 1; id <= LAW_MQTT_MAX_IDS; id++) {
    law_mqtt_id_free(&ids, law_mqtt_id_find(&ids, id));
  }
  assert_int_equal(ids.num_used, 0);
  assert_int_equal(law_mqtt_ids_in_flight(&ids), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(counting_upwards_is_exact),
      cmocka_unit_test(never_too_sure),
      cmocka_unit_test(ranges_join_and_split),
      cmocka_unit_test(after_a_gap_what_is_used_is_known_again),
      cmocka_unit_test(more_than_there_is_room_for),
  };
  return cmocka_run_group_tests_name("mqtt ids", tests, NULL, NULL);
}
