/* Mongoose: its parser, then its iterator over the properties, which the parser leaves alone. */
#include "mongoose.h"

#include "bench/peer.h"

const char bench_peer_name[] = "Mongoose";
const char bench_peer_checks[] = "lengths";

static bool walk_properties(struct mg_mqtt_message *m) {
  struct mg_mqtt_prop property;
  size_t at = 0;
  while (at < m->props_size) {
    at = mg_mqtt_next_prop(m, &property, at);
    BENCH_KEEP(&property);
    if (at == 0) {
      return false;
    }
  }
  return true;
}

int bench_peer_decode(const uint8_t *bytes, size_t len, int version) {
  struct mg_mqtt_message m;
  if (bytes[0] >> 4 != MQTT_CMD_PUBLISH) {
    return BENCH_CANNOT;
  }
  if (mg_mqtt_parse(bytes, len, (uint8_t)version, &m) != MQTT_OK || !walk_properties(&m)) {
    return BENCH_REFUSES;
  }
  BENCH_KEEP(&m);
  return BENCH_ACCEPTS;
}
