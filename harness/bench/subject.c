#include "bench/subject.h"

#include <dlfcn.h>
#include <string.h>

#include "bench/peer.h"
#include "mqtt/mqtt.h"

static int decode(const uint8_t *bytes, size_t len, int version) {
  static law_mqtt_message message; /* a program keeps it in its connection */
  static law_violation violation;
  size_t frame_len;
  if (law_mqtt_frame(law_bytes_of(bytes, len), &frame_len, &violation) != LAW_OK) {
    return BENCH_REFUSES;
  }
  law_bytes frame = law_bytes_of(bytes, frame_len);
  law_status status = law_mqtt_decode((uint8_t)version, frame, &message, &violation);
  BENCH_KEEP(&message);
  return status == LAW_OK ? BENCH_ACCEPTS : BENCH_REFUSES;
}

const bench_subject bench_wirelaw = {
    .name = "wirelaw",
    .checks = "everything that one packet can break",
    .decode = decode,
};

const char *bench_load_peer(const char *path, bench_subject *out) {
  void *library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
  if (library == NULL) {
    return dlerror();
  }
  void *decode_symbol = dlsym(library, "bench_peer_decode");
  out->name = dlsym(library, "bench_peer_name");
  out->checks = dlsym(library, "bench_peer_checks");
  if (decode_symbol == NULL || out->name == NULL || out->checks == NULL) {
    return "it does not export bench_peer_name, bench_peer_checks and bench_peer_decode";
  }
  memcpy(&out->decode, &decode_symbol, sizeof decode_symbol); /* ISO C has no cast for this */
  return NULL;
}
