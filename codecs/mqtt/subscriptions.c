#include "mqtt/mqtt.h"

bool law_mqtt_next_filter(law_list *it, bool with_options, law_mqtt_filter *out) {
  if (it->count == 0 || it->len == 0) {
    return false;
  }
  uint16_t len = law_load_u16(it->data);
  uint32_t used = 2u + len;
  out->filter = law_bytes_of(it->data + 2, len);
  out->options = with_options ? it->data[used++] : 0;
  it->data += used;
  it->len -= used;
  it->count--;
  return true;
}
