/* Edits of CoAP messages, whose options are renumbered; their JSON and printed line. */
#include "checks/checks.h"
#include "coap/coap.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  fuzz_decode(&packet, &law_coap, "coap", LAW_CLIENT, input);
  fuzz_dissect(&packet);
  fuzz_check_printing(&packet);
  fuzz_check_edits(&packet, fuzz_seed_of(input));
  fuzz_done(input);
  return 0;
}
