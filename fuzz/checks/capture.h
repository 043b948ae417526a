/* capture.h: what must be true of the reader of captures, whatever the file holds. */
#ifndef FUZZ_CHECKS_CAPTURE_H
#define FUZZ_CHECKS_CAPTURE_H

#include "core/types.h"

/* Every flow opened is closed, every byte told was captured, frames are told in order, and what
 * was counted was told; the same with hardly any memory for what must wait. */
void fuzz_check_capture(law_bytes file);

#endif
