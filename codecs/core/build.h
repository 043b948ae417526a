/* build.h: fills a message from names and values by its tables. */
#ifndef LAW_CORE_BUILD_H
#define LAW_CORE_BUILD_H

#include "core/span.h"
#include "core/writer.h"

enum { LAW_MAX_ITEM_FIELDS = 12 };

/* Builds one message at a time in the caller's memory. Strings, binaries and lists are copied to
 * |arena|, which must live as long as the message. */
typedef struct law_builder {
  const law_type *type;
  void *message;
  law_writer arena;
  const law_field *list; /* the list that items are being added to */
  const law_item *item;  /* the open item of a TAGGED list */
  bool open;             /* an item is open */
  uint64_t numbers[LAW_MAX_ITEM_FIELDS];
  law_bytes values[LAW_MAX_ITEM_FIELDS];
} law_builder;

/* |message| (of |message_size| bytes) is zeroed. Its type byte is the caller's to set. */
void law_builder_init(law_builder *b, const law_type *type, void *message, size_t message_size,
                      uint8_t *arena, size_t cap);

/* Sets the field |name| of the message, or of the open item, and the bits it implies. False when
 * there is no such field, it is of another kind, or the arena is full. A number for a bit field is
 * masked. */
bool law_build_number(law_builder *b, const char *name, uint64_t value);
bool law_build_bytes(law_builder *b, const char *name, law_bytes value);

/* Opens an item of the list |list|; |tag| names it in a list of TAGGED items or OPTIONS
 * ("session_expiry_interval", "uri_path"), else NULL. In such an item the value's field is named
 * "value", a pair has "key" and "value", an option that no table names "number" and "value". All
 * items of one list are added before anything else that takes memory; options in any order: they
 * are sorted. */
bool law_build_item(law_builder *b, const char *list, const char *tag);
bool law_build_end_item(law_builder *b);

#endif
