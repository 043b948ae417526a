/* A client and a server that obey are never blamed, whatever crosses on the way, with packets missing or
 * the beginning not seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitors/mqtt/mqtt.h"
#include "monitors/mqtt/tests/model.h"

enum { CONVERSATIONS = 600, STEPS = 900, HISTORY = 4000 };

typedef struct watcher {
  model *m;
  void *connection;
  void *world;
  law_mqtt_context context;
  law_side judged;
  uint64_t now, seed;
  uint32_t begin, gap_every; /* 0: no gaps */
  char history[HISTORY][64];
  size_t num;
} watcher;

static void note(watcher *w, const model_packet *p, bool missed) {
  const law_type *type = law_mqtt.type_of(&w->context, law_bytes_of(p->wire, p->len));
  char *line = w->history[w->num++ % HISTORY];
  int at = snprintf(line, 64, "%s%s %-11s ", missed ? "(missed) " : "",
                    p->from == LAW_CLIENT ? "C" : "S", type->name);
  for (size_t i = 0; i < p->len && i < 12 && at < 60; i++) {
    at += snprintf(line + at, (size_t)(64 - at), "%02x", p->wire[i]);
  }
}

static void blame(watcher *w, const law_findings *findings) {
  size_t from = w->num > 120 ? w->num - 120 : 0;
  for (size_t i = from; i < w->num; i++) {
    printf("%s\n", w->history[i % HISTORY]);
  }
  fail_msg("seed %llu, %s judged: %s", (unsigned long long)w->seed,
           w->judged == LAW_CLIENT ? "client" : "server",
           law_requirement_name(findings->found[0].requirement));
}

static void watch(watcher *w, const model_packet *p) {
  law_findings findings = {.num = 0};
  law_violation violation;
  law_mqtt_message message;
  law_bytes wire = law_bytes_of(p->wire, p->len);
  bool missed = w->gap_every != 0 && model_draw(w->m, w->gap_every) == 0;
  w->now += 1000000;
  note(w, p, missed || w->begin > 0);
  if (w->begin > 0) {
    w->begin--;
    return;
  }
  if (missed) {
    law_mqtt.gap(w->connection, p->from);
    return;
  }
  assert_int_equal(law_mqtt.decode(&w->context, p->from, wire, &message, &violation), LAW_OK);
  law_observed seen = {.from = p->from, .now = w->now, .wire = wire, .message = &message};
  law_mqtt.observe(w->connection, &seen, &findings);
  if (findings.num > 0) {
    blame(w, &findings);
  }
}

static void converse(watcher *w, const char *variant, uint8_t version, uint64_t seed) {
  static model m;
  model_packet p;
  model_init(&m, version, seed);
  w->m = &m;
  w->seed = seed;
  w->now = 1;
  w->num = 0;
  w->judged = model_draw(&m, 2) == 0 ? LAW_CLIENT : LAW_SERVER;
  w->begin = model_draw(&m, 4) == 0 ? model_draw(&m, 40) : 0;
  w->gap_every = model_draw(&m, 3) == 0 ? 5 + model_draw(&m, 60) : 0;
  law_mqtt.begin(variant, &w->context);
  law_mqtt.world_init(w->world, w->judged);
  law_mqtt.connection_init(w->connection, model_draw(&m, 2) == 0 ? w->world : NULL, w->judged,
                           w->begin == 0);
  for (size_t i = 0; i < STEPS; i++) {
    if (model_step(&m, &p)) {
      watch(w, &p);
    }
  }
}

static void nobody_is_blamed(void **state) {
  static const struct {
    const char *name;
    uint8_t version;
  } versions[] = {{"mqtt5", LAW_MQTT_5}, {"mqtt311", LAW_MQTT_311}, {"mqtt31", LAW_MQTT_31}};
  watcher *w = calloc(1, sizeof *w);
  const char *conversations = getenv("LAW_MODEL_CONVERSATIONS");
  uint64_t num = conversations != NULL ? strtoull(conversations, NULL, 10) : CONVERSATIONS;
  (void)state;
  assert_non_null(w);
  w->connection = malloc(law_mqtt.connection_size);
  w->world = malloc(law_mqtt.world_size);
  for (uint64_t seed = 1; seed <= num; seed++) {
    converse(w, versions[seed % 3].name, versions[seed % 3].version, seed);
  }
  free(w->connection);
  free(w->world);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_is_blamed)};
  return cmocka_run_group_tests_name("mqtt_model_test", tests, NULL, NULL);
}
