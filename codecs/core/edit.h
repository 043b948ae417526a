/* edit.h: wrong shapes, which no struct can say, as edits of the span map of encoded bytes. Case
 * steps, vectors, mutators, the minimiser and the hex view of reports share them. */
#ifndef LAW_CORE_EDIT_H
#define LAW_CORE_EDIT_H

#include "core/span.h"

/* Replaces the bytes of span |i| by |with| in |wire|, and keeps |spans| true: what comes later
 * moves, ancestors grow or shrink, the descendants of |i| are dropped. With |fix_lengths| every
 * length field that counts the span is rewritten, from the inside out. Returns the new length, or
 * SIZE_MAX when it would not fit into |cap| (nothing is changed then). */
size_t law_splice(uint8_t *wire, size_t len, size_t cap, law_span *spans, size_t *num, size_t i,
                  law_bytes with, bool fix_lengths);

typedef enum law_edit_op {
  LAW_EDIT_SET,  /* value bytes of the span := with (a number's bytes; a string's without length) */
  LAW_EDIT_RAW,  /* all bytes of the span, its length prefix too, := with */
  LAW_EDIT_DROP, /* the span is left out */
  LAW_EDIT_DUPLICATE, /* the span stands twice */
  LAW_EDIT_SWAP,      /* the span and |other| change places */
  LAW_EDIT_RESIZE,    /* the value is cut or padded with zeros to |number| bytes */
  LAW_EDIT_FORCE, /* a number or length field := number, nothing else changes (no length repaired) */
  LAW_EDIT_VARINT,   /* a varint is written again in |number| bytes, longer than needed */
  LAW_EDIT_INSERT,   /* |with| is put after the span */
  LAW_EDIT_TRUNCATE, /* the message ends after |number| bytes of the span; lengths stay */
} law_edit_op;

typedef struct law_edit {
  law_edit_op op;
  size_t span;  /* index into the span map */
  size_t other; /* LAW_EDIT_SWAP */
  uint64_t number;
  law_bytes with;
  bool keep_lengths; /* do not repair the lengths that count the span */
} law_edit;

/* Applies one edit. Returns the new length, or SIZE_MAX when it does not fit or makes no sense for
 * that span (nothing is changed then). */
size_t law_edit_apply(const law_edit *edit, uint8_t *wire, size_t len, size_t cap, law_span *spans,
                      size_t *num);

#endif
