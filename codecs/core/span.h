/* span.h: constant descriptors of messages, and the span map of encoded bytes.
 *
 * A protocol's tables expand into law_type, law_field and law_item constants. Generic code written
 * once walks them: dissect, print, JSON, match, build, edit, mutate, dictionaries, names. */
#ifndef LAW_CORE_SPAN_H
#define LAW_CORE_SPAN_H

#include "core/cursor.h"

typedef enum law_kind {
  LAW_KIND_U8,
  LAW_KIND_U16,
  LAW_KIND_U32,
  LAW_KIND_VARINT,   /* MQTT variable byte integer; member is uint32_t */
  LAW_KIND_BITS,     /* |width| bits from |shift| of the byte last read; member is uint8_t */
  LAW_KIND_STRING,   /* u16 length, UTF-8 */
  LAW_KIND_BINARY,   /* u16 length, any bytes */
  LAW_KIND_PAIR,     /* two strings */
  LAW_KIND_REST,     /* all bytes left */
  LAW_KIND_TAGGED,   /* list with a varint length before it, each item a varint tag and a value */
  LAW_KIND_ITEMS,    /* list of all bytes left, each item the same fields */
  LAW_KIND_PACKET,   /* the whole message: parent of all its spans */
  LAW_KIND_ITEM,     /* one item of a list */
  LAW_KIND_LENGTH16, /* u16 that counts the bytes after it in its parent */
  LAW_KIND_LENGTH,   /* varint that counts the bytes after it in its parent */
  LAW_KIND_TAG,      /* an item's tag */
  LAW_KIND_VALUE,    /* the bytes that a length counts */
  LAW_KIND_UNPARSED, /* bytes after the point where the tolerant walk lost its way */
  LAW_KIND_TOKEN,    /* as many bytes as |width| bits from |shift| of the byte |implies_member| say,
                      * with their extension (core/options.h) */
  LAW_KIND_OPTIONS,  /* list of CoAP options: all bytes left, up to a payload marker */
  LAW_KIND_OPTION,   /* of law_item: an option that no table names, its number and its value */
  LAW_KIND_HEAD,     /* an option's delta and length */
  LAW_KIND_UINT,     /* integer of as many bytes as there are; in a list of OPTIONS */
  LAW_KIND_TEXT,     /* UTF-8 without a length of its own; in a list of OPTIONS */
} law_kind;

enum {
  LAW_FIELD_VOLATILE = 1, /* may differ between two runs that mean the same: identifiers, times */
  LAW_FIELD_SECRET = 2,   /* never printed, never written: passwords, authentication data */
  LAW_FIELD_TEXT = 4,     /* bytes best shown as text when they are printable */
  LAW_FIELD_CARRIER = 8,  /* the byte that bit fields are parts of; shown only through them */
  LAW_FIELD_QUIET = 16,   /* left out of the printed line while it is what the type's name says */
  LAW_FIELD_ANNOUNCED = 32, /* what its sender says of itself: limits, and what it offers */
  LAW_FIELD_CONSTANT = 64,  /* the protocol's own word, not its user's */
};

/* A name of one value of a field: reason codes, QoS, packet types. A table ends with a NULL name.
 * |scope| is a bit mask of type codes the name holds for (0: all). */
typedef struct law_name {
  uint32_t value;
  uint32_t scope;
  const char *name;
} law_name;

typedef struct law_field law_field;

/* One kind of item in a TAGGED list (an MQTT property), or in one of OPTIONS (a CoAP option; its
 * |min| and |max| are lengths). */
typedef struct law_item {
  uint32_t tag;
  const char *name;
  law_kind kind;
  uint32_t types;    /* bit mask of the type codes that may carry it */
  uint32_t min, max; /* allowed values of a number */
  bool repeatable;
  const law_field *field; /* how it appears in a span map */
} law_item;

struct law_field {
  const char *name;
  law_kind kind;
  uint8_t shift, width; /* LAW_KIND_BITS */
  uint8_t flags;        /* LAW_FIELD_... */
  uint16_t member; /* offsetof in the message: uint8_t, uint16_t, uint32_t, law_bytes, law_list */
  /* Whether the field is in this message; |left| bytes of it are left. NULL: always. */
  bool (*when)(void *message, size_t left);
  /* Setting this field also sets these bits of this byte (CONNECT's user name flag). */
  uint16_t implies_member;
  uint8_t implies_bits;
  const law_field *items; /* LAW_KIND_ITEMS: the fields of each item, offsets unused */
  size_t num_items;
  const law_item *tags; /* LAW_KIND_TAGGED, OPTIONS: the items; of OPTIONS, the last one stands for
                         * numbers that the others do not have */
  size_t num_tags;
  uint32_t tag_scope;    /* bit of this list in law_item.types */
  const law_name *names; /* names of values, or NULL */
};

/* One type of message. */
typedef struct law_type {
  const char *name; /* as the specification writes it: "CONNECT" */
  uint8_t code;
  const law_field *fields;
  size_t num_fields;
  uint32_t scope; /* which bits of law_name.scope and law_item.types mean it; 0: 1 << |code| */
} law_type;

LAW_INLINE uint32_t law_type_scope(const law_type *type) {
  return type->scope != 0 ? type->scope : UINT32_C(1) << type->code;
}

/* One field of an encoded message: where it is, and inside what. parent of the first is itself.
 * Children follow their parent in the array; siblings are in wire order. */
typedef struct law_span {
  const law_field *field;
  const law_item *item; /* for an item of a TAGGED list: which; else NULL */
  uint32_t at, len, parent;
} law_span;

enum { LAW_MAX_SPANS = 4096 };

/* The spans named |path| ("topic", "properties.session_expiry_interval", "filters[1].options",
 * "remaining_length", "topic.length", "properties[0]"). Returns the index, or |num| when there is
 * none. */
size_t law_span_find(const law_span *spans, size_t num, const char *path);

/* Writes the path of span |i| as text, always NUL-terminated; returns its length. */
size_t law_span_path(const law_span *spans, size_t num, size_t i, char *out, size_t cap);

/* The number a span holds (numbers, bits, lengths, tags); 0 for others. */
uint64_t law_span_number(const law_span *span, law_bytes wire);

/* The bytes a span holds without its length prefix. */
law_bytes law_span_value(const law_span *span, law_bytes wire);

/* The span of the value of item |i| of a list, a pair's first; |num| when it has none. */
size_t law_span_of_value(const law_span *spans, size_t num, size_t i);

/* The number of option |i|, an item of a list of OPTIONS. */
uint32_t law_span_option(const law_span *spans, size_t i, law_bytes wire);

/* True for kinds whose value is a number. */
bool law_kind_is_number(law_kind kind);

#endif
