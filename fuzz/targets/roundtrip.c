/* Decoded, encoded, decoded; and built again from names and values. */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  for (const char *const *variant = law_mqtt.variants; *variant != NULL; variant++) {
    fuzz_decode(&packet, &law_mqtt, *variant, LAW_CLIENT, input);
    fuzz_dissect(&packet);
    fuzz_check_encoding(&packet);
    fuzz_check_mqtt_build(&packet);
  }
  fuzz_done(input);
  return 0;
}
