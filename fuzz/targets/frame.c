/* The framer in any cut against the whole, and the judge in any pieces. */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  for (const char *const *variant = law_mqtt.variants; *variant != NULL; variant++) {
    fuzz_check_framing(&law_mqtt, *variant, input);
    fuzz_check_pieces(&law_mqtt, *variant, input, fuzz_seed_of(input));
  }
  fuzz_done(input);
  return 0;
}
