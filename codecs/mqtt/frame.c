#include "mqtt/rules.h"

enum { MAX_LENGTH_BYTES = 4 };

/* Before CONNECT was seen the version is unknown: what holds in 5.0 holds in all. */
static LAW_COLD law_status too_long(law_violation *out) {
  *out = law_mqtt_violation_of(LAW_MQTT_RULE_VARINT_LENGTH, LAW_MQTT_5, 1);
  return out->status;
}

law_status law_mqtt_frame_any(law_bytes in, size_t *out_len, law_violation *out) {
  size_t value = 0;
  for (size_t i = 1; i <= MAX_LENGTH_BYTES; i++) {
    if (i >= in.len) {
      *out_len = i + 1;
      return LAW_NEED_MORE;
    }
    value |= (size_t)(in.data[i] & 0x7f) << (7 * (i - 1));
    if ((in.data[i] & 0x80) == 0) {
      *out_len = i + 1 + value;
      return in.len >= *out_len ? LAW_OK : LAW_NEED_MORE;
    }
  }
  return too_long(out);
}
