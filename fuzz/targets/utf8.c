/* The UTF-8 check, sixteen bytes at a time, against a table. */
#include "checks/checks.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  fuzz_check_utf8(input);
  fuzz_done(input);
  return 0;
}
