/* dissect.h: the tolerant twin of decoding: the span map of any bytes, malformed ones too. */
#ifndef LAW_CORE_DISSECT_H
#define LAW_CORE_DISSECT_H

#include "core/span.h"

/* Walks |type|'s fields over |wire| and writes up to |max| spans to |out|. |message| is scratch of
 * the protocol's message size, zeroed and then filled with what was read. Where the bytes run out
 * or make no sense, one LAW_KIND_UNPARSED span covers what is left, and the walk ends. Returns the
 * number of spans; never more than |max|. */
size_t law_dissect(const law_type *type, void *message, law_bytes wire, law_span *out, size_t max);

/* The faithful encoder: writes exactly what |message| says, legal or not, walking |type|. Lengths
 * are computed. Returns the encoded size; when it is more than |cap|, |out| holds nothing useful.
 * */
size_t law_encode(const law_type *type, void *message, uint8_t *out, size_t cap);

#endif
