/* The strict decoder against the tolerant walk: the same spans, the same values. */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  for (const char *const *variant = law_mqtt.variants; *variant != NULL; variant++) {
    fuzz_decode(&packet, &law_mqtt, *variant, LAW_CLIENT, input);
    fuzz_dissect(&packet);
    fuzz_check_spans(&packet);
    fuzz_check_same_values(&packet);
  }
  fuzz_done(input);
  return 0;
}
