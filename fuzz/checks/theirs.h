/* theirs.h: libraries of the distribution that have codecs to be called, beside ours. Where they
 * differ for a reason, the check says which. */
#ifndef FUZZ_CHECKS_THEIRS_H
#define FUZZ_CHECKS_THEIRS_H

#include <string.h>

#include "core/types.h"

/* theirs_mosquitto.c: what libmosquitto shows of its codec. Its packets are read by no public
 * function. |type| is a packet type, 0 the will. */
void fuzz_check_mosquitto_text(law_bytes text);
void fuzz_check_mosquitto_topics(law_bytes filter, law_bytes topic);
void fuzz_check_mosquitto_property(uint8_t type, uint8_t id);

/* theirs_wslay.c: headers of WebSocket frames as wslay reads them. */
void fuzz_check_wslay(law_bytes frame);

#endif
