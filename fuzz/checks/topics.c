#include <string.h>

#include "checks/checks.h"
#include "checks/require.h"
#include "mqtt/mqtt.h"

/* Section 4.7 of MQTT 5.0, level by level, with nothing done for speed. */

static law_bytes first_level(law_bytes topic) {
  const uint8_t *slash = topic.len > 0 ? memchr(topic.data, '/', topic.len) : NULL;
  return law_bytes_of(topic.data, slash ? (size_t)(slash - topic.data) : topic.len);
}

/* What follows the first level and its '/'; false when it is the last one. */
static bool next_level(law_bytes *topic) {
  size_t len = first_level(*topic).len;
  if (len == topic->len) {
    return false;
  }
  *topic = law_bytes_of(topic->data + len + 1, topic->len - len - 1);
  return true;
}

static bool is(law_bytes level, char c) { return level.len == 1 && level.data[0] == c; }

static bool same(law_bytes a, law_bytes b) {
  return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static bool has(law_bytes b, char c) { return b.len > 0 && memchr(b.data, c, b.len) != NULL; }

static bool matches_from(law_bytes filter, law_bytes topic) {
  for (;;) {
    law_bytes level = first_level(filter);
    if (is(level, '#')) {
      return true;
    }
    if (!is(level, '+') && !same(level, first_level(topic))) {
      return false;
    }
    bool more_filter = next_level(&filter), more_topic = next_level(&topic);
    if (!more_topic) {
      return !more_filter || is(filter, '#');
    }
    if (!more_filter) {
      return false;
    }
  }
}

static bool matches(law_bytes filter, law_bytes topic) {
  bool wild = filter.len > 0 && (filter.data[0] == '#' || filter.data[0] == '+');
  bool dollar = topic.len > 0 && topic.data[0] == '$';
  return filter.len > 0 && topic.len > 0 && !(wild && dollar) && matches_from(filter, topic);
}

static bool levels_valid(law_bytes filter) {
  law_bytes level;
  bool last;
  do {
    level = first_level(filter);
    last = !next_level(&filter);
    if ((has(level, '#') && (!is(level, '#') || !last)) || (has(level, '+') && !is(level, '+'))) {
      return false;
    }
  } while (!last);
  return true;
}

static bool is_share(law_bytes filter) {
  law_bytes first = first_level(filter);
  return first.len < filter.len && same(first, law_bytes_of("$share", 6));
}

/* 4.8.2: "$share/", a name of at least one character without wildcards, "/" and a filter. */
static bool share_valid(law_bytes filter, law_bytes *out_group, law_bytes *out_filter) {
  (void)next_level(&filter);
  *out_group = first_level(filter);
  bool more = next_level(&filter);
  *out_filter = filter;
  return more && filter.len > 0 && out_group->len > 0 && !has(*out_group, '#') &&
         !has(*out_group, '+');
}

static void check_share(law_bytes filter) {
  law_bytes group, inner, want_group, want_inner;
  bool want = is_share(filter) && share_valid(filter, &want_group, &want_inner);
  FUZZ_REQUIRE(law_mqtt_shared(filter, &group, &inner) == want);
  FUZZ_REQUIRE(!want || (same(group, want_group) && same(inner, want_inner)));
  bool valid =
      is_share(filter) ? want && levels_valid(want_inner) : filter.len > 0 && levels_valid(filter);
  FUZZ_REQUIRE(law_mqtt_filter_valid(filter) == valid);
}

void fuzz_check_topics(law_bytes filter, law_bytes topic) {
  check_share(filter);
  bool name = topic.len > 0 && !has(topic, '#') && !has(topic, '+');
  FUZZ_REQUIRE(law_mqtt_topic_name_valid(topic) == name);
  if (name && filter.len > 0 && levels_valid(filter)) {
    FUZZ_REQUIRE(law_mqtt_topic_matches(filter, topic) == matches(filter, topic));
  }
}
