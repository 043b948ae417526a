/* edit_internal.h: what the files of the editor share. */
#ifndef LAW_CORE_EDIT_INTERNAL_H
#define LAW_CORE_EDIT_INTERNAL_H

#include "core/edit.h"

/* Replaces the bytes of span |i|, fixing nothing. SIZE_MAX: no room, and nothing was changed. */
size_t law_edit_replace(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                        size_t i, law_bytes with);

/* Is |i| an item of a list of OPTIONS? */
bool law_edit_is_option(const law_span *spans, size_t i);

/* After the value of option |item| has another length: writes its head again. */
size_t law_edit_fix_option(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                           size_t item);

/* The option after |item|, and its number; before |item| itself changes. */
typedef struct law_edit_follower {
  size_t span; /* 0: there is none */
  uint32_t number, before; /* |before|: the number of what stands before |item| */
} law_edit_follower;

law_edit_follower law_edit_follower_of(const law_span *spans, size_t num, law_bytes wire,
                                       size_t item);

/* After |item|, whose spans inside are gone, has other bytes: the option behind it gets its number
 * back, where a difference that is not negative can say it. */
size_t law_edit_fix_follower(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t num,
                             size_t item, const law_edit_follower *next);

/* After token |i| has another length: its nibble says that, if it needs no extension. */
void law_edit_fix_token(uint8_t *wire, const law_span *spans, size_t i);

#endif
