/* facade.h: what Python sees of the codecs, beside net.h: one flat set of functions for all
 * protocols, over their tables. A new protocol adds no line here.
 *
 * A codec works on one message at a time. It owns all memory it gives out: bytes and text live
 * until the next call with the same codec. Not for use by several threads at once. */
#ifndef LAW_BINDING_FACADE_H
#define LAW_BINDING_FACADE_H

#include "core/dissect.h"
#include "core/edit.h"
#include "core/protocol.h"

typedef struct law_codec law_codec;

/* NULL when no protocol has the variant ("mqtt5"), or memory runs out. */
law_codec *law_codec_new(const char *variant);
void law_codec_free(law_codec *c);
const law_protocol *law_codec_protocol(const law_codec *c);
/* All variants of all protocols, by number; NULL past the last. */
const char *law_codec_variant(size_t i);

/* The tables as JSON: {"protocol", "variants", "types": [{"name", "code", "fields": [{"name",
 * "kind", "secret", "when", "names", "items", "tags"}]}]}. */
const char *law_codec_tables(law_codec *c);

/* ---- From names and values to bytes ---- */

/* Begins a message of the type |name|; false when there is none. */
bool law_codec_begin(law_codec *c, const char *name);
/* As in build.h: false when there is no such field, or it is of another kind. */
bool law_codec_number(law_codec *c, const char *name, uint64_t value);
bool law_codec_bytes(law_codec *c, const char *name, const uint8_t *data, size_t len);
bool law_codec_item(law_codec *c, const char *list, const char *tag);
bool law_codec_end_item(law_codec *c);
/* Encodes the message; it is then the loaded one. False when memory runs out. */
bool law_codec_encode(law_codec *c);

/* ---- The loaded message ---- */

/* Loads bytes as one message and maps its spans. False when memory runs out. */
bool law_codec_load(law_codec *c, const uint8_t *data, size_t len);
law_bytes law_codec_wire(const law_codec *c);
/* Its type; NULL when unassigned. */
const law_type *law_codec_type(const law_codec *c);
/* Strictly: what |from| says when it sends this first. |*out| is set unless LAW_OK. */
law_status law_codec_decode(law_codec *c, law_side from, law_violation *out);
/* The size of the first message in the loaded bytes, as law_protocol.frame gives it. */
law_status law_codec_frame(law_codec *c, size_t *out_len, law_violation *out);
/* As print.h has them; "" when the type is unassigned. */
const char *law_codec_json(law_codec *c);
const char *law_codec_json_spans(law_codec *c);
const char *law_codec_print(law_codec *c);
/* The span |path| names; the number of spans when there is none. */
size_t law_codec_find(const law_codec *c, const char *path);
size_t law_codec_num_spans(const law_codec *c);
/* The bytes of a span without its length prefix; secrets, too. */
law_bytes law_codec_value(const law_codec *c, size_t span);
/* Applies one edit to it; false when it makes no sense there or memory runs out. The spans stay
 * true. */
bool law_codec_edit(law_codec *c, law_edit_op op, size_t span, size_t other, uint64_t number,
                    const uint8_t *data, size_t len, bool keep_lengths);

#endif
