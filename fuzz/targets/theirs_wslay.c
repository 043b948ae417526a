/* Headers of WebSocket frames: wslay beside ours. */
#include "checks/theirs.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  fuzz_check_wslay(input);
  fuzz_done(input);
  return 0;
}
