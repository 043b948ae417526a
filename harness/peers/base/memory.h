/* memory.h: allocation of the reference peers. They are test programs: when memory runs out they
 * say so and end, and no caller has to check. */
#ifndef LAW_PEERS_MEMORY_H
#define LAW_PEERS_MEMORY_H

#include "core/types.h"

/* Zeroed. */
void *law_alloc(size_t size);
void *law_resize(void *old, size_t size);
/* A copy of |len| bytes with a NUL behind them; never NULL. */
uint8_t *law_copy(const void *data, size_t len);
/* The same as a view; free |.data| by law_free_bytes. */
law_bytes law_copy_bytes(law_bytes bytes);
void law_free_bytes(law_bytes *bytes);

bool law_bytes_equal(law_bytes a, law_bytes b);
bool law_bytes_start(law_bytes text, const char *with);
law_bytes law_bytes_text(const char *text);

#endif
