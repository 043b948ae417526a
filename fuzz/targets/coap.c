/* CoAP messages: what the decoder refuses and takes, span maps, encoding. */
#include "checks/checks.h"
#include "coap/coap.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static fuzz_packet packet;
  law_bytes input = fuzz_input(data, len);
  fuzz_decode(&packet, &law_coap, "coap", LAW_CLIENT, input);
  fuzz_dissect(&packet);
  fuzz_check_verdict(&packet);
  fuzz_check_spans(&packet);
  fuzz_check_same_values(&packet);
  fuzz_check_encoding(&packet);
  fuzz_check_coap_message(&packet);
  fuzz_done(input);
  return 0;
}
