/* say.h: JSON lines on standard output, one object each, for the program that runs this one. */
#ifndef FUZZ_CAMPAIGN_SAY_H
#define FUZZ_CAMPAIGN_SAY_H

#include "core/types.h"

/* Begins a line with {"event": |event|; then members; then the end, which is flushed. */
void law_say_begin(const char *event);
void law_say_number(const char *name, uint64_t value);
/* NULL writes nothing. */
void law_say_text(const char *name, const char *value);
void law_say_hex(const char *name, law_bytes bytes);
void law_say_end(void);

#endif
