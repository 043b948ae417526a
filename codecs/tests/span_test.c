/* The span maps of all vectors are well-formed trees, and every span can be named. */
#include "core/span.h"

#include "support.h"

static void for_each_map(void (*check)(const subject *s, const char *name)) {
  static subject s;
  for (size_t i = 0; i < law_num_vectors; i++) {
    const law_vector *v = &law_vectors[i];
    examine(&s, v->variant, (v->sides & 1) != 0 ? LAW_CLIENT : LAW_SERVER, law_vector_wire(v));
    if (s.type != NULL) {
      check(&s, v->name);
    }
  }
}

static bool is_bits(const law_span *span) { return span->field->kind == LAW_KIND_BITS; }

static void check_tree(const subject *s, const char *name) {
  uint32_t end_of_siblings[64] = {0};
  assert_int_equal(s->spans[0].at, 0);
  assert_int_equal(s->spans[0].len, s->wire.len);
  for (size_t i = 1; i < s->num; i++) {
    const law_span *span = &s->spans[i], *parent = &s->spans[span->parent];
    if (span->parent >= i || span->at < parent->at ||
        span->at + span->len > parent->at + parent->len) {
      fail_msg("%s: span %zu (%s) is not inside its parent", name, i, span->field->name);
    }
    /* A sibling begins where the one before ends; bit fields lie on the byte before. */
    uint32_t *end = &end_of_siblings[span->parent % 64];
    if (span->parent < 64 && !is_bits(span)) {
      uint32_t from = *end > parent->at ? *end : parent->at;
      if (span->at != from && span->at + span->len != from) {
        fail_msg("%s: span %zu (%s) leaves a gap", name, i, span->field->name);
      }
      *end = span->at + span->len;
    }
  }
}

static void trees(void **state) {
  (void)state;
  for_each_map(check_tree);
}

static void check_paths(const subject *s, const char *name) {
  for (size_t i = 0; i < s->num; i++) {
    char path[200];
    size_t len = law_span_path(s->spans, s->num, i, path, sizeof path);
    assert_int_equal(len, strlen(path));
    size_t found = law_span_find(s->spans, s->num, path);
    if (found != i) {
      fail_msg("%s: \"%s\" is span %zu, found %zu", name, path, i, found);
    }
  }
}

static void paths(void **state) {
  (void)state;
  for_each_map(check_paths);
}

static const char a_connect[] = "10 16 0004 4d515454 05 02 000a 05 11 0000003c 0004 6e616d65";

static void paths_by_name(void **state) {
  (void)state;
  static subject s;
  law_bytes wire =
      hex("82 14 000a 07 0b 01 26 0000 0000"
          "0001 61 01 0003 622f63 2e");
  examine(&s, "mqtt5", LAW_CLIENT, wire);
  assert_int_equal(s.status, LAW_OK);
  static const struct {
    const char *path;
    uint32_t at, len;
    uint64_t number;
  } rows[] = {
      {"packet_type", 0, 1, 8},
      {"flags", 0, 1, 2},
      {"remaining_length", 1, 1, 20},
      {"packet_id", 2, 2, 10},
      {"properties", 4, 8, 0},
      {"properties.length", 4, 1, 7},
      {"properties[0]", 5, 2, 0},
      {"properties.subscription_identifier", 5, 2, 0},
      {"properties.subscription_identifier.id", 5, 1, 11},
      {"properties.subscription_identifier.value", 6, 1, 1},
      {"properties[1]", 7, 5, 0},
      {"properties.user_property.key", 8, 2, 0},
      {"properties.user_property.value.length", 10, 2, 0},
      {"filters", 12, 10, 0},
      {"filters[0].filter", 12, 3, 0},
      {"filters[0].filter.value", 14, 1, 0},
      {"filters[1].options", 21, 1, 0x2e},
      {"filters[1].no_local", 21, 1, 1},
      {"filters[1].retain_handling", 21, 1, 2},
      {"filters[1].qos", 21, 1, 2},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t found = law_span_find(s.spans, s.num, rows[i].path);
    if (found == s.num) {
      fail_msg("%s is not found", rows[i].path);
    }
    assert_int_equal(s.spans[found].at, rows[i].at);
    assert_int_equal(s.spans[found].len, rows[i].len);
    assert_int_equal(law_span_number(&s.spans[found], s.wire), rows[i].number);
  }
  static const char *const absent[] = {"nothing",       "filters[2]",
                                       "properties[2]", "filters[0].nothing",
                                       "topic",         "properties.topic_alias",
                                       "filters[0][0]"};
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
    assert_int_equal(law_span_find(s.spans, s.num, absent[i]), s.num);
  }
  assert_int_equal(law_span_find(s.spans, 0, "flags"), 0);
}

static void values(void **state) {
  (void)state;
  static subject s;
  examine(&s, "mqtt311", LAW_CLIENT, hex("30 07 0003 612f62 6869"));
  law_bytes topic = law_span_value(&s.spans[law_span_find(s.spans, s.num, "topic")], s.wire);
  assert_memory_equal(topic.data, "a/b", 3);
  law_bytes payload = law_span_value(&s.spans[law_span_find(s.spans, s.num, "payload")], s.wire);
  assert_int_equal(payload.len, 2);
  assert_memory_equal(payload.data, "hi", 2);
}

/* A path that does not fit is cut, and the text ends. */
static void small_room(void **state) {
  (void)state;
  static subject s;
  char path[8];
  examine(&s, "mqtt5", LAW_CLIENT, hex(a_connect));
  for (size_t i = 0; i < s.num; i++) {
    assert_true(law_span_path(s.spans, s.num, i, path, sizeof path) < sizeof path);
  }
  assert_int_equal(law_span_path(s.spans, s.num, 1, path, 0), 0);
  assert_int_equal(law_span_path(s.spans, s.num, s.num, path, sizeof path), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(trees), cmocka_unit_test(paths),
                                     cmocka_unit_test(paths_by_name), cmocka_unit_test(values),
                                     cmocka_unit_test(small_room)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
