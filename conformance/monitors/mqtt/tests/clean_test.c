/* No clean conversation raises a violation: whole, cut at any packet, with any one packet missing,
 * seen from any packet on, with either side judged. Nor does noise crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitors/mqtt/mqtt.h"
#include "monitors/mqtt/tests/clean.h"
#include "monitors/mqtt/tests/rule_cases.h"
#include "monitors/mqtt/tests/talk.h"

static talk conversation;
static talk_result result;
static size_t num_runs;

static void expect_silence(const char *text, const talk_options *options) {
  talk_run(&conversation, options, &result);
  num_runs++;
  if (result.num != 0) {
    printf("%s\n", text);
    talk_print(&conversation, &result);
    fail_msg("%s judged, line %zu missing, seen from %zu to %zu",
             options->judged == LAW_CLIENT ? "client" : "server", options->missing, options->begin,
             options->end);
  }
}

static void in_every_cut(const char *variant, const char *text, law_side judged, bool has_world) {
  talk_options options = talk_whole;
  options.judged = judged;
  options.has_world = has_world;
  talk_read(&conversation, variant, text);
  expect_silence(text, &options);
  for (size_t i = 0; i < conversation.num; i++) {
    options = (talk_options){judged, has_world, SIZE_MAX, 0, i};
    expect_silence(text, &options);
    options = (talk_options){judged, has_world, i, 0, SIZE_MAX};
    expect_silence(text, &options);
    options = (talk_options){judged, has_world, SIZE_MAX, i + 1, SIZE_MAX};
    expect_silence(text, &options);
    for (size_t k = i + 1; k < conversation.num; k++) {
      options = (talk_options){judged, has_world, k, i + 1, SIZE_MAX};
      expect_silence(text, &options);
    }
  }
}

static void clean_conversations(void **state) {
  (void)state;
  for (size_t i = 0; i < num_clean_talks; i++) {
    in_every_cut(clean_talks[i].variant, clean_talks[i].text, LAW_CLIENT, false);
    in_every_cut(clean_talks[i].variant, clean_talks[i].text, LAW_SERVER, false);
    in_every_cut(clean_talks[i].variant, clean_talks[i].text, LAW_SERVER, true);
  }
  print_message("%zu conversations, %zu runs\n", num_clean_talks, num_runs);
}

static void valid_neighbours(void **state) {
  (void)state;
  for (size_t i = 0; i < num_rule_cases; i++) {
    const rule_case *r = &rule_cases[i];
    in_every_cut(r->variant, r->valid, LAW_CLIENT, r->has_world);
    in_every_cut(r->variant, r->valid, LAW_SERVER, r->has_world);
  }
}

/* ---- noise ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t draw(uint32_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 32) % below;
}

enum { NOISE_TALKS = 400, NOISE_LINES = 60, NOISE_POOL = 1500 };

static talk_line *pool;
static size_t num_pool;

static void fill_pool(void) {
  pool = calloc(NOISE_POOL, sizeof *pool);
  assert_non_null(pool);
  for (size_t i = 0; i < num_clean_talks; i++) {
    talk_read(&conversation, clean_talks[i].variant, clean_talks[i].text);
    for (size_t k = 0; k < conversation.num && num_pool < NOISE_POOL; k++) {
      pool[num_pool++] = conversation.lines[k];
    }
  }
}

/* Any line of any conversation, from either side, on any connection, perhaps with bytes changed. */
static void add_noise(size_t i) {
  talk_line *line = &conversation.lines[i];
  *line = pool[draw((uint32_t)num_pool)];
  line->connection = draw(TALK_MAX_CONNECTIONS);
  line->now = 1000000000u * (uint64_t)(i * (1 + draw(3)));
  if (draw(8) == 0) {
    line->from = draw(2) == 0 ? LAW_CLIENT : LAW_SERVER;
  }
  for (uint32_t changes = draw(3) == 0 ? draw(4) : 0; changes > 0 && line->len > 0; changes--) {
    line->wire[draw((uint32_t)line->len)] = (uint8_t)draw(256);
  }
  if (draw(16) == 0 && line->len > 2) {
    line->len = 2 + draw((uint32_t)line->len - 2);
  }
}

static void noise(void **state) {
  (void)state;
  fill_pool();
  static const char *const variants[] = {"mqtt5", "mqtt311", "mqtt31"};
  for (size_t round = 0; round < NOISE_TALKS; round++) {
    talk_read(&conversation, variants[draw(3)], "");
    conversation.num = NOISE_LINES;
    for (size_t i = 0; i < NOISE_LINES; i++) {
      add_noise(i);
    }
    talk_options options = {draw(2) == 0 ? LAW_CLIENT : LAW_SERVER, draw(2) == 0, draw(NOISE_LINES),
                            draw(3) == 0 ? draw(5) : 0, SIZE_MAX};
    talk_run(&conversation, &options, &result);
    for (size_t i = 0; i < result.num; i++) {
      assert_true(result.found[i].violation.requirement != LAW_R_NONE);
      const talk_line *line = &conversation.lines[result.found[i].line];
      assert_true(line->kind != TALK_PACKET || line->from == options.judged);
      assert_true(line->kind != TALK_PACKET || result.found[i].violation.offset < line->len);
    }
  }
  free(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(clean_conversations),
                                     cmocka_unit_test(valid_neighbours), cmocka_unit_test(noise)};
  return cmocka_run_group_tests_name("mqtt_clean_test", tests, NULL, NULL);
}
