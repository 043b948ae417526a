/* options.h: CoAP's options as bytes, RFC 7252 section 3.1: each has the difference to the number
 * of the one before, the length of its value, and the value. They end with the bytes, or at a
 * payload marker. The same nibbles with their extensions also say how long a token is (RFC 8974). */
#ifndef LAW_CORE_OPTIONS_H
#define LAW_CORE_OPTIONS_H

#include "core/cursor.h"
#include "core/writer.h"

enum {
  LAW_OPTION_MARKER = 0xff,    /* ends the options, begins the payload */
  LAW_MAX_OPTION_HEAD = 5,     /* bytes of delta and length */
  LAW_MAX_NIBBLE = 269 + 0xffff, /* the highest value of a nibble with its extension */
};

/* What is wrong with an option's first bytes. */
typedef enum law_option_fault {
  LAW_OPTION_OK,
  LAW_OPTION_DELTA_15,
  LAW_OPTION_LENGTH_15,
  LAW_OPTION_NO_EXTENSION, /* the bytes end inside the extended delta or length */
} law_option_fault;

/* An option's first bytes: the byte of both nibbles, and their extensions. */
typedef struct law_option_head {
  uint32_t delta, value_len;
  uint32_t size; /* bytes; of NO_EXTENSION: where the missing one should be */
} law_option_head;

/* How many bytes extend a nibble: 0 to 2; 15 extends nothing. */
LAW_INLINE uint32_t law_nibble_more(uint32_t nibble) {
  return nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
}

/* The value of a nibble and of its extension at |more|, which must be there. */
LAW_INLINE uint32_t law_nibble_value(uint32_t nibble, const uint8_t *more) {
  return nibble < 13 ? nibble : nibble == 13 ? 13u + more[0] : 269u + law_load_u16(more);
}

/* Which nibble says |value|. */
LAW_INLINE uint32_t law_nibble_of(uint32_t value) { return value < 13 ? value : value < 269 ? 13 : 14; }

/* Reads the head of an option, whose first byte is in |in| and no payload marker. The value need
 * not be there. */
LAW_INLINE law_option_fault law_option_head_read(law_bytes in, law_option_head *out) {
  uint32_t delta = in.data[0] >> 4, len = in.data[0] & 15u;
  if (LAW_LIKELY(delta < 13 && len < 13)) {
    *out = (law_option_head){delta, len, 1};
    return LAW_OPTION_OK;
  }
  uint32_t more = law_nibble_more(delta), size = 1 + more + law_nibble_more(len);
  if (delta == 15 || len == 15) {
    out->size = 1;
    return delta == 15 ? LAW_OPTION_DELTA_15 : LAW_OPTION_LENGTH_15;
  }
  if (in.len < size) {
    out->size = (uint32_t)in.len;
    return LAW_OPTION_NO_EXTENSION;
  }
  out->delta = law_nibble_value(delta, in.data + 1);
  out->value_len = law_nibble_value(len, in.data + 1 + more);
  out->size = size;
  return LAW_OPTION_OK;
}

/* Writes the shortest head; returns its size. Values over LAW_MAX_NIBBLE are written modulo 65,536
 * beyond 269. */
uint32_t law_option_head_write(uint8_t out[LAW_MAX_OPTION_HEAD], uint32_t delta, uint32_t value_len);

/* Writes what extends the nibble of |value|: nothing, one byte, or two. */
void law_write_nibble_more(law_writer *w, uint32_t value);

typedef struct law_option {
  uint32_t number;
  law_bytes value;
} law_option;

/* Walks the options of a validated list: `law_options it = law_options_of(m->options); while
 * (law_next_option(&it, &option))`. */
typedef struct law_options {
  law_bytes left;
  uint32_t number;
} law_options;

LAW_INLINE law_options law_options_of(law_list list) {
  law_options it = {law_bytes_of(list.data, list.len), 0};
  return it;
}

bool law_next_option(law_options *it, law_option *out);

/* Adds an option to |list|, behind those of its own and of lower numbers; the one after it is
 * written again. The list's bytes are the last ones of |w|; |value| lies elsewhere. When there is no
 * room |w| says so, and the list is as before. */
void law_options_add(law_writer *w, law_list *list, uint32_t number, law_bytes value);

#endif
