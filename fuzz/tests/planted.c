/* A decoder with two bugs of kinds that the field had, for the tests of the whole chain: it must
 * find them, tell them apart, and make them small. No other program is linked with it.
 *
 * planted_filter_end: SUBSCRIBE whose last filter has no options byte: one byte is read beyond.
 * planted_empty_topic: PUBLISH of 5.0 with an empty topic: its first character is looked at. */
#include "mqtt/mqtt.h"
#include "targets/input.h"

__attribute__((noinline)) static uint8_t planted_filter_end(const law_mqtt_message *m,
                                                            law_bytes wire) {
  size_t at = wire.len > 7 ? (size_t)(wire.data[5] << 8 | wire.data[6]) + 7 : 0;
  return at == wire.len && m->first == 0x82 ? wire.data[at] : 0;
}

__attribute__((noinline)) static uint8_t planted_empty_topic(const law_mqtt_message *m) {
  static const uint8_t *const no_topic = NULL;
  const uint8_t *first = m->u.publish.topic.len == 0 ? no_topic : m->u.publish.topic.data;
  return *(const volatile uint8_t *)first;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  law_mqtt_message m = {.first = len > 0 ? data[0] : 0};
  law_violation v;
  volatile uint8_t seen = 0;
  if (law_mqtt_decode(LAW_MQTT_5, input, &m, &v) != LAW_OK) {
    seen = planted_filter_end(&m, input);
  } else if (law_mqtt_type_of(&m) == LAW_MQTT_PUBLISH) {
    seen = planted_empty_topic(&m);
  }
  (void)seen;
  fuzz_done(input);
  return 0;
}
