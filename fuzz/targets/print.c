/* JSON and the printed line, of good and bad messages. */
#include "checks/checks.h"
#include "monitors/mqtt/mqtt.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  bool good = false;
  for (const char *const *variant = law_mqtt.variants; *variant != NULL && !good; variant++) {
    fuzz_decode(&packet, &law_mqtt, *variant, LAW_CLIENT, input);
    fuzz_dissect(&packet);
    fuzz_check_printing(&packet);
    good = packet.status == LAW_OK; /* the versions after it say much the same */
  }
  fuzz_done(input);
  return 0;
}
