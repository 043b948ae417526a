/* table.h: handles of all that lives in a loop. A handle is used once only, so that a stale one
 * finds nothing. */
#ifndef LAW_NET_TABLE_H
#define LAW_NET_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/net.h"

typedef enum law_object_kind {
  LAW_OBJECT_SCOPE,
  LAW_OBJECT_CONN,
  LAW_OBJECT_LISTENER,
  LAW_OBJECT_TIMER,
  LAW_OBJECT_WATCH,
} law_object_kind;

/* The first member of every thing that has a handle. */
typedef struct law_object {
  law_object_kind kind;
  law_handle handle;
  void *user;
} law_object;

typedef struct law_table_page law_table_page;

typedef struct law_table {
  law_table_page **pages; /* those without a living object are NULL */
  size_t num_pages;
  law_handle next;
} law_table;

/* A zeroed law_table is empty. The objects stay the caller's. */
void law_table_free(law_table *t);

/* Sets |object->handle|. False: no memory, or no handles left. */
bool law_table_add(law_table *t, law_object *object);
/* NULL when there is none (any more). */
law_object *law_table_get(const law_table *t, law_handle handle);
void law_table_remove(law_table *t, law_handle handle);
/* The first object whose handle is |from| or more; NULL when there is none. */
law_object *law_table_first(const law_table *t, law_handle from);

/* A growing list of handles. */
typedef struct law_handles {
  law_handle *at;
  size_t num, cap;
} law_handles;

bool law_handles_add(law_handles *list, law_handle handle);

#endif
