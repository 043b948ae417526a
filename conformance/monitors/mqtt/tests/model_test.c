/* A client and a server that obey are never blamed, whatever crosses on the way, with packets
 * missing or the beginning not seen. */
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

enum { CONVERSATIONS = 600, STEPS = 2000, HISTORY = 4000 };

typedef struct watcher {
  model_hub hub;
  model *dice;
  void *connections[MODEL_MAX_CONNECTIONS];
  law_mqtt_context contexts[MODEL_MAX_CONNECTIONS];
  void *world;
  law_side judged;
  uint64_t now, seed;
  uint32_t begin, gap_every; /* 0: no gaps */
  char history[HISTORY][64];
  size_t num;
} watcher;

static void note(watcher *w, size_t i, const model_packet *p, bool missed) {
  const law_type *type = law_mqtt.type_of(&w->contexts[i], law_bytes_of(p->wire, p->len));
  char *line = w->history[w->num++ % HISTORY];
  int at = snprintf(line, 64, "%s%s%zu %-11s ", missed ? "(missed) " : "",
                    p->from == LAW_CLIENT ? "C" : "S", i, type->name);
  for (size_t k = 0; k < p->len && k < 20 && at < 60; k++) {
    at += snprintf(line + at, (size_t)(64 - at), "%02x", p->wire[k]);
  }
}

static void blame(watcher *w, const law_findings *findings) {
  size_t from = w->num > 300 ? w->num - 300 : 0;
  for (size_t i = from; i < w->num; i++) {
    printf("%s\n", w->history[i % HISTORY]);
  }
  fail_msg("seed %llu, %s judged: %s", (unsigned long long)w->seed,
           w->judged == LAW_CLIENT ? "client" : "server",
           law_requirement_name(findings->found[0].requirement));
}

static void watch(watcher *w, size_t i, const model_packet *p) {
  law_findings findings = {.num = 0};
  law_violation violation;
  law_mqtt_message message;
  law_bytes wire = law_bytes_of(p->wire, p->len);
  bool missed = w->gap_every != 0 && model_draw(w->dice, w->gap_every) == 0;
  w->now += 10000000;
  note(w, i, p, missed || w->begin > 0);
  if (w->begin > 0) {
    w->begin--;
    return;
  }
  if (missed) {
    law_mqtt.gap(w->connections[i], p->from);
    return;
  }
  assert_int_equal(law_mqtt.decode(&w->contexts[i], p->from, wire, &message, &violation), LAW_OK);
  law_observed seen = {.from = p->from, .now = w->now, .wire = wire, .message = &message};
  law_mqtt.observe(w->connections[i], &seen, &findings);
  if (findings.num > 0) {
    blame(w, &findings);
  }
}

static const struct {
  const char *name;
  uint8_t version;
} versions[] = {{"mqtt5", LAW_MQTT_5}, {"mqtt311", LAW_MQTT_311}, {"mqtt31", LAW_MQTT_31}};

static void begin(watcher *w, uint64_t seed) {
  size_t version = seed % 3;
  bool has_world;
  memset(&w->hub, 0, sizeof w->hub);
  model_init(&w->hub.connections[0], &w->hub, versions[version].version, seed);
  w->dice = &w->hub.connections[0];
  w->seed = seed;
  w->now = 1;
  w->num = 0;
  w->hub.copy_each = model_draw(w->dice, 2) == 0;
  w->judged = model_draw(w->dice, 3) == 0 ? LAW_CLIENT : LAW_SERVER;
  w->begin = model_draw(w->dice, 6) == 0 ? 1 + model_draw(w->dice, 60) : 0;
  w->gap_every = model_draw(w->dice, 4) == 0 ? 5 + model_draw(w->dice, 60) : 0;
  has_world = model_draw(w->dice, 3) > 0;
  law_mqtt.world_init(w->world, w->judged);
  for (size_t i = 0; i < MODEL_MAX_CONNECTIONS; i++) {
    if (i > 0 && model_draw(w->dice, 3) == 0) {
      version = model_draw(w->dice, 3);
    }
    if (i > 0) {
      model_init(&w->hub.connections[i], &w->hub, versions[version].version, seed * 7 + i);
    }
    law_mqtt.begin(versions[version].name, &w->contexts[i]);
    law_mqtt.connection_init(w->connections[i], has_world ? w->world : NULL, w->judged,
                             w->begin == 0);
  }
}

static void converse(watcher *w, uint64_t seed) {
  model_packet p;
  begin(w, seed);
  for (size_t step = 0; step < STEPS; step++) {
    size_t i = model_draw(w->dice, MODEL_MAX_CONNECTIONS);
    if (model_step(&w->hub.connections[i], &p)) {
      watch(w, i, &p);
    }
  }
}

static void nobody_is_blamed(void **state) {
  watcher *w = calloc(1, sizeof *w);
  const char *conversations = getenv("LAW_MODEL_CONVERSATIONS");
  uint64_t num = conversations != NULL ? strtoull(conversations, NULL, 10) : CONVERSATIONS;
  (void)state;
  assert_non_null(w);
  for (size_t i = 0; i < MODEL_MAX_CONNECTIONS; i++) {
    w->connections[i] = malloc(law_mqtt.connection_size);
    assert_non_null(w->connections[i]);
  }
  w->world = malloc(law_mqtt.world_size);
  assert_non_null(w->world);
  for (uint64_t seed = 1; seed <= num; seed++) {
    converse(w, seed);
  }
  for (size_t i = 0; i < MODEL_MAX_CONNECTIONS; i++) {
    free(w->connections[i]);
  }
  free(w->world);
  free(w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_is_blamed)};
  return cmocka_run_group_tests_name("mqtt_model_test", tests, NULL, NULL);
}
