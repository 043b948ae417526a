/* libmosquitto's checks of text, topics and properties beside ours. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>

#include "checks/require.h"
#include "checks/theirs.h"
#include "core/utf8.h"
#include "mqtt/mqtt.h"
#include "mqtt/properties.h"

enum { THEIR_LEVELS = 200 }; /* it takes no more slashes */

/* Control characters and non-characters: a receiver may refuse them (5.0 section 1.5.4). */
static bool has_discouraged(law_bytes text) {
  for (size_t i = 0; i < text.len; i++) {
    const uint8_t *p = text.data + i;
    size_t left = text.len - i;
    bool control = *p < 0x20 || *p == 0x7f || (left > 1 && *p == 0xc2 && p[1] < 0xa0);
    bool arabic = left > 2 && *p == 0xef && p[1] == 0xb7 && p[2] >= 0x90 && p[2] <= 0xaf;
    bool bmp = left > 2 && *p == 0xef && p[1] == 0xbf && p[2] >= 0xbe;
    bool plane = left > 3 && *p >= 0xf0 && (p[1] & 0x0f) == 0x0f && p[2] == 0xbf && p[3] >= 0xbe;
    if (control || arabic || bmp || plane) {
      return true;
    }
  }
  return false;
}

/* Its functions look for a NUL, too, whatever length they are given; and a character of four bytes
 * of which two are left at the end is read to its fourth (2.0.11). The caller frees it. */
static char *padded(law_bytes text) {
  char *copy = calloc(text.len + 4, 1);
  FUZZ_REQUIRE(copy != NULL);
  memcpy(copy, text.data, text.len);
  return copy;
}

void fuzz_check_mosquitto_text(law_bytes text) {
  char *copy = padded(text);
  bool theirs = mosquitto_validate_utf8(copy, (int)text.len) == MOSQ_ERR_SUCCESS;
  bool ours = law_utf8_valid(text) && !has_discouraged(text);
  free(copy);
  FUZZ_REQUIRE(theirs == ours || (theirs && text.len == 0));
}

static bool has_many_levels(law_bytes topic) {
  size_t slashes = 0;
  for (size_t i = 0; i < topic.len; i++) {
    slashes += topic.data[i] == '/';
  }
  return slashes > THEIR_LEVELS;
}

static bool is_share(law_bytes filter) {
  return filter.len >= 6 && memcmp(filter.data, "$share", 6) == 0;
}

static void check_match(law_bytes filter, law_bytes topic) {
  bool matches = false;
  char *f = padded(filter), *t = padded(topic);
  FUZZ_REQUIRE(mosquitto_topic_matches_sub(f, t, &matches) == MOSQ_ERR_SUCCESS);
  FUZZ_REQUIRE(matches == law_mqtt_topic_matches(filter, topic));
  free(f);
  free(t);
}

/* Empty ones it takes, those with NULs it reads to the first of them. */
static bool is_comparable(law_bytes text) {
  return text.len > 0 && memchr(text.data, 0, text.len) == NULL && !has_many_levels(text);
}

/* Of filters that are no shared subscriptions, which it takes apart in its broker only. */
void fuzz_check_mosquitto_topics(law_bytes filter, law_bytes topic) {
  if (!is_comparable(topic) || !is_comparable(filter) || is_share(filter)) {
    return;
  }
  char *f = padded(filter), *t = padded(topic);
  bool good_topic = mosquitto_pub_topic_check(t) == MOSQ_ERR_SUCCESS;
  bool good_filter = mosquitto_sub_topic_check(f) == MOSQ_ERR_SUCCESS;
  free(f);
  free(t);
  FUZZ_REQUIRE(good_topic == law_mqtt_topic_name_valid(topic));
  FUZZ_REQUIRE(good_filter == law_mqtt_filter_valid(filter));
  if (good_topic && good_filter) {
    check_match(filter, topic);
  }
}

/* Which packet may carry which property. It lets a will, PINGREQ and PINGRESP carry a Reason
 * String, which table 2-4 does not. */
void fuzz_check_mosquitto_property(uint8_t type, uint8_t id) {
  int command = type == 0 ? CMD_WILL : type << 4;
  bool theirs = mosquitto_property_check_command(command, id) == MOSQ_ERR_SUCCESS;
  bool ours = id <= LAW_MQTT_MAX_PROPERTY && (law_mqtt_property_rows[id].types >> type & 1) != 0;
  bool loose = id == LAW_MQTT_P_REASON_STRING && !ours;
  FUZZ_REQUIRE(theirs == ours || loose);
}
