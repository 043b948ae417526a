/* Text, topics, filters and the table of properties: libmosquitto beside ours. */
#include "checks/theirs.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const uint8_t *zero = len > 0 ? memchr(data, 0, len) : NULL;
  size_t filter_len = zero != NULL ? (size_t)(zero - data) : len;
  size_t topic_at = filter_len < len ? filter_len + 1 : len;
  law_bytes filter = fuzz_input(data, filter_len);
  law_bytes topic = fuzz_input(data + topic_at, len - topic_at);
  fuzz_check_mosquitto_text(topic);
  fuzz_check_mosquitto_topics(filter, topic);
  if (len == 2) {
    fuzz_check_mosquitto_property(data[0] & 15, data[1]);
  }
  fuzz_done(filter);
  fuzz_done(topic);
  return 0;
}
