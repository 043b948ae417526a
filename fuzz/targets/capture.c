/* The reader of captures on files of any kind: pcap, pcapng, link layers, IP, TCP, UDP. */
#include "checks/capture.h"
#include "targets/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  law_bytes input = fuzz_input(data, len);
  fuzz_check_capture(input);
  fuzz_done(input);
  return 0;
}
