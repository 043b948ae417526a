/* WebSocket frames. */
#include "checks/checks.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  fuzz_check_websocket(input);
  fuzz_done(input);
  return 0;
}
