/* mask.h: a password of the IUT's is sent, and never written: in files and in what is told, bytes
 * that say nothing stand in its place, as many, and are turned into it again. */
#ifndef FUZZ_CAMPAIGN_MASK_H
#define FUZZ_CAMPAIGN_MASK_H

#include "core/types.h"

/* Replaces each |password| in |bytes| by the mask. Passwords of fewer than four bytes are not told
 * from other text, and stay. NULL: nothing is done. */
void law_mask(uint8_t *bytes, size_t len, const char *password);
/* The other way. */
void law_unmask(uint8_t *bytes, size_t len, const char *password);

#endif
