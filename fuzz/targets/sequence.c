/* Judge and monitor on conversations of several connections (seq/seq.h). */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  fuzz_check_sequence(&law_mqtt, "mqtt5", input, fuzz_seed_of(input));
  fuzz_done(input);
  return 0;
}
