/* Each decoder: what it refuses and what it takes. Built once for each version, FUZZ_VARIANT. */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  fuzz_decode(&packet, &law_mqtt, FUZZ_VARIANT, len % 2 == 0 ? LAW_CLIENT : LAW_SERVER, input);
  fuzz_check_verdict(&packet);
  fuzz_check_mqtt_message(&packet);
  fuzz_done(input);
  return 0;
}
